// CSV for people: what a spreadsheet opens without garbling it, and without running what somebody wrote.

// The same rule as app/formulas.py; tests/awkward/formulas.json tries both.
const FORMULA = /^'*(?:[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*[=+\-@＝＋－＠]|[\t\r\n])/;
const NUMBER = /^[+-]?[0-9]+(?:[.,][0-9]+)?$/;

/** The cell with an apostrophe before it where a spreadsheet would take it for a formula; numbers stay. */
export const guarded = (cell) => (FORMULA.test(cell) && !NUMBER.test(cell) ? `'${cell}` : cell);

function field(value) {
  const text = typeof value === "string" ? guarded(value) : String(value ?? "");
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows of cells as CSV. */
export const csv = (rows) => rows.map((row) => `${row.map(field).join(",")}\r\n`).join("");

/** Give the reader a file: UTF-8 with the mark by which Excel knows it. */
export function download(text, name) {
  const url = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  Object.assign(link, { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
