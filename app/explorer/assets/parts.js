// What all views share: elements without innerHTML, requests, words, small drawings, and how a judgement is shown.

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(2).filter((child) => child || child === 0));
  return element;
}

/** An HTML element; strings among the children become text, never markup. */
export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

/** An SVG element. */
export const s = (tag, attributes, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

export const percent = (value) => (value === null ? "not read" : `${Math.round(value * 100)} %`);
export const listed = (words) => new Intl.ListFormat("en", { type: "conjunction" }).format(words);
export const title = (slug) => slug[0].toUpperCase() + slug.slice(1).replaceAll("-", " ");

const VERDICTS = {
  leadership: ["It calls for leadership", "It may call for leadership"],
  management: ["It calls for management", "It may call for management"],
  both: ["It calls for both", "It may call for both"],
  insufficient: ["Too little to tell", "Perhaps too little to tell"],
};
const STATUSES = {
  judged: "Judged",
  uncertain: "Uncertain: the two best verdicts are too close to tell apart",
  unreadable: "Unreadable: the model cannot read this language or content",
};

/** The verdict as a sentence, weaker where it is uncertain. */
export function verdictWords({ status, verdict }) {
  if (status === "unreadable") return "It cannot be read";
  return VERDICTS[verdict]?.[status === "uncertain" ? 1 : 0] ?? title(verdict);
}

/** A refusal in words for the reader; `again` says whether trying again can help, `status` is that of HTTP. */
export class Refusal extends Error {
  constructor(message, again, { id, status } = {}) {
    super(message);
    Object.assign(this, { again, id, status });
  }
}

const pause = (seconds, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal?.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });

const PATIENCE = 60; // seconds that a service may ask to be left alone for
let key = ""; // the API key: in this page's memory only, never in storage, in an address or in what is copied
let asking = null;

export const hasKey = () => Boolean(key);

/** Ask the reader for an API key, once however many requests wait for it; rejects when the reader would rather not. */
function askForKey(problem) {
  asking ??= new Promise((resolve, reject) => {
    const field = h("input", { id: "api-key", type: "password", autocomplete: "off", spellcheck: "false", required: true, pattern: "\\s*[!-~]+\\s*" });
    const give = (event) => {
      event.preventDefault();
      key = field.value.trim();
      dialog.close();
    };
    const done = () => {
      dialog.remove();
      if (key) resolve();
      else reject(problem);
    };
    const form = h(
      "form",
      { onsubmit: give },
      h("h2", { id: "api-key-title" }, "This service asks for a key"),
      h("p", {}, problem.message),
      h("label", { for: field.id }, "API key"),
      field,
      h("p", { class: "small" }, "It stays in the memory of this page and is gone when you leave or reload it."),
      h("ul", { class: "plain actions" }, h("li", {}, h("button", { class: "main" }, "Use this key")), h("li", {}, h("button", { type: "button", onclick: () => dialog.close() }, "Cancel"))),
    );
    const dialog = h("dialog", { "aria-labelledby": "api-key-title", onclose: done }, form);
    document.body.append(dialog);
    dialog.showModal();
  }).finally(() => (asking = null));
  return asking;
}

/** Ask the API; a service that is busy, or has been asked too often, is asked again twice, after as long as it says, up to a
 *  minute. Throws Refusal, or AbortError when `signal` says so. */
export async function ask(path, body, signal) {
  const post = { method: "POST", body: JSON.stringify(body) };
  for (let attempt = 1; ; attempt++) {
    const shown = key;
    const headers = { ...(body && { "content-type": "application/json" }), ...(shown && { "x-api-key": shown }) };
    try {
      const response = await fetch(path, { ...(body && post), headers, signal });
      if (response.ok) return await response.json();
      if (response.status === 401) {
        const problem = await refusal(response);
        if (shown === key) key = ""; // another request may have been given a better one meanwhile
        if (!key) await askForKey(problem);
        attempt--;
        continue;
      }
      const wait = Number(response.headers.get("retry-after")) || 1;
      if (![429, 503].includes(response.status) || attempt === 3 || wait > PATIENCE) throw await refusal(response);
      await pause(wait, signal);
    } catch (error) {
      if (error instanceof Refusal || signal?.aborted) throw error;
      const why = navigator.onLine ? "The service does not answer." : "This device is offline.";
      throw new Refusal(`${why} Your text is still here; try again in a moment.`, true);
    }
  }
}

async function refusal(response) {
  const problem = await response.json().catch(() => ({}));
  const detail = problem.detail || `The service answered with the status ${response.status}.`;
  if (response.status === 403) key = ""; // with another key it may work: the next attempt asks for one
  const again = response.status >= 500 || [401, 403, 429].includes(response.status);
  return new Refusal(detail, again, { id: problem.request_id, status: response.status });
}

/** A refusal as a note with a way out. */
export function apology(error, retry) {
  return h(
    "div",
    { class: "note trouble" },
    h("p", {}, h("strong", {}, "That did not work. "), error.message),
    error.id && h("p", { class: "small" }, "Request ", h("code", {}, error.id)),
    error.again && h("p", {}, h("button", { type: "button", onclick: retry }, "Try again")),
  );
}

let known;

/** The whole catalogue, fetched once. */
export function catalogue() {
  known ??= ask("v1/catalogue").catch((error) => ((known = undefined), Promise.reject(error)));
  return known;
}

/** The fragment that opens a view with these texts; a fragment is never sent to a server. */
export const fragment = (view, texts = {}) => `#${new URLSearchParams({ view, ...texts })}`;

/** Say it on the page and to a screen reader. */
export function announce(message) {
  const place = document.getElementById("announce");
  place.textContent = message;
  clearTimeout(announce.timer);
  announce.timer = setTimeout(() => (place.textContent = ""), 6000);
}

/** Copy to the clipboard, or show it for copying by hand where the browser does not allow that. */
export async function copy(text, what, note = "") {
  try {
    await navigator.clipboard.writeText(text);
    announce(`${what} copied. ${note}`);
  } catch {
    const area = h("textarea", { readonly: true, rows: "8", "aria-label": what }, text);
    const close = h("button", { type: "button", onclick: () => dialog.close() }, "Close");
    const heading = h("h2", {}, "Copy it by hand");
    const dialog = h("dialog", { "aria-label": what, onclose: () => dialog.remove() }, heading, area, close);
    document.body.append(dialog);
    dialog.showModal();
    area.select();
  }
}

/** Put a link to this state into the address bar and the clipboard. */
export function share(view, texts) {
  const link = location.href.split("#")[0] + fragment(view, texts);
  history.replaceState(null, "", link);
  return copy(link, "Link", "It holds the text after its # sign, which a browser sends to no server.");
}

/** A bar from 0 to 1: filled where present, hollow where not; a trait's has a line from where on it counts as present, one
 *  of a demand is marked in the middle. */
export function bar(value, { side = "", present = true, present_from: limit } = {}) {
  const width = Math.max(0, Math.min(1, value ?? 0)) * 200;
  const line = (share, name) => s("path", { class: name, d: `M${share * 200} 0V10` });
  return s(
    "svg",
    { class: `bar ${side} ${present ? "full" : "hollow"}`, viewBox: "0 0 200 10", preserveAspectRatio: "none" },
    s("rect", { class: "rail", width: "200", height: "10" }),
    s("rect", { class: "value", width, height: "10" }),
    limit === undefined ? line(0.5, "middle") : limit !== null && [line(limit, "limit edge"), line(limit, "limit")],
  );
}

/** Demand on two axes: each point has `leadership`, `management` and perhaps a `mark`. */
export function plane(points, label) {
  const at = (point) => [14 + point.management * 100, 104 - point.leadership * 100];
  const word = (x, y, anchor, text) => s("text", { x, y, "text-anchor": anchor }, text);
  const dots = points.map((point) => {
    const [x, y] = at(point);
    if (!point.mark) return s("circle", { class: "dot", cx: x, cy: y, r: points.length > 1 ? 2.4 : 4 });
    return s("g", { class: "marked" }, s("circle", { cx: x, cy: y, r: 6 }), word(x, y + 2.6, "middle", point.mark));
  });
  return s(
    "svg",
    { class: "plane", viewBox: "0 0 120 118", role: "img", "aria-label": label },
    s("rect", { class: "field", x: 14, y: 4, width: 100, height: 100 }),
    s("path", { class: "cross", d: "M64 4V104M14 54H114" }),
    word(39, 31, "middle", "leadership"),
    word(89, 31, "middle", "both"),
    word(39, 81, "middle", "neither"),
    word(89, 81, "middle", "management"),
    word(64, 113, "middle", "management →"),
    s("text", { x: -54, y: 10, "text-anchor": "middle", transform: "rotate(-90)" }, "leadership →"),
    dots,
  );
}

const quotes = (trait, polarity) => (trait.evidence ?? []).filter((quote) => quote.polarity === polarity);
const spoken = (found) => found.map((quote) => `“${quote.quote}”`).join(", ");

function evidenceWords(trait) {
  const [pro, contra] = [quotes(trait, "supports"), quotes(trait, "counters")];
  const parts = [pro.length && `for: ${spoken(pro)}`, contra.length && `against: ${spoken(contra)}`].filter(Boolean);
  return parts.join("; ") || "no single words stand out";
}

/** The text cut at every edge of a quote; each piece knows the traits it speaks for and against. */
function pieces(text, traits) {
  const found = traits.flatMap((trait) => (trait.evidence ?? []).map((quote) => ({ ...quote, trait })));
  const edges = [...new Set([0, text.length, ...found.flatMap((quote) => [quote.start, quote.end])])];
  edges.sort((a, b) => a - b);
  return edges.slice(1).map((end, i) => {
    const start = edges[i];
    return { words: text.slice(start, end), covers: found.filter((quote) => quote.start <= start && quote.end >= end) };
  });
}

/** The text with its evidence, and the traits as buttons that light up their words on hover, focus and press. */
function evidenceView(text, answer, name) {
  const traits = [...answer.criteria, ...answer.factors];
  const marks = [];
  const body = pieces(text, traits).map(({ words, covers }) => {
    if (!covers.length) return words;
    const sides = new Set(
      covers.filter((q) => q.polarity === "supports" && q.trait.present && q.trait.side).map((q) => q.trait.side),
    );
    const mark = h("mark", { class: [...sides].join(" ") }, words);
    marks.push({ mark, covers });
    return mark;
  });
  const resting = "Shaded words speak for a criterion that is present (✓): one whose bar reaches its line. Point at a criterion, or move to it with Tab, to see its own words; words against it are struck through.";
  const caption = h("figcaption", {}, resting);
  const figure = h("figure", { class: "told" }, h("blockquote", {}, body), caption);
  let pinned = null;
  const from = (trait) => (trait.present_from == null ? "" : `, present from ${percent(trait.present_from)}`);
  const light = (trait) => {
    for (const { mark, covers } of marks) {
      const own = trait ? covers.filter((quote) => quote.trait === trait) : [];
      mark.classList.toggle("for", own.some((quote) => quote.polarity === "supports"));
      mark.classList.toggle("against", own.some((quote) => quote.polarity === "counters"));
    }
    figure.classList.toggle("lit", Boolean(trait));
    figure.dataset.side = trait?.side ?? "";
    caption.textContent = trait ? `${title(trait.slug)}${from(trait)}: ${evidenceWords(trait)}` : resting;
  };
  const buttons = new Map();
  const entry = (trait) => {
    const id = `${name}-${trait.slug}`;
    const press = () => {
      pinned = pinned === trait ? null : trait;
      for (const [other, button] of buttons) button.setAttribute("aria-pressed", String(other === pinned));
      light(trait);
    };
    const rest = () => light(pinned);
    const show = () => light(trait);
    const button = h(
      "button",
      {
        type: "button", class: `trait ${trait.present ? "present" : ""}`, "data-slug": trait.slug, "aria-pressed": "false",
        "aria-describedby": id, onclick: press, onfocus: show, onblur: rest, onmouseenter: show, onmouseleave: rest,
      },
      h("span", { class: "name" }, title(trait.slug), h("span", { class: "hidden" }, trait.present ? " present " : " absent ")),
      h("span", { class: "figure" }, percent(trait.probability), h("span", { class: "hidden" }, from(trait))),
      bar(trait.probability, trait),
    );
    buttons.set(trait, button);
    return h("li", {}, button, h("p", { class: "quotes", id }, evidenceWords(trait)));
  };
  const column = (heading, chosen, side) =>
    h("div", { class: `column ${side}` }, h("h3", {}, heading), h("ul", { class: "plain" }, chosen.map(entry)));
  const of = (side) => answer.criteria.filter((trait) => trait.side === side);
  return h(
    "div",
    { class: "evidence" },
    h("div", { class: "words" }, h("h3", {}, "Your words"), figure),
    h(
      "div",
      { class: "traits" },
      column("Speaks for leadership", of("leadership"), "leadership"),
      column("Speaks for management", of("management"), "management"),
      column("Helps to choose a style", answer.factors, "factors"),
    ),
  );
}

function gauge(side, value) {
  return h(
    "div",
    { class: `gauge ${side}` },
    h("p", {}, h("span", {}, `Calls for ${side}`), h("b", {}, percent(value))),
    h(
      "div",
      {
        role: "meter", "aria-label": `Probability that it calls for ${side}`, "aria-valuemin": "0", "aria-valuemax": "100",
        "aria-valuenow": Math.round(value * 100), "aria-valuetext": percent(value),
      },
      bar(value, { side }),
    ),
  );
}

function confidenceWords(confidence) {
  if (!confidence) return "No confidence is given, because nothing was judged.";
  const { band, accuracy, n, population } = confidence;
  const right = `${percent(accuracy).replace(" ", "\u00a0")} were judged right (${population}).`;
  if (band === "uncertain") return `Uncertain: of the ${n} test situations whose two best verdicts were as close, ${right}`;
  return `${title(band)} confidence: of the ${n} test situations judged about as surely, ${right}`;
}

function head(answer) {
  const shares = Object.entries(answer.probabilities).map(([verdict, value]) =>
    h("div", {}, h("dt", {}, verdict === "insufficient" ? "too little" : verdict), h("dd", {}, percent(value))),
  );
  const demand = `Leadership ${percent(answer.demand.leadership)}, management ${percent(answer.demand.management)}`;
  return h(
    "div",
    { class: "head" },
    h(
      "div",
      { class: "verdict" },
      h("p", { class: `status-word ${answer.status}` }, STATUSES[answer.status] ?? title(answer.status)),
      h("h2", {}, verdictWords(answer), " ", h("small", {}, percent(answer.probabilities[answer.verdict]))),
      answer.explanation && h("p", { class: "explanation" }, answer.explanation),
      h("dl", { class: "shares", "aria-label": "Probability of each verdict" }, shares),
      h("p", { class: "small" }, confidenceWords(answer.confidence)),
    ),
    h(
      "div",
      { class: "demand" },
      h("div", { class: "gauges" }, gauge("leadership", answer.demand.leadership), gauge("management", answer.demand.management)),
      plane([answer.demand], `Demand on two axes. ${demand}.`),
    ),
  );
}

function advice(answer) {
  const groups = { leadership_styles: "Styles of leading", management_styles: "Styles of managing", programs: "Programs" };
  const lists = Object.entries(groups).map(([key, heading]) => {
    const fits = answer.recommendations?.[key] ?? [];
    const items = fits.map((fit) =>
      h(
        "li",
        { "data-slug": fit.slug },
        h("p", {}, h("a", { href: fragment("catalogue", { item: fit.slug }) }, fit.name), " ", h("span", { class: "figure" }, percent(fit.score))),
        h("p", { class: "because" }, `Because of ${listed(fit.because)}.`),
      ),
    );
    return h("div", {}, h("h3", {}, heading), items.length ? h("ol", { class: "plain fits" }, items) : h("p", { class: "small" }, "None: the text gives no evidence for one."));
  });
  const section = h("div", { class: "advice" }, lists);
  catalogue().then(
    ({ styles, programs }) => {
      const whys = new Map([...styles, ...programs].map((item) => [item.slug, [...item.criteria, ...(item.factors ?? [])]]));
      for (const item of section.querySelectorAll("li")) {
        const fit = Object.values(answer.recommendations).flat().find(({ slug }) => slug === item.dataset.slug);
        const reasons = (whys.get(fit.slug) ?? []).filter((link) => fit.because.includes(link.slug) && link.fit !== "against");
        if (reasons.length)
          item.lastElementChild.replaceChildren(...reasons.flatMap((link) => [h("b", {}, link.name), ` ${link.why} `]));
      }
    },
    () => {},
  );
  return section;
}

/** A whole judgement. `reply(question)` puts a question into the box; without it questions are only read. */
export function judgement(text, answer, name, reply) {
  const { input, versions } = answer;
  const questions = answer.missing.map((hint) =>
    h("li", {}, h("button", { type: "button", class: "question", onclick: () => reply(hint.ask) }, hint.ask)),
  );
  return [
    head(answer),
    answer.warnings.length && h("ul", { class: "plain note" }, answer.warnings.map((warning) => h("li", {}, warning.detail))),
    evidenceView(text, answer, name),
    questions.length && h("div", { class: "missing" }, h("h3", {}, "What would help to tell"), h("p", { class: "small" }, "Choose a question to answer it in your text."), h("ul", { class: "plain" }, questions)),
    advice(answer),
    h("p", { class: "small meta" }, `Model ${versions.model}, catalogue ${versions.catalogue}; ${input.words} words, ${input.characters} characters, language ${input.language}.`),
  ].filter(Boolean);
}
