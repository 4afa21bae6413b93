// Many situations at once: read from cells or a file, asked for in chunks, shown as a table that sorts, and given as CSV.

import { chunks, judgeChunk } from "./batch.js";
import { csv, download } from "./export.js";
import { announce, apology, bar, fragment, h, percent, plane, share, title } from "./parts.js";
import { source } from "./source.js";

const SHOWN = 200; // rows of the table that are drawn before the reader asks for all
const DOTS = 2_000; // answers of which each is a dot of its own
const LINK = 20_000; // characters that a link may hold
const COLUMNS = [
  { key: "row", name: "Row", of: (row) => row.row, shown: (row) => h("td", { class: "number" }, String(row.row)) },
  { key: "id", name: "Id", of: (row) => row.id || undefined, words: true, optional: true },
  { key: "group", name: "Group", of: (row) => row.group || undefined, words: true, optional: true },
  { key: "text", name: "Situation", of: (row) => row.text, words: true, shown: situation },
  { key: "verdict", name: "Verdict", of: (row) => row.answer?.verdict, words: true, shown: (row) => h("td", {}, verdict(row)) },
  { key: "probability", name: "Probability", of: (row) => row.answer?.probabilities[row.answer.verdict], share: true },
  { key: "status", name: "Status", of: (row) => (row.error ? "error" : row.answer?.status), words: true, shown: (row) => h("td", {}, row.error ? "error" : (row.answer?.status ?? "waiting")) },
  { key: "leadership", name: "Leadership", of: (row) => row.answer?.demand.leadership, share: true },
  { key: "management", name: "Management", of: (row) => row.answer?.demand.management, share: true },
  { key: "criteria", name: "Criteria present", of: (row) => (row.answer ? present(row).join(", ") : undefined), words: true },
];
const collator = new Intl.Collator("en", { numeric: true });

const present = (row) => row.answer.criteria.filter((trait) => trait.present).map((trait) => trait.slug);
const verdict = ({ answer }) => (answer?.verdict === "insufficient" ? "too little" : (answer?.verdict ?? ""));

function situation(row) {
  const text = row.text.length > 400 ? `${row.text.slice(0, 400)} …` : row.text;
  return h("th", { scope: "row" }, h("a", { href: fragment("judge", { text: row.text }) }, text), row.error && h("p", { class: "small" }, row.error));
}

function tableRow(row, columns) {
  const cells = columns.map(({ of, share, shown }) => {
    if (shown) return shown(row);
    const value = of(row);
    return h("td", share && { class: "number" }, value === undefined ? "" : share ? percent(value) : value);
  });
  return h("tr", { class: row.answer ? row.answer.verdict : "refused" }, cells);
}

function compare(column, direction) {
  return (one, other) => {
    const [a, b] = [column.of(one), column.of(other)];
    if (a === undefined || b === undefined) return (a === undefined) - (b === undefined) || one.row - other.row;
    return direction * (column.words ? collator.compare(a, b) : a - b) || one.row - other.row;
  };
}

/** The rows as CSV: what the table shows, every criterion's probability, and what went wrong. */
function asCSV(rows, columns) {
  const slugs = rows.find((row) => row.answer)?.answer.criteria.map((trait) => trait.slug) ?? [];
  const lines = rows.map((row) => {
    const scores = slugs.map((slug) => row.answer?.criteria.find((trait) => trait.slug === slug)?.probability);
    return [...columns.map((column) => column.of(row)), ...scores, row.error];
  });
  return csv([[...columns.map((column) => column.key), ...slugs, "error"], ...lines]);
}

/** The points to draw: all of them, or, where there are very many, one for those that would lie upon each other. */
function points(answers) {
  if (answers.length <= DOTS) return answers.map((answer) => answer.demand);
  const places = new Map(answers.map(({ demand }) => [`${percent(demand.leadership)} ${percent(demand.management)}`, demand]));
  return [...places.values()];
}

function distribution(rows) {
  const answers = rows.filter((row) => row.answer).map((row) => row.answer);
  const names = ["leadership", "management", "both", "insufficient"];
  const counts = names.map((name) => answers.filter((answer) => answer.verdict === name).length);
  const entries = names.map((name, i) => [
    h("dt", {}, name === "insufficient" ? "Too little to tell" : title(name)),
    h("dd", {}, bar(counts[i] / (answers.length || 1), { side: name }), h("span", { class: "figure" }, String(counts[i]))),
  ]);
  const label = `Demand of ${answers.length} situations on two axes: ${names.map((name, i) => `${counts[i]} ${name}`).join(", ")}.`;
  return [h("div", {}, h("h2", {}, "How they are spread"), h("dl", { class: "counts" }, entries)), plane(points(answers), label)];
}

/** Build the view in its section. */
export function view(section) {
  let [rows, refused, columns, shown, flight] = [[], [], COLUMNS, SHOWN, null];
  let sorting = { column: COLUMNS[0], direction: 1 };
  const given = source(() => outdate());
  const status = h("p", { id: "table-status", class: "status", role: "status" });
  const progress = h("progress", { max: "1", value: "0", "aria-label": "Judged so far", hidden: true });
  const start = h("button", { type: "button", class: "main", onclick: () => judge() }, "Judge all");
  const stop = h("button", { type: "button", hidden: true, onclick: () => flight?.abort() }, "Stop");
  const save = h("button", { type: "button", onclick: () => download(asCSV(sorted([...rows, ...refused]), columns), "situations.csv") }, "Export as CSV");
  const link = h("button", { type: "button", onclick: () => share("table", { text: given.box.value }) }, "Copy link");
  const print = h("button", { type: "button", onclick: () => window.print() }, "Print");
  const spread = h("div", { class: "contrast" });
  const headRow = h("tr");
  const body = h("tbody");
  const trouble = h("div");
  const table = h("table", { class: "many" }, h("caption", { class: "hidden" }, "Judged situations; the heads sort"), h("thead", {}, headRow), body);
  const actions = h("ul", { class: "plain actions" }, [save, link, print].map((button) => h("li", {}, button)));
  const scroll = h("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": "Table of judged situations" }, table);
  const all = h("button", { type: "button", onclick: () => ((shown = Infinity), draw()) });
  const rest = h("p", { class: "rest", hidden: true }, all);
  const result = h("div", { hidden: true, class: "result" }, spread, actions, scroll, rest);
  const sorted = (chosen) => [...chosen].sort(compare(sorting.column, sorting.direction));

  function heads() {
    const button = (column) => h("button", { type: "button", class: "sort", onclick: () => sort(column) }, column.name);
    headRow.replaceChildren(...columns.map((column) => h("th", { scope: "col" }, button(column))));
  }

  function draw() {
    body.replaceChildren(...sorted(rows).slice(0, shown).map((row) => tableRow(row, columns)));
    spread.replaceChildren(...distribution(rows));
    rest.hidden = rows.length <= shown;
    all.textContent = `Show all ${rows.length} rows`;
    columns.forEach((column, i) => {
      const order = sorting.direction > 0 ? "ascending" : "descending";
      if (column === sorting.column) headRow.children[i].setAttribute("aria-sort", order);
      else headRow.children[i].removeAttribute("aria-sort");
    });
  }

  function sort(column) {
    sorting = { column, direction: column === sorting.column ? -sorting.direction : 1 };
    draw();
    announce(`Sorted by ${column.name}, ${sorting.direction > 0 ? "ascending" : "descending"}.`);
  }

  function outdate() {
    if (!result.hidden && stop.hidden) status.textContent = "What is below was judged before; judge all for the rows above.";
  }

  function begin() {
    rows = given.texts().map((row) => ({ ...row }));
    refused = given.refused();
    columns = COLUMNS.filter((column) => !column.optional || rows.some((row) => column.of(row)));
    sorting = { column: COLUMNS[0], direction: 1 };
    shown = SHOWN;
    link.parentElement.hidden = given.isFile() || given.box.value.length > LINK;
    heads();
  }

  async function judge(onwards = false) {
    if (!onwards) await given.settled();
    flight?.abort();
    const own = (flight = new AbortController());
    if (!onwards) begin();
    trouble.replaceChildren();
    result.hidden = !rows.length;
    if (!rows.length) return void (status.textContent = "There is no text to judge yet.");
    stop.hidden = progress.hidden = false;
    scroll.setAttribute("aria-busy", "true");
    draw();
    try {
      for (const chunk of chunks(rows.filter((row) => !row.answer && !row.error))) {
        tell("Reading");
        await judgeChunk(chunk, own.signal);
        draw();
      }
      tell("Judged");
    } catch (error) {
      if (own !== flight) return;
      tell("Stopped");
      draw();
      const onward = h("p", {}, h("button", { type: "button", onclick: () => judge(true) }, "Go on"));
      trouble.replaceChildren(own.signal.aborted ? onward : apology(error, () => judge(true)), ...(own.signal.aborted || error.again ? [] : [onward]));
    } finally {
      if (own === flight) {
        stop.hidden = progress.hidden = true;
        scroll.removeAttribute("aria-busy");
      }
    }
  }

  function tell(word) {
    const done = rows.filter((row) => row.answer || row.error).length;
    progress.value = done / rows.length;
    status.textContent = `${word}: ${done} of ${rows.length}.`;
  }

  section.append(...given.elements, h("div", { class: "starting" }, start, stop, progress, status), trouble, result);
  return {
    open(wanted) {
      if (!wanted.has("text") || wanted.get("text") === given.box.value) return;
      given.paste(wanted.get("text"));
      judge();
    },
  };
}
