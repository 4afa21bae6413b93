// The text of a file. What is not UTF-8, nor UTF-16 with a mark, is named rather than garbled.

const SIGNATURES = {
  "PK\u0003\u0004": "an Excel workbook or another archive. Save it as CSV UTF-8, or copy its cells and paste them here",
  "\u00d0\u00cf\u0011\u00e0": "an old Excel workbook. Save it as CSV UTF-8, or copy its cells and paste them here",
  "%PDF": "a PDF. Copy its text and paste it here",
  "\u001f\u008b": "a compressed file. Unpack it first",
  "\u00ff\u00fe\u0000\u0000": "UTF-32. Save it as CSV UTF-8",
};
const MARKS = { "\u00ff\u00fe": "utf-16le", "\u00fe\u00ff": "utf-16be" };
const NAMES = { "windows-1252": "Windows-1252", macintosh: "Mac Roman", "utf-16le": "UTF-16 without a mark", "utf-16be": "UTF-16 without a mark" };
const LIKELY = new Set("äöüÄÖÜßéèêëàâçñáíóúôîïûåæøœœÉÈÀÇ“”‘’„‚–—…€£§°«»¿¡");
const SAMPLE = 100; // lines after the first, by which the encoding is judged

/** A file that cannot be read; `encoding` is the one that it may be read in when the reader says so. */
export class Unreadable extends Error {
  constructor(message, encoding) {
    super(message);
    this.encoding = encoding;
    this.name = NAMES[encoding];
  }
}

/** The text of a file, and the numbers of its lines that are not UTF-8. An `encoding` that is given is believed. */
export function decode(bytes, encoding) {
  const start = String.fromCharCode(...bytes.subarray(0, 4));
  const kind = Object.keys(SIGNATURES).find((signature) => start.startsWith(signature));
  if (kind) throw new Unreadable(`This file is ${SIGNATURES[kind]}.`);
  const known = encoding ?? MARKS[start.slice(0, 2)];
  if (known) return { text: new TextDecoder(known).decode(bytes), spoilt: new Set() };
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!hasNULs(text.slice(0, 200))) return { text, spoilt: new Set() };
  } catch {
    if (!hasNULs(start)) return { text: new TextDecoder().decode(bytes), spoilt: spoiltLines(bytes) };
  }
  throw refusal(bytes[0] === 0 ? "utf-16be" : "utf-16le");
}

const hasNULs = (text) => text.split("\0").length - 1 > text.length / 4;
const refusal = (encoding) =>
  new Unreadable(`This file is not UTF-8; it looks like ${NAMES[encoding]}. Save it anew as CSV UTF-8, or have it read as what it looks like.`, encoding);

/** The lines that are not UTF-8. Throws where the first line is not, or most are not, or all of many that could tell. */
function spoiltLines(bytes) {
  const strict = new TextDecoder("utf-8", { fatal: true });
  const spoilt = new Set();
  let [start, number, broken, sound] = [0, 0, [], 0];
  for (let i = 0; i <= bytes.length; i++) {
    if (i < bytes.length && bytes[i] !== 10 && (bytes[i] !== 13 || bytes[i + 1] === 10)) continue;
    const line = bytes.subarray(start, i);
    start = i + 1;
    number++;
    try {
      const text = strict.decode(line);
      if (number <= SAMPLE + 1 && text.length < line.length) sound++;
    } catch {
      spoilt.add(number);
      if (number <= SAMPLE + 1) broken.push(...line.subarray(0, 1_000));
    }
  }
  const rows = Math.min(number - 1, SAMPLE);
  const bad = [...spoilt].filter((line) => line > 1 && line <= SAMPLE + 1).length;
  if (spoilt.has(1) || bad * 2 > rows || (bad >= 3 && bad * 10 >= rows && !sound)) throw refusal(likeliest(new Uint8Array(broken)));
  return spoilt;
}

/** The encoding under which these bytes give the most letters and signs that are likely. */
function likeliest(bytes) {
  const points = (encoding) => [...new TextDecoder(encoding).decode(bytes)].reduce((sum, sign) => sum + (sign > "\u007f" ? (LIKELY.has(sign) ? 1 : -1) : 0), 0);
  return points("macintosh") > points("windows-1252") ? "macintosh" : "windows-1252";
}
