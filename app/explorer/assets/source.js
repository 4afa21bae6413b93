// Where the texts of the table come from: cells that are pasted, or a file; and how they are read.

import { columnsOf, readTable, textsOf, WIDEST } from "./columns.js";
import { decode, Unreadable } from "./encoding.js";
import { h } from "./parts.js";

const PAUSE = 300; // ms without a key before what is pasted is read
const LARGEST = 50_000_000; // bytes of a file
const LONG = 20_000; // characters of a paste that the box would take seconds to show
const LISTED = 100; // rows that cannot be read, before the list is cut
const SEPARATORS = { "\t": "Tabs", ",": "Commas", ";": "Semicolons", "|": "Vertical bars", "": "Nothing: one column" };
const KINDS = ".csv,.tsv,.tab,.txt,text/csv,text/tab-separated-values,text/plain";
const number = new Intl.NumberFormat("en");

const counted = (count, noun) => `${number.format(count)} ${noun}${count === 1 ? "" : "s"}`;
const field = (id, label, control) => h("div", { class: "field" }, h("label", { for: id }, label), control);

/** The rows that cannot be read, each with its number and the reason. */
function refusals(rows) {
  const items = rows.slice(0, LISTED).map((row) => h("li", {}, h("b", {}, `Row ${row.row}`), row.id && ` (id ${row.id})`, `: ${row.error}`));
  const more = rows.length - LISTED;
  return h(
    "details",
    { class: "note trouble", open: rows.length <= 10 },
    h("summary", {}, `${counted(rows.length, "row")} cannot be read and ${rows.length === 1 ? "is" : "are"} not judged`),
    h("ul", { class: "plain refusals" }, items, more > 0 && h("li", {}, `and ${counted(more, "row")} more; the CSV names them all.`)),
  );
}

/** The names of the columns: those of the header, or their first cell. */
function namesOf(table, header) {
  const width = table.records.reduce((most, { cells }) => Math.max(most, cells.length), 0);
  const first = table.records.find(({ error }) => !error)?.cells ?? [];
  return Array.from({ length: Math.min(width, WIDEST) }, (_, i) => {
    const cell = (first[i] ?? "").trim().replace(/\s+/g, " ");
    const short = cell.length > 30 ? `${cell.slice(0, 30)} …` : cell;
    if (header) return short || `Column ${i + 1}`;
    return short ? `Column ${i + 1}: ${short}` : `Column ${i + 1}`;
  });
}

/** The source. `changed()` is called whenever its rows may be others than before. */
export function source(changed) {
  let [opened, table, rows, timer, reading, ready, chosen] = [null, null, [], 0, null, Promise.resolve(), false];
  const box = h("textarea", { id: "table-text", rows: "8", autocomplete: "off", oninput: () => later(), onpaste: (event) => aside(event) });
  const file = h("input", { id: "table-file", type: "file", accept: KINDS, hidden: true, onchange: () => file.files.length && open(file.files[0]) });
  const pick = h("button", { type: "button", onclick: () => file.click() }, "Open a file …");
  const name = h("span", {});
  const remove = h("button", { type: "button", onclick: () => (paste(box.value), box.focus()) }, "Remove");
  const shown = h("p", { class: "file", hidden: true }, name, remove);
  const written = h("div", {}, h("label", { for: box.id }, "Situations, one on each line, or cells of a spreadsheet"), box);
  const header = h("input", { id: "table-header", type: "checkbox", onchange: () => (offer(), choose()) });
  const select = (id, onchange) => h("select", { id, onchange });
  const pickColumn = () => ((chosen = true), choose());
  const columns = { text: select("table-column", pickColumn), id: select("table-id", pickColumn), group: select("table-group", pickColumn) };
  const separator = select("table-separator", () => again({ separator: separator.value }));
  const places = [field("table-column", "Text", columns.text), field("table-id", "Id", columns.id), field("table-group", "Group", columns.group)];
  const choices = h(
    "fieldset",
    { class: "reading", hidden: true },
    h("legend", {}, "How it is read"),
    h("label", { class: "check" }, header, "The first row is a header"),
    places,
    field("table-separator", "Cells are separated by", separator),
  );
  const count = h("p", { id: "table-count", class: "status", role: "status" });
  const first = h("p", { class: "small first" });
  const trouble = h("div");

  function later() {
    clearTimeout(timer);
    reading?.abort();
    timer = setTimeout(again, PAUSE);
  }

  /** Read once more; `wanted` is what the reader has chosen. */
  function again(wanted = {}) {
    clearTimeout(timer);
    timer = 0;
    reading?.abort();
    reading = new AbortController();
    ready = read(wanted, reading.signal);
  }

  async function read(wanted, signal) {
    trouble.replaceChildren();
    count.textContent = opened ? "Reading …" : "";
    try {
      const text = opened?.bytes ? decode(opened.bytes, opened.encoding) : { text: opened?.text ?? box.value };
      table = await readTable(text, { isTable: /\.(csv|tsv|tab)$/i.test(opened?.name ?? ""), ...wanted, signal });
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Unreadable)) throw error;
      return refuse(error);
    }
    header.checked = table.header;
    chosen = false;
    offer();
    choose();
  }

  function refuse(error) {
    table = null;
    rows = [];
    choices.hidden = true;
    count.textContent = first.textContent = "";
    const believe = () => ((opened.encoding = error.encoding), again());
    const button = error.encoding && h("p", {}, h("button", { type: "button", onclick: believe }, `Read it as ${error.name}`));
    trouble.replaceChildren(h("div", { class: "note trouble", role: "alert" }, h("p", {}, error.message), button));
    changed();
  }

  /** Fill the choices from the table, and choose what fits best, where the reader has not chosen. */
  function offer() {
    const names = namesOf(table, header.checked);
    const found = chosen ? Object.fromEntries(Object.entries(columns).map(([kind, list]) => [kind, list.value])) : columnsOf(table, header.checked);
    for (const [kind, list] of Object.entries(columns)) {
      const none = kind !== "text" && h("option", { value: "-1" }, "none");
      list.replaceChildren(...[none, ...names.map((column, i) => h("option", { value: i }, column))].filter(Boolean));
      list.value = String(found[kind]);
    }
    const known = table.separator in SEPARATORS ? SEPARATORS : { ...SEPARATORS, [table.separator]: table.separator };
    separator.replaceChildren(...Object.entries(known).map(([value, label]) => h("option", { value }, label)));
    separator.value = table.separator;
    for (const place of places) place.hidden = names.length < 2;
  }

  function choose() {
    const place = (kind) => Number(columns[kind].value);
    rows = textsOf(table, { header: header.checked, text: place("text"), id: place("id"), group: place("group") });
    const [texts, others] = [self.texts(), self.refused()];
    choices.hidden = !table.records.length;
    count.textContent = rows.length
      ? `${counted(texts.length, "text")} to judge${others.length ? `; ${number.format(others.length)} of ${counted(rows.length, "row")} cannot be read` : ""}.`
      : "";
    first.textContent = texts.length ? `The first: “${texts[0].text.length > 160 ? `${texts[0].text.slice(0, 160)} …` : texts[0].text}”` : "";
    trouble.replaceChildren(...(others.length ? [refusals(others)] : []));
    changed();
  }

  /** Show what was opened in the place of the box, which keeps what it holds. */
  function stand(next) {
    reading?.abort();
    clearTimeout(timer);
    timer = 0;
    name.textContent = next.name;
    shown.hidden = false;
    written.hidden = true;
    return (opened = next);
  }

  /** Take a long paste aside: the box would hold up the page while it lays it out. */
  function aside(event) {
    const pasted = event.clipboardData.getData("text/plain");
    if (pasted.length < LONG) return;
    event.preventDefault();
    const text = box.value.slice(0, box.selectionStart) + pasted + box.value.slice(box.selectionEnd);
    stand({ name: `Pasted: ${number.format(text.length)} characters`, text });
    remove.focus();
    again();
  }

  async function open(picked) {
    const own = stand({ name: picked.name, bytes: new Uint8Array() });
    file.value = ""; // so that the same file, changed meanwhile, can be opened again
    if (picked.size > LARGEST) return refuse(new Unreadable("The file is larger than 50 MB. The API takes larger ones as jobs."));
    try {
      own.bytes = new Uint8Array(await picked.arrayBuffer());
    } catch {
      if (own === opened) refuse(new Unreadable("The file cannot be read from this device. Open it again."));
      return;
    }
    if (own === opened) again();
  }

  function paste(text) {
    opened = null;
    shown.hidden = true;
    written.hidden = false;
    box.value = text;
    again();
  }

  const over = (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    writing.classList.toggle("over", event.type === "dragover");
    if (event.type === "drop" && event.dataTransfer.files.length) open(event.dataTransfer.files[0]);
  };
  const writing = h(
    "div",
    { class: "writing", ondragover: over, ondragleave: over, ondrop: over },
    written,
    shown,
    h("p", { class: "opening" }, pick, file, h("span", { class: "small" }, "CSV or TSV, or drop one here")),
  );
  const self = {
    elements: [writing, choices, count, first, trouble],
    box,
    paste,
    /** Once what was pasted or opened last has been read. */
    async settled() {
      if (timer) again();
      await ready;
    },
    texts: () => rows.filter((row) => !row.error),
    refused: () => rows.filter((row) => row.error),
    isFile: () => Boolean(opened),
  };
  return self;
}
