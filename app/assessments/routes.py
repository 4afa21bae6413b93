"""The scoring endpoints. They store nothing and log no text."""

from typing import Annotated, Any

from anyio import from_thread
from fastapi import APIRouter, Depends, Path, Request, Response

from app.access.dependencies import SCORE
from app.access.keys import Caller
from app.assessments import answers, batch_answers, requests
from app.assessments.batch import Batch
from app.assessments.service import Assessor
from app.bodies import JSONRoute
from app.dependencies import EngineDep, NoParameters
from app.errors import NOT_MODIFIED, NotFound, request_id_of, responses
from app.json_limits import limits

router = APIRouter(prefix="/v1", tags=["scoring"], route_class=JSONRoute)
models = APIRouter(prefix="/v1/models", tags=["models"], dependencies=[NoParameters])


class BatchRoute(JSONRoute):
    """A route that takes a batch: its items and characters are counted before they are parsed."""

    limits = limits(
        values=10 * requests.MAX_ITEMS,
        characters=2 * (requests.MAX_BATCH_CHARACTERS + 2 * requests.MAX_ITEMS * requests.MAX_IDENTIFIER) + 50_000,
        told=f"A batch holds up to {requests.BATCH_LIMITS}; this one has more. Split it.",
    )


batches = APIRouter(prefix="/v1", tags=["scoring"], route_class=BatchRoute)

SCORE_ERRORS = responses(400, 405, 413, 415, 422, 503)


def assessor_of(request: Request) -> Assessor:
    """The assessor that the application holds; the log line of the request names its model."""
    assessor: Assessor = request.app.state.assessor
    request.scope["state"]["model"] = assessor.scorer.version
    return assessor


async def get_assessor(request: Request) -> Assessor:
    """`assessor_of` as a dependency. Such small ones are async here: each that is not costs a change of threads."""
    return assessor_of(request)


AssessorDep = Annotated[Assessor, Depends(get_assessor)]


@router.post(
    "/score",
    response_model=answers.ScoreAnswer,
    response_model_exclude_unset=True,
    responses=SCORE_ERRORS,
    dependencies=[NoParameters],
    summary="Judge a situation",
)
async def score(
    engine: EngineDep, assessor: AssessorDep, caller: Annotated[Caller, SCORE], request: requests.ScoreRequest
) -> Any:
    """Whether the situation calls for leadership, management, both, or says too little; with evidence and advice."""

    def judge() -> Any:
        return assessor.score(assessor.known(engine, caller.tenant), request.text, request.id, request.options)

    return await assessor.threads.run(judge)


@batches.post(
    "/score/batch",
    response_model=batch_answers.BatchAnswer,
    responses=SCORE_ERRORS,
    dependencies=[NoParameters],
    summary="Judge up to 1,000 situations",
)
async def score_batch(
    engine: EngineDep,
    assessor: AssessorDep,
    caller: Annotated[Caller, SCORE],
    batch: requests.BatchRequest,
    request: Request,
) -> Response:
    """One result per item, in order; an item that cannot be scored does not spoil the rest."""

    def gone() -> bool:
        return from_thread.run(request.is_disconnected)

    def answer() -> bytes:
        read = Batch(batch)
        return read.answer(assessor, assessor.known(engine, caller.tenant), request_id_of(request), gone)

    return Response(await assessor.batch_threads.run(answer), media_type="application/json")


Version = Annotated[str, Path(description="A version from the list, or `current`.", examples=["current"])]


def _card(assessor: Assessor) -> dict[str, Any]:
    return {**assessor.scorer.card, "current": True}


@models.get(
    "", response_model=answers.ModelList, responses=NOT_MODIFIED | responses(405, 413, 422), summary="List the models"
)
def list_models(assessor: AssessorDep) -> Any:
    """Every model that this service can answer with."""
    return {"items": [_card(assessor)]}


@models.get(
    "/{version}",
    response_model=answers.ModelCard,
    responses=NOT_MODIFIED | responses(404, 405, 413, 422),
    summary="Get a model card",
)
def get_model(assessor: AssessorDep, version: Version) -> Any:
    """Purpose, forbidden uses, data and measured quality of one model; `current` names the one in use."""
    if version not in {"current", assessor.scorer.version}:
        raise NotFound("There is no such model; the list at /v1/models has every version.")
    return _card(assessor)
