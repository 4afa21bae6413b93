"""The endpoints of kept assessments. All of them need a key, and see what its organisation keeps."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.convertors import StringConvertor, register_url_convertor

from app.access.dependencies import READ, WRITE
from app.access.keys import Caller
from app.archive import answers, feedback, requests, store, subjects
from app.archive.picture import draw
from app.archive.store import Archive
from app.assessments.routes import get_assessor
from app.bodies import IdempotencyKey, JSONRoute
from app.dependencies import EngineDep, NoParameters, PageLinks, SessionDep
from app.errors import responses
from app.pagination import PageQuery

PICTURE: dict[int | str, dict[str, Any]] = {200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}}}


class Stem(StringConvertor):
    """A part of a path without a dot, so that `/assessments/{id}` is not the path of a picture, too."""

    regex = "[^/.]+"


register_url_convertor("stem", Stem())
EXAMPLE_ID = "5f0c3d6a9b7e4c21a8d4e6f7b1c2d3e4"


async def not_stored(response: Response) -> None:
    """Answers hold what people wrote: no cache keeps them."""
    response.headers["Cache-Control"] = "no-store"


router = APIRouter(prefix="/v1", tags=["assessments"], dependencies=[Depends(not_stored)])
writing = APIRouter(
    prefix="/v1/assessments",
    tags=["assessments"],
    route_class=JSONRoute,
    dependencies=[Depends(not_stored), NoParameters],
)


async def get_archive(request: Request) -> Archive:
    """The archive that the application holds."""
    archive: Archive = request.app.state.archive
    return archive


ArchiveDep = Annotated[Archive, Depends(get_archive)]
AssessmentId = Annotated[str, Path(description="The id that the assessment is kept under.", examples=[EXAMPLE_ID])]
Ref = Annotated[
    str, Path(description="The pseudonym, as `subject_ref` gave it.", pattern=requests.SUBJECT, examples=["p-7f3a"])
]
Reader = Annotated[Caller, READ]
Writer = Annotated[Caller, WRITE]


@writing.post(
    "",
    response_model=answers.KeptAnswer,
    response_model_exclude_unset=True,
    status_code=201,
    responses=responses(400, 405, 409, 413, 415, 422, 503),
    dependencies=[Depends(get_assessor)],  # the log line names the model
    summary="Judge a situation and keep it",
)
async def keep_assessment(
    caller: Writer, archive: ArchiveDep, body: requests.KeepRequest, response: Response, key: IdempotencyKey = None
) -> Any:
    """Like `/v1/score`, and text and answer are kept until they expire or you erase them; `Location` says where."""
    kept = await archive.assessor.threads.run(partial(archive.keep, caller, body, key))
    response.headers["Location"] = f"/v1/assessments/{kept['id']}"
    return kept


@router.get(
    "/assessments",
    response_model=answers.KeptPage,
    responses=responses(400, 405, 413, 422, 503),
    summary="List the kept assessments",
)
def list_assessments(
    caller: Reader, session: SessionDep, links: PageLinks, query: Annotated[requests.AssessmentQuery, Query()]
) -> Any:
    """What your organisation keeps, newest first, without texts; there is no filter by person, and none will come."""
    return store.page(session, caller.tenant, query, links)


@router.get(
    "/assessments/{id}.svg",
    response_class=Response,
    responses=PICTURE | responses(404, 405, 413, 422, 503),
    dependencies=[NoParameters],
    summary="Draw an assessment",
)
def draw_assessment(caller: Reader, session: SessionDep, id: AssessmentId) -> Response:
    """A picture for a report: the verdict, both demands and the eight criteria, 640 wide, with a description."""
    picture = draw(store.find(session, caller.tenant, id))
    return Response(picture, media_type="image/svg+xml", headers={"Cache-Control": "no-store"})


@router.get(
    "/assessments/{id:stem}",
    response_model=answers.KeptAnswer,
    response_model_exclude_unset=True,
    responses=responses(404, 405, 413, 422, 503),
    dependencies=[NoParameters],
    summary="Get an assessment",
)
def get_assessment(caller: Reader, session: SessionDep, id: AssessmentId) -> Any:
    """The text and the whole answer, as they were."""
    return store.kept_answer(store.find(session, caller.tenant, id))


@writing.post(
    "/{id}/feedback",
    response_model=answers.FeedbackAnswer,
    status_code=201,
    responses=responses(400, 404, 405, 413, 415, 422, 503),
    summary="Say what it should have been",
)
def give_feedback(caller: Writer, engine: EngineDep, id: AssessmentId, body: requests.FeedbackRequest) -> Any:
    """Agree, or say what a careful reader would answer; it is added to what was said before, and changes nothing."""
    return feedback.give(engine, caller, id, body)


@router.get(
    "/assessments/{id}/feedback",
    response_model=answers.FeedbackPage,
    responses=responses(400, 404, 405, 413, 422, 503),
    summary="List the feedback",
)
def list_feedback(
    caller: Reader, session: SessionDep, links: PageLinks, id: AssessmentId, query: Annotated[PageQuery, Query()]
) -> Any:
    """What readers said of this assessment, newest first."""
    return feedback.page(session, caller.tenant, id, query, links)


@router.get(
    "/subjects/{ref}/export",
    response_model=answers.SubjectExport,
    response_model_exclude_unset=True,
    responses=responses(405, 413, 422, 503),
    dependencies=[NoParameters],
    summary="Hand out what is kept under a pseudonym",
)
def export_subject(caller: Reader, engine: EngineDep, ref: Ref) -> Any:
    """Every assessment with text, answer and feedback; an empty list where nothing is kept."""
    return subjects.export(engine, caller, ref)


@router.delete(
    "/subjects/{ref}",
    response_model=answers.ErasureReceipt,
    responses=responses(405, 413, 422, 503),
    dependencies=[NoParameters],
    summary="Erase what is kept under a pseudonym",
)
def erase_subject(caller: Writer, engine: EngineDep, ref: Ref) -> Any:
    """Erases assessments, feedback and idempotency keys, and gives a receipt; sent again, it finds nothing left."""
    return subjects.erase(engine, caller, ref)


@router.delete(
    "/assessments/{id:stem}",
    status_code=204,
    responses=responses(404, 405, 413, 422, 503),
    dependencies=[NoParameters],
    summary="Erase an assessment",
)
def delete_assessment(caller: Writer, archive: ArchiveDep, id: AssessmentId) -> None:
    """Erases the text, the answer, its feedback and its idempotency key; the audit keeps that it was there."""
    archive.delete(caller, id)
