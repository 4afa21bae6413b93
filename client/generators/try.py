"""Calls a service with the client that openapi-python-client made."""

import sys

from generated import AuthenticatedClient
from generated.api.catalogue import list_programs
from generated.api.scoring import score, score_batch
from generated.models import BatchItem, BatchRequest, Problem, ProgramPage, RefusedItem, ScoreAnswer, ScoreRequest
from generated.types import Unset

TEXT = "After the argument on Friday half the kitchen refuses to work with the other half."

# The generator wants a client with a token wherever a key may be shown; without one a plain client works as well.
client = AuthenticatedClient(sys.argv[1], token="", prefix="", auth_header_name="X-Unused", timeout=None)

answer = score.sync(client=client, body=ScoreRequest(text=TEXT))
assert isinstance(answer, ScoreAnswer)
assert not isinstance(answer.recommendations, Unset)
print("score:", answer.verdict, answer.demand.leadership, answer.recommendations.leadership_styles[0].slug)

renewed = ScoreAnswer.from_dict(answer.to_dict() | {"verdict": "quite_new", "status": "quite_new", "new_field": 1})
print("a new value:", renewed.verdict, renewed.status, renewed.additional_properties)

page = list_programs.sync(client=client, limit=2)
assert isinstance(page, ProgramPage)
print("programs:", page.page.total, [(program.slug, program.months, program.delivery) for program in page.items])

batch = BatchRequest(items=[BatchItem(text=TEXT), BatchItem(text=" ", id="b")])
results = score_batch.sync(client=client, body=batch)
assert results is not None
assert not isinstance(results, Problem)
assert isinstance(results.results[1], RefusedItem)
print("batch:", [item.status for item in results.results], results.results[1].error.code)

refused = score.sync_detailed(client=client, body=ScoreRequest(text=" "))
assert isinstance(refused.parsed, Problem)
print("error:", int(refused.status_code), refused.parsed.code, refused.parsed.errors[0].pointer)
