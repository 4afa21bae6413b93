// Many situations at once: asked for in chunks, shown as a table that sorts, drawn, and given away as CSV.

import { announce, apology, ask, bar, fragment, h, percent, plane, title } from "./parts.js";
import { share } from "./explorer.js";

const CHUNK = 20;
const CHUNK_CHARACTERS = 20_000;
const RISKY = /^[=+\-@\t\r]/; // a spreadsheet would run such a cell as a formula
const COLUMNS = [
  { key: "line", name: "Line", of: (row) => row.line },
  { key: "text", name: "Situation", of: (row) => row.text, words: true },
  { key: "verdict", name: "Verdict", of: (row) => row.answer?.verdict, words: true },
  { key: "probability", name: "Probability", of: (row) => row.answer?.probabilities[row.answer.verdict] },
  { key: "status", name: "Status", of: (row) => (row.error ? "error" : row.answer?.status), words: true },
  { key: "leadership", name: "Leadership", of: (row) => row.answer?.demand.leadership },
  { key: "management", name: "Management", of: (row) => row.answer?.demand.management },
  { key: "criteria", name: "Criteria present", of: (row) => (row.answer ? present(row).join(", ") : undefined), words: true },
];

const present = (row) => row.answer.criteria.filter((trait) => trait.present).map((trait) => trait.slug);

/** The rows in chunks that the batch endpoint answers quickly. */
function chunks(rows) {
  const found = [];
  let characters = Infinity;
  for (const row of rows) {
    characters += row.text.length;
    if (characters > CHUNK_CHARACTERS || found.at(-1).length === CHUNK) {
      found.push([]);
      characters = row.text.length;
    }
    found.at(-1).push(row);
  }
  return found;
}

function compare(column, direction) {
  return (one, other) => {
    const [a, b] = [column.of(one), column.of(other)];
    if (a === undefined || b === undefined) return (a === undefined) - (b === undefined) || one.line - other.line;
    return direction * (column.words ? a.localeCompare(b, "en") : a - b) || one.line - other.line;
  };
}

function cell(value) {
  const text = String(value ?? "");
  const safe = typeof value === "string" && RISKY.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The rows as CSV: what the table shows, every criterion's probability, and what went wrong. */
export function csv(rows) {
  const slugs = rows.find((row) => row.answer)?.answer.criteria.map((trait) => trait.slug) ?? [];
  const lines = [[...COLUMNS.map((column) => column.key), ...slugs, "error"]];
  for (const row of rows) {
    const scores = slugs.map((slug) => row.answer?.criteria.find((trait) => trait.slug === slug)?.probability);
    lines.push([...COLUMNS.map((column) => column.of(row)), ...scores, row.error]);
  }
  return lines.map((line) => `${line.map(cell).join(",")}\r\n`).join("");
}

function download(text, name) {
  const url = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv;charset=utf-8" }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
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
  return [h("div", {}, h("h2", {}, "How they are spread"), h("dl", { class: "counts" }, entries)), plane(answers.map((answer) => answer.demand), label)];
}

function tableRow(row) {
  const link = h("a", { href: fragment("judge", { text: row.text }) }, row.text.length > 400 ? `${row.text.slice(0, 400)} …` : row.text);
  const number = (value) => h("td", { class: "number" }, value === undefined ? "" : percent(value));
  const { answer } = row;
  const said = answer ? (answer.verdict === "insufficient" ? "too little" : answer.verdict) : "";
  return h(
    "tr",
    { class: answer ? answer.verdict : "refused" },
    h("td", { class: "number" }, String(row.line)),
    h("th", { scope: "row" }, link, row.error && h("p", { class: "small" }, row.error)),
    h("td", {}, said),
    number(answer?.probabilities[answer.verdict]),
    h("td", {}, row.error ? "error" : (answer?.status ?? "waiting")),
    number(answer?.demand.leadership),
    number(answer?.demand.management),
    h("td", {}, answer ? present(row).join(", ") : ""),
  );
}

/** Build the view in its section. */
export function view(section) {
  let rows = [];
  let sorting = { column: COLUMNS[0], direction: 1 };
  let flight = null;
  const box = h("textarea", { id: "table-text", rows: "8", autocomplete: "off" });
  const status = h("p", { id: "table-status", class: "status", role: "status" });
  const progress = h("progress", { max: "1", value: "0", "aria-label": "Judged so far", hidden: true });
  const start = h("button", { type: "button", class: "main", onclick: () => judge() }, "Judge all");
  const stop = h("button", { type: "button", hidden: true, onclick: () => flight?.abort() }, "Stop");
  const save = h("button", { type: "button", onclick: () => download(csv(sorted()), "situations.csv") }, "Export as CSV");
  const link = h("button", { type: "button", onclick: () => share("table", { text: box.value }) }, "Copy link");
  const print = h("button", { type: "button", onclick: () => window.print() }, "Print");
  const spread = h("div", { class: "contrast" });
  const body = h("tbody");
  const trouble = h("div");
  const heads = COLUMNS.map((column) =>
    h("th", { scope: "col" }, h("button", { type: "button", class: "sort", onclick: () => sort(column) }, column.name)),
  );
  const table = h("table", { class: "many" }, h("caption", { class: "hidden" }, "Judged situations; the heads sort"), h("thead", {}, h("tr", {}, heads)), body);
  const actions = h("ul", { class: "plain actions" }, [save, link, print].map((button) => h("li", {}, button)));
  const scroll = h("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": "Table of judged situations" }, table);
  const result = h("div", { hidden: true, class: "result" }, spread, actions, scroll);
  const sorted = () => [...rows].sort(compare(sorting.column, sorting.direction));

  function draw() {
    body.replaceChildren(...sorted().map(tableRow));
    spread.replaceChildren(...distribution(rows));
    heads.forEach((head, i) => {
      if (COLUMNS[i] === sorting.column) head.setAttribute("aria-sort", sorting.direction > 0 ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
  }

  function sort(column) {
    sorting = { column, direction: column === sorting.column ? -sorting.direction : 1 };
    draw();
    announce(`Sorted by ${column.name}, ${sorting.direction > 0 ? "ascending" : "descending"}.`);
  }

  function read() {
    const lines = box.value.split("\n").map((text, i) => ({ line: i + 1, text: text.trim() }));
    rows = lines.filter((row) => row.text);
  }

  async function judge(onwards = false) {
    flight?.abort();
    const own = (flight = new AbortController());
    if (!onwards) read();
    trouble.replaceChildren();
    result.hidden = !rows.length;
    if (!rows.length) return void (status.textContent = "There is no line to judge yet.");
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
      trouble.replaceChildren(own.signal.aborted ? h("p", {}, h("button", { type: "button", onclick: () => judge(true) }, "Go on")) : apology(error, () => judge(true)));
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

  async function judgeChunk(chunk, signal) {
    const items = chunk.map(({ text }) => ({ text }));
    try {
      const { results } = await ask("v1/score/batch", { items, options: { include: [] } }, signal);
      for (const { index, result, error } of results) Object.assign(chunk[index], { answer: result, error: error?.detail });
    } catch (error) {
      if (signal.aborted || error.again) throw error;
      for (const row of chunk) row.error = error.message;
    }
  }

  section.append(
    h("div", { class: "writing" }, h("label", { for: box.id }, "Situations, one on each line"), box),
    h("div", { class: "starting" }, start, stop, progress, status),
    trouble,
    result,
  );
  return {
    open(given) {
      if (!given.has("text") || given.get("text") === box.value) return;
      box.value = given.get("text");
      judge();
    },
  };
}
