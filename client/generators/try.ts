// Calls a service with the client that @hey-api/openapi-ts made.
import { createClient } from "./src/client";
import { listPrograms, score, scoreBatch } from "./src";

const client = createClient({ baseUrl: process.argv[2] });
const text = "After the argument on Friday half the kitchen refuses to work with the other half.";

async function main(): Promise<void> {
  const { data: answer } = await score({ client, body: { text }, throwOnError: true });
  console.log("score:", answer.verdict, answer.demand.leadership, answer.recommendations?.leadership_styles[0].slug);

  const unheard: typeof answer.verdict = "quite_new"; // a later release may answer so
  console.log("a new value:", { ...answer, verdict: unheard }.verdict);

  const { data: page } = await listPrograms({ client, query: { limit: 2 }, throwOnError: true });
  console.log("programs:", page.page.total, page.items.map((program) => [program.slug, program.months, program.delivery]));

  const { data: batch } = await scoreBatch({ client, body: { items: [{ text }, { text: " ", id: "b" }] }, throwOnError: true });
  for (const item of batch.results) console.log("batch:", "result" in item ? item.result.verdict : item.error.code);

  const { error, response } = await score({ client, body: { text: " " } });
  console.log("error:", response?.status, error?.code, error?.errors[0].pointer);
}

void main();
