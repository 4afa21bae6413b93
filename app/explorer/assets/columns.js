// From records to texts: which separator, whether the first row is a header, and which columns hold what.

import { recordsOf } from "./csv.js";

const SLICE = 2_000; // records that are read before the page may breathe
const SAMPLE = 50; // records by which separators and headers are told
export const WIDEST = 500; // columns that are looked at and offered
const LONGEST = 200; // characters of an id or a group
const SEPARATORS = ["\t", ";", ",", "|"];
const NAMES = {
  text: ["text", "texts", "free text", "situation", "situations", "description", "comment", "comments", "answer", "response", "message", "note", "notes"],
  id: ["id", "key", "ref", "reference", "number", "nr", "no", "#"],
  group: ["group", "site", "team", "unit", "department", "location", "office", "region", "country", "question"],
};
const KNOWN = Object.values(NAMES).flat();

const fold = (name) => name.normalize("NFC").trim().toLowerCase().replace(/[\s_-]+/g, " ");
const isEmpty = (cells) => cells.every((cell) => !cell.trim());
const isNamed = (cells) => cells.some((cell) => KNOWN.includes(fold(cell))) && cells.every((cell) => cell.length <= 100);
const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / (numbers.length || 1);
const lengthsOf = (rows, column) => mean(rows.map((cells) => cells[column]?.length ?? 0));

function sample(text, separator) {
  const found = [];
  for (const record of recordsOf(text.slice(0, 200_000), separator)) {
    if (!record.error) found.push(record.cells);
    if (found.length === SAMPLE) break;
  }
  return found;
}

/** The separator of a text; "" where all of a line is one cell. One whose first row names a column that is known goes first,
 *  then the one that gives most rows as many cells as the first, then the one that gives more. Commas with a space behind
 *  them are taken for prose where the text is not from a file of tables and no such column is named. */
function separatorOf(text, isTable) {
  let best = { separator: "", fit: 0 };
  for (const separator of SEPARATORS) {
    const rows = sample(text, separator);
    const width = rows[0]?.length ?? 1;
    if (width < 2) continue;
    const named = isNamed(rows[0]);
    const prose = separator !== "\t" && !isTable && rows[0].slice(1).some((cell) => cell.startsWith(" "));
    const fit = 2 * named + rows.filter((cells) => cells.length === width).length / rows.length + width / 10_000;
    if ((named || !prose) && fit > best.fit) best = { separator, fit };
  }
  return best.separator;
}

/** Whether the first row names the columns rather than holding a text. Files of tables have such a row as a rule. */
function hasHeader([first, ...rest], isTable) {
  if (!first || isEmpty(first)) return false;
  if (isNamed(first)) return rest.length > 0 || first.length > 1;
  if (!rest.length || first.some((cell) => cell.length > 100 || /^[\d\s.,:/+-]+$/.test(cell))) return false;
  if (isTable && first.length > 1) return true;
  if (first.some((cell) => cell.length > 60 || /[.!]\s*$/.test(cell))) return false;
  const longest = longestColumn(rest);
  const clearly = lengthsOf(rest, longest) >= (first.length > 1 ? 1.5 : 3) * (first[longest]?.length ?? 0);
  return clearly && (first.length > 1 || first[0].trim().split(/\s+/).length <= 2);
}

function longestColumn(rows) {
  const width = Math.min(WIDEST, Math.max(1, ...rows.map((cells) => cells.length)));
  const lengths = Array.from({ length: width }, (_, column) => lengthsOf(rows, column));
  return lengths.indexOf(Math.max(...lengths));
}

const breath = () => new Promise((resolve) => setTimeout(resolve));

/** Read a text as a table: its `records`, the `separator`, and whether the first row is a `header`. The separator is found
 *  where it is not given; `isTable` says that the text comes from a file of that kind; `spoilt` lines are not UTF-8. */
export async function readTable({ text, spoilt = new Set() }, { separator, isTable = false, signal } = {}) {
  const named = /^\ufeff?"?sep=([^"\r\n])"?(\r\n|[\r\n]|$)/i.exec(text);
  const body = text.slice(named ? named[0].length : text.startsWith("\ufeff") ? 1 : 0);
  const used = separator ?? named?.[1] ?? separatorOf(body, isTable);
  const table = { separator: used, records: [] };
  for (const record of recordsOf(body, used, { literal: !isTable })) {
    table.records.push(record);
    for (let line = record.from; spoilt.size && line <= record.to; line++) if (spoilt.has(named ? line + 1 : line)) spoil(record);
    if (record.row % SLICE === 0) await breath();
    signal?.throwIfAborted();
  }
  table.header = hasHeader(soundRows(table).map(({ cells }) => cells), isTable);
  return table;
}

function spoil(record) {
  record.error ??= "The row is not UTF-8.";
  record.cells = record.cells.map((cell) => (cell.includes("\ufffd") ? "" : cell));
}

const soundRows = (table) => table.records.slice(0, SAMPLE).filter(({ error }) => !error);

/** The columns that hold the text, the id and the group, as far as names and lengths tell; -1 where none does. */
export function columnsOf(table, header) {
  const rows = soundRows(table).map(({ cells }) => cells);
  const names = header && rows.length ? rows[0].slice(0, WIDEST) : [];
  const folded = names.map(fold);
  const named = (kind) => NAMES[kind].map((name) => folded.indexOf(name)).find((place) => place >= 0) ?? -1;
  const [text, id] = [named("text"), named("id")];
  return {
    text: text < 0 ? longestColumn(rows.slice(header ? 1 : 0)) : text,
    id: id < 0 ? names.findIndex((name) => /(\b(id|ID)|[a-z]I[dD])\s*$/.test(name)) : id,
    group: named("group"),
  };
}

/** The most cells that a row may have: those of the header, or of most rows. */
function widthOf(records, header) {
  const widths = new Map();
  for (const { cells, error } of header ? records.slice(0, 1) : records) if (!error) widths.set(cells.length, (widths.get(cells.length) ?? 0) + 1);
  return [...widths].reduce((best, next) => (next[1] > best[1] ? next : best), [Infinity, 0])[0];
}

/** The rows of a table as texts: each has its `row`, `id`, `group` and `text`, and what is wrong with it as its `error`. */
export function textsOf(table, { header, text, id, group }) {
  const width = widthOf(table.records, header);
  return table.records.slice(header ? 1 : 0).map(({ row, cells, broken, error }) => {
    const tooMany = !error && !isEmpty(cells.slice(width));
    const at = (place) => {
      if (place < 0 || place >= broken || (tooMany && place === text)) return "";
      return cells[tooMany && place > text ? cells.length - width + place : place] ?? "";
    };
    const item = { row, id: at(id).trim(), group: at(group).trim(), text: at(text) };
    const wrong = error ?? (tooMany ? surplus(cells.length, width, header) : problemOf(item));
    return wrong ? { ...item, error: wrong } : item;
  });
}

const surplus = (cells, width, header) =>
  `The row has ${cells} cells, ${header ? "the header" : "most rows have"} ${width}. Put a text that holds the separator into quotes.`;

function problemOf(item) {
  for (const name of ["id", "group"]) {
    if (item[name].length <= LONGEST && !item[name].includes("\0")) continue;
    item[name] = "";
    return `The ${name} has over ${LONGEST} characters or a NUL.`;
  }
  return item.text.trim() ? undefined : "The text is empty.";
}
