// Many texts through the batch endpoint, in chunks that it answers quickly.

import { ask } from "./parts.js";

const ITEMS = 20;
const CHARACTERS = 20_000;
const TOO_MUCH = [413, 422]; // what one row of a chunk can bring upon the others

/** The rows in chunks. */
export function chunks(rows) {
  const found = [];
  let characters = Infinity;
  for (const row of rows) {
    characters += row.text.length;
    if (characters > CHARACTERS || found.at(-1).length === ITEMS) {
      found.push([]);
      characters = row.text.length;
    }
    found.at(-1).push(row);
  }
  return found;
}

/** Judge the rows of a chunk: each gets its `answer` or its `error`. A chunk that is refused for what one of its rows holds
 *  is halved until that row stands alone; any other refusal is thrown, and the rows wait. */
export async function judgeChunk(rows, signal) {
  const items = rows.map(({ text }) => ({ text }));
  try {
    const { results } = await ask("v1/score/batch", { items, options: { include: [] } }, signal);
    for (const { index, result, error } of results) Object.assign(rows[index], { answer: result, error: error?.detail });
  } catch (error) {
    if (signal.aborted || !TOO_MUCH.includes(error.status)) throw error;
    if (rows.length === 1) return void (rows[0].error = error.message);
    const half = Math.ceil(rows.length / 2);
    await judgeChunk(rows.slice(0, half), signal);
    await judgeChunk(rows.slice(half), signal);
  }
}
