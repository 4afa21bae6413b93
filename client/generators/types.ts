// Reads answers with the types that openapi-typescript made.
import type { components, operations } from "./types-of-openapi";

type Answer = components["schemas"]["ScoreAnswer"];
type Query = NonNullable<operations["list_programs"]["parameters"]["query"]>;

const query: Query = { limit: 2, focus: ["leadership"], max_months: 12 };
// @ts-expect-error nobody can send null in a query
export const refused: Query = { max_months: null };

async function main(): Promise<void> {
  const found = await fetch(`${process.argv[2]}/v1/score`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ text: "After the argument on Friday half the kitchen refuses to work with the other half." }),
  });
  const answer: Answer = { ...((await found.json()) as Answer), verdict: "quite_new" }; // a later release may answer so
  console.log("types:", answer.verdict, answer.demand.leadership, answer.recommendations?.leadership_styles[0].slug, query);
}

void main();
