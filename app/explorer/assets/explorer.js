// The views: judge one situation, compare two; the table and the catalogue are fetched when they are opened.

import { announce, apology, ask, copy, fragment, h, hasKey, judgement, listed, percent, plane, share, title, verdictWords } from "./parts.js";

const PAUSE = 400; // ms without a key before the text is judged
const SLOW = 4000; // ms after which the wait is explained
const EXAMPLES = {
  "Two studios, one name":
    "Two design studios become one in May. Both founders have left, the best people wonder whether to follow them, and nobody has said yet what the new house will stand for.",
  "Vans before five":
    "Every night 46 vans leave the depot before five. Each load is scanned, weighed and sealed by the same checklist, and last month the overtime cost more than the fuel.",
  "New software on the ward":
    "The hospital moves 1,200 staff to new record software over one weekend, hour by hour along the vendor's cut-over plan. Half of the nurses dread it, and the last attempt ended in shouting.",
  "The sensor drifts":
    "Our sensor drifts and nobody knows why. The physicists blame the firmware, the firmware team blames the coating, and they no longer eat lunch together. We need an idea that none of us has had yet.",
  "Hardly a word": "It is all a bit much at the office these days.",
};

/** A box to write in and the judgement of what it holds. `told(desk)` is called after each judgement. */
function desk(name, label, told = () => {}) {
  const box = h("textarea", { id: `${name}-text`, rows: "6", autocomplete: "off" });
  const status = h("p", { id: `${name}-status`, class: "status", role: "status" });
  const result = h("div", { id: `${name}-result`, class: "result", "aria-busy": "false" });
  const self = { box, result, answer: null, text: "", set, reply };
  let [timer, flight, asked] = [undefined, null, ""];

  function set(text) {
    box.value = text;
    judge();
  }

  function reply(question) {
    box.value = `${box.value.trimEnd()}\n\n${question} `;
    box.focus();
    box.setSelectionRange(box.value.length, box.value.length);
    box.scrollTop = box.scrollHeight;
    announce("The question stands at the end of your text. Write the answer after it.");
  }

  function show(answer, text, ...content) {
    Object.assign(self, { answer, text });
    result.replaceChildren(...content);
    told(self);
  }

  async function judge() {
    clearTimeout(timer);
    flight?.abort();
    const text = box.value;
    asked = text;
    if (!text.trim()) {
      status.textContent = "";
      result.setAttribute("aria-busy", "false");
      return show(null, "");
    }
    const own = (flight = new AbortController());
    result.setAttribute("aria-busy", "true");
    status.textContent = "Reading …";
    const slow = setTimeout(() => (status.textContent = "Still reading. A long text or a busy machine takes a while …"), SLOW);
    try {
      const answer = await ask("v1/score", { text, options: { offset_unit: "utf16" } }, own.signal);
      show(answer, text, ...judgement(text, answer, name, reply));
      status.textContent = `${verdictWords(answer)}, ${percent(answer.probabilities[answer.verdict])}. Status: ${answer.status}.`;
    } catch (error) {
      if (own.signal.aborted) return;
      show(null, "", apology(error, judge));
      status.textContent = error.message;
      if (error.again) addEventListener("online", () => own === flight && judge(), { once: true });
    } finally {
      clearTimeout(slow);
      if (own === flight) result.setAttribute("aria-busy", "false");
    }
  }

  box.addEventListener("input", () => {
    clearTimeout(timer);
    if (box.value !== asked) timer = setTimeout(judge, PAUSE);
  });
  self.writing = h("div", { class: "writing" }, h("label", { for: box.id }, label), box, status);
  return self;
}

function examples(put) {
  const chips = Object.entries(EXAMPLES).map(([name, text]) =>
    h("li", {}, h("button", { type: "button", class: "chip", onclick: () => put(text) }, name)),
  );
  return h("div", { class: "examples" }, h("p", { id: "examples-title" }, "Or try one of these"), h("ul", { class: "plain chips", "aria-labelledby": "examples-title" }, chips));
}

const action = (label, onclick) => h("li", {}, h("button", { type: "button", onclick }, label));

const address = () => new URL("v1/score", location.href.split("#")[0]).href;

function curl(text) {
  const body = JSON.stringify({ text }).replaceAll("'", "'\\''");
  const access = hasKey() ? ' -H "x-api-key: $LOM_KEY"' : "";
  return `curl -s '${address()}' -H 'content-type: application/json'${access} \\\n  --data-raw '${body}'\n`;
}

function python(text) {
  const [first, access] = hasKey() ? ["import os\n\n", '    headers={"X-API-Key": os.environ["LOM_KEY"]},\n'] : ["", ""];
  return `${first}import httpx\n\nanswer = httpx.post(\n    ${JSON.stringify(address())},\n    json={"text": ${JSON.stringify(text)}},\n${access}    timeout=30,\n)\nanswer.raise_for_status()\nprint(answer.json()["verdict"])\n`;
}

function judgeView(section) {
  const actions = h("ul", { class: "plain actions", hidden: true });
  const own = desk("judge", "The situation", (self) => (actions.hidden = !self.answer));
  own.box.placeholder = "What is going on, what has to be done, and who is involved?";
  actions.append(
    action("Copy link", () => share("judge", { text: own.text })),
    action("Copy as curl", () => copy(curl(own.text), "curl command")),
    action("Copy as Python", () => copy(python(own.text), "Python program")),
    action("Print", () => print()),
    action("Compare with another", () => {
      views.compare.a.set(own.text);
      location.hash = fragment("compare");
      views.compare.b.box.focus();
    }),
  );
  section.append(h("div", { class: "asking" }, own.writing, examples(own.set)), actions, own.result);
  return { open: (given) => given.has("text") && given.get("text") !== own.box.value && own.set(given.get("text")) };
}

/** In words: what one situation shows and the other does not. */
function contrast(a, b) {
  const present = (answer) => answer.criteria.filter((trait) => trait.present).map((trait) => trait.slug);
  const [inA, inB] = [present(a), present(b)];
  const rows = {
    "In both": inA.filter((slug) => inB.includes(slug)),
    "Only in A": inA.filter((slug) => !inB.includes(slug)),
    "Only in B": inB.filter((slug) => !inA.includes(slug)),
  };
  const entries = Object.entries(rows).map(([name, slugs]) => [h("dt", {}, name), h("dd", {}, slugs.length ? listed(slugs.map(title)) : "no criterion")]);
  const lines = [["A", a], ["B", b]].map(([mark, answer]) =>
    h("p", {}, h("b", {}, `${mark} `), `${verdictWords(answer)}, ${percent(answer.probabilities[answer.verdict])}.`),
  );
  const points = [{ ...a.demand, mark: "A" }, { ...b.demand, mark: "B" }];
  const say = (mark, { demand }) => `${mark}: leadership ${percent(demand.leadership)}, management ${percent(demand.management)}`;
  return [
    h("div", {}, h("h2", {}, a.verdict === b.verdict ? "The same verdict" : "Two verdicts"), lines, h("dl", { class: "sets" }, entries)),
    plane(points, `Demand on two axes. ${say("A", a)}. ${say("B", b)}.`),
  ];
}

function compareView(section) {
  const both = h("div", { class: "contrast", hidden: true });
  const told = () => {
    const ready = a.answer && b.answer;
    both.hidden = !ready;
    both.replaceChildren(...(ready ? contrast(a.answer, b.answer) : []));
  };
  const [a, b] = [desk("compare-a", "Situation A", told), desk("compare-b", "Situation B", told)];
  const texts = Object.values(EXAMPLES);
  const fillIn = (first, second) => () => (a.set(texts[first]), b.set(texts[second]));
  const actions = h(
    "ul",
    { class: "plain actions" },
    action("Try two examples", fillIn(0, 1)),
    action("Swap", () => {
      const text = a.box.value;
      a.set(b.box.value);
      b.set(text);
    }),
    action("Copy link", () => share("compare", { a: a.box.value, b: b.box.value })),
    action("Print", () => print()),
  );
  const half = (own, mark) => h("div", { class: "half", role: "group", "aria-label": `Situation ${mark}` }, own.writing, own.result);
  section.append(actions, both, h("div", { class: "halves" }, half(a, "A"), half(b, "B")));
  return {
    a,
    b,
    open(given) {
      if (given.has("a") && given.get("a") !== a.box.value) a.set(given.get("a"));
      if (given.has("b") && given.get("b") !== b.box.value) b.set(given.get("b"));
    },
  };
}

/** A view whose program comes when it is first opened. */
function later(load) {
  return (section) => {
    let loaded;
    const open = async (given) => {
      try {
        loaded ??= load().then((module) => module.view(section));
        (await loaded).open(given);
      } catch {
        loaded = undefined;
        const note = apology({ message: "This view could not be fetched. Try again in a moment.", again: true }, () => (note.remove(), open(given)));
        section.append(note);
      }
    };
    return { open };
  };
}

const build = {
  judge: judgeView,
  compare: compareView,
  table: later(() => import("./table.js")),
  catalogue: later(() => import("./catalogue.js")),
};
const views = Object.fromEntries(Object.entries(build).map(([name, make]) => [name, make(document.getElementById(name))]));
let shown = "judge";

function route() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (location.hash && !given.has("view")) return; // the skip link
  const view = views[given.get("view")] ? given.get("view") : "judge";
  for (const name of Object.keys(views)) document.getElementById(name).hidden = name !== view;
  for (const link of document.querySelectorAll("nav [data-view]")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const heading = document.querySelector(`#${view} h1`);
  document.title = `${view === "judge" ? "Judge a situation" : heading.textContent} · Lead or Manage`;
  if (view !== shown) {
    scrollTo(0, 0);
    heading.focus({ preventScroll: true });
  }
  shown = view;
  views[view].open(given);
}

addEventListener("hashchange", route);
route();
