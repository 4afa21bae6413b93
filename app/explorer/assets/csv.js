// The records of CSV, of TSV and of what spreadsheets put into the clipboard, by the rules in tests/awkward/README.md: a quote
// opens a cell only as its first character, and a cell that never closes costs its own row. Each line is read at most twice.

const ROWS = 20; // more lines than this that look like rows are rows
const NEVER_CLOSES = "A cell opens with a quote that never closes. The next line is read as a new row.";
const WORDS_AFTER_QUOTE = "Words follow the closing quote of a cell. Double each quote inside a cell.";

/** The lines of a text: LF and CRLF end them, and CR where the first line ends in a lone one. */
class Lines {
  constructor(text) {
    const ends = /^[^\r\n]*\r(?!\n)/.test(text) ? /\r\n|[\r\n]/g : /\r?\n|\r$/g;
    Object.assign(this, { text, starts: [], ends: [] });
    let start = 0;
    for (const { 0: end, index } of text.matchAll(ends)) start = this.add(start, index) + end.length;
    if (start < text.length) this.add(start, text.length);
    this.count = this.starts.length;
  }

  add(start, end) {
    this.starts.push(start);
    this.ends.push(end);
    return end;
  }

  /** The lines from `first` to `last` as they stand, without the end of the last one. */
  between(first, last) {
    return this.text.slice(this.starts[first], this.ends[last]);
  }
}

/** Behind the quote that closes a cell whose inside begins at `at`; -1 where none does. */
function behindClosing(line, at) {
  for (let place = line.indexOf('"', at); place >= 0; place = line.indexOf('"', place + 2)) {
    if (line[place + 1] !== '"') return place + 1;
  }
  return -1;
}

/** How cells are written: `separator` stands between them, "" where all of a line is one cell. */
class Dialect {
  constructor(separator) {
    this.separator = separator;
    this.blank = separator === "\t" ? / */y : /[ \t]*/y;
    this.empty = separator === "\t" ? /^[ \r\n]*$/ : /^[ \t\r\n]*$/;
  }

  pastBlanks(line, at) {
    this.blank.lastIndex = at;
    return at + this.blank.exec(line)[0].length;
  }

  /** Behind the quote that opens a cell at `at`; -1 where none does. */
  opening(line, at) {
    const place = this.pastBlanks(line, at);
    return line[place] === '"' ? place + 1 : -1;
  }

  /** Where the next cell begins behind a closing quote, Infinity at the end of the line; -1 where words follow. */
  after(line, at) {
    const place = this.pastBlanks(line, at);
    if (place === line.length) return Infinity;
    return this.separator && line.startsWith(this.separator, place) ? place + 1 : -1;
  }

  /** Where the next cell begins; Infinity where there is none. */
  next(line, at) {
    const place = this.separator ? line.indexOf(this.separator, at) : -1;
    return place < 0 ? Infinity : place + 1;
  }

  /** What a line does to the cell that it stands in: how many cells it has, whether the last stays open, whether words follow
   *  a closing quote, and whether the first of such quotes begins a cell. */
  scan(line, inside = false) {
    if (!line.includes('"')) return { cells: inside ? 1 : this.bare(line).length, open: inside, fault: false, begins: false };
    let [place, cells, fault, begins] = [0, 1, false, false];
    for (;;) {
      if (inside) {
        const end = behindClosing(line, place);
        if (end < 0) return { cells, open: true, fault, begins };
        const after = this.after(line, end);
        if (after < 0) {
          begins ||= !fault && this.standsFirst(line, end);
          fault = true;
        }
        place = after < 0 ? this.next(line, end) : after;
      } else {
        const opened = this.opening(line, place);
        inside = opened >= 0;
        place = inside ? opened : this.next(line, place);
        if (inside) continue;
      }
      if (place === Infinity) return { cells, open: false, fault, begins };
      [cells, inside] = [cells + 1, false];
    }
  }

  /** Whether the run of quotes that ends at `end` begins where a cell does. */
  standsFirst(line, end) {
    let start = end;
    while (line[start - 1] === '"') start--;
    return start === 0 || line[start - 1] === this.separator;
  }

  bare(line) {
    return this.separator ? line.split(this.separator) : [line];
  }

  /** The cells of a whole record; those from `broken` on are as they stand, because a quote is not where it should be. */
  split(record) {
    if (!record.includes('"')) return { cells: this.bare(record) };
    let [place, cells, broken] = [0, [], undefined];
    while (place !== Infinity) {
      const opened = this.opening(record, place);
      const end = opened < 0 ? -1 : behindClosing(record, opened);
      const after = end < 0 ? -1 : this.after(record, end);
      if (after >= 0) {
        cells.push(record.slice(opened, end - 1).replaceAll('""', '"'));
        place = after;
        if (after === Infinity) break;
        continue;
      }
      if (opened >= 0) broken ??= cells.length;
      const next = this.next(record, Math.max(end, place));
      cells.push(record.slice(place, next === Infinity ? undefined : next - 1));
      place = next;
    }
    return { cells, broken };
  }
}

/** Where records end: looks on from an open cell until it closes, or until a line can only be a record of its own. What was
 *  seen from inside holds for every line before it that is still open there, so no line is looked at again. */
class Looker {
  constructor(lines, dialect) {
    Object.assign(this, { lines, dialect, width: -1, seen: 0, edge: 0, closes: undefined });
  }

  /** The line on which a cell closes that is open after line `first`; -1 where it never does. */
  from(first) {
    if (this.edge <= first) {
      Object.assign(this, { seen: first, closes: undefined, fitting: true, second: undefined });
      while (this.closes === undefined) this.look(first);
    }
    return this.closes ? this.seen : -1;
  }

  look(first) {
    this.edge = ++this.seen;
    if (this.seen === this.lines.count) return void (this.closes = false);
    const scan = this.dialect.scan(this.lines.between(this.seen, this.seen), true);
    if (scan.fault && (scan.begins || this.isRow(first))) this.closes = false;
    else if (!scan.open) this.closes = true;
    else this.fit(first);
  }

  isRow(first) {
    this.second ??= this.cells(first + 1);
    return Math.max(this.second, this.cells(this.seen)) >= Math.max(this.width, 1);
  }

  /** Many lines one after the other with just as many cells as the header are rows, whatever closes further down. */
  fit(first) {
    this.fitting &&= this.width > 1 && this.cells(this.seen) === this.width;
    if (!this.fitting || this.seen - first <= ROWS) return;
    this.closes = false;
    this.edge++;
  }

  cells(line) {
    return this.dialect.scan(this.lines.between(line, line)).cells;
  }
}

/** The records of a text one by one: `row` as a spreadsheet counts them, `cells`, the lines `from` and `to`, and what is wrong
 *  as `error`; from the cell `broken` on nothing can be told then. Blank lines are counted and left out. In a `literal` text,
 *  which no program has quoted throughout, a quote that is not where it should be is a character like any other. */
export function* recordsOf(text, separator, { literal = false } = {}) {
  const lines = new Lines(text);
  const dialect = new Dialect(separator);
  const looker = new Looker(lines, dialect);
  for (let [first, row] = [0, 1]; first < lines.count; row++) {
    const closes = dialect.scan(lines.between(first, first)).open ? looker.from(first) : first;
    const last = Math.max(first, closes);
    const written = lines.between(first, last);
    const { cells, broken } = dialect.split(written);
    if (looker.width < 0) looker.width = cells.length;
    const found = { row, cells, from: first + 1, to: last + 1 };
    if (literal || (closes >= 0 && broken === undefined)) found.broken = cells.length;
    else Object.assign(found, { broken: broken ?? cells.length, error: closes < 0 ? NEVER_CLOSES : WORDS_AFTER_QUOTE });
    if (!dialect.empty.test(written)) yield found;
    first = last + 1;
  }
}
