"""Bulk work over HTTP. What a job holds belongs to the organisation of the key that made it."""

import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from anyio import CancelScope, CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import Engine
from sqlmodel import Session, select

from app.access.dependencies import READ, SCORE, WRITE
from app.access.keys import Caller
from app.assessments import summary
from app.assessments.routes import AssessorDep
from app.bodies import IdempotencyKey, media_type
from app.dependencies import EngineDep, NoParameters, SessionDep
from app.errors import (
    NOT_MODIFIED,
    AppError,
    NotFound,
    TooLarge,
    request_id_of,
    responses,
)
from app.jobs import listing, results, schemas, store, webhooks
from app.jobs.intake import BLOCK, MAX_BYTES, RENEW_SECONDS, Conflict, Intake, Upload
from app.jobs.tables import Chunk, Job
from app.middleware import ACCEPTED_UPLOAD

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

LINE = '{"id": "a-17", "group": "Leeds", "text": "Forty invoices a day, each checked against the order before five."}'
BODY = {
    "requestBody": {
        "required": True,
        "description": "One text a line, up to 1,000,000 texts and 1 GiB, in UTF-8 or, with a mark, UTF-16. A line "
        "that cannot be read gets an error of its own in the results; blank lines do not count. curl: --data-binary.",
        "content": {
            results.NDJSON: {"schema": {"type": "string", "description": "Objects."}, "example": f"{LINE}\n"},
            results.CSV: {
                "schema": {"type": "string", "description": "A header, then rows."},
                "example": 'id,site,text\r\na-17,Leeds,"Forty invoices a day, each checked before five."\r\n',
            },
        },
    }
}
STREAMS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The finished items, streamed.",
        "content": {
            results.NDJSON: {"schema": {"type": "string", "description": "One result a line, as in a batch."}},
            results.CSV: {
                "schema": {"type": "string", "description": "A header, then one row for each result."},
                "example": results.header(),
            },
        },
    }
}
JobId = Annotated[str, Path(description="Id of the job.", examples=["019b8d1a2c004f0c9b7e6a5d4c3b2a19"])]


def find_job(session: Session, request: Request, job_id: str) -> Job:
    """The job of this path. Raises NotFound where it does not belong to the caller's organisation."""
    caller: Caller = request.scope["state"]["caller"]
    job = store.find(session, caller.tenant, job_id) if job_id.isprintable() else None
    if job is None:
        raise NotFound("There is no such job; jobs are deleted 24 hours after their upload.")
    return job


def get_job(request: Request, session: SessionDep, job_id: JobId) -> Job:
    """The job of this path, to be read."""
    return find_job(session, request, job_id)


JobDep = Annotated[Job, Depends(get_job)]


def _media_type(request: Request) -> str:
    """The type of the body. Raises UnsupportedMediaType or TooLarge, which end the connection: a body stands unread."""
    try:
        found = media_type(request, results.NDJSON, results.CSV)
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > MAX_BYTES:
            raise TooLarge(f"The body is larger than {MAX_BYTES} bytes, the limit of a job. Split it.")
    except AppError as error:
        if request.headers.get("content-type", "").lower().startswith("application/x-www-form-urlencoded"):
            error.detail += " With curl: -H 'Content-Type: text/csv' --data-binary @FILE; -d takes the line ends out."
        error.headers["Connection"] = "close"
        raise
    return found


async def get_intake(
    request: Request,
    caller: Annotated[Caller, SCORE],
    wanted: Annotated[schemas.NewJob, Query()],
    idempotency_key: IdempotencyKey = None,
) -> Intake:
    """What receives the upload, once its parameters are in order."""
    found, state = _media_type(request), request.app.state
    state.assessor.check_version(wanted.options)
    if wanted.webhook:
        webhooks.check(wanted.webhook, state.webhook_hosts)
    upload = Upload(caller.tenant, idempotency_key, request_id_of(request), found, wanted)
    return Intake(state.engine, upload, state.cleanup)


async def _blocks(request: Request) -> AsyncIterator[bytes]:
    """The body in blocks that are worth a turn of a thread; a slow one in what has come when it is time to renew it."""
    gathered, since = bytearray(), time.monotonic()
    state = request.scope["state"]
    state["bytes_in"] = 0
    state[ACCEPTED_UPLOAD] = True
    async for piece in request.stream():
        state["bytes_in"] += len(piece)
        gathered += piece
        if len(gathered) >= BLOCK or time.monotonic() - since > RENEW_SECONDS:
            yield bytes(gathered)
            gathered.clear()
            since = time.monotonic()
    yield bytes(gathered)


@router.post(
    "",
    status_code=202,
    response_model=schemas.JobAnswer,
    responses=responses(405, 409, 413, 415, 422, 503),
    openapi_extra=BODY,
    summary="Score up to 1,000,000 texts",
)
async def create_job(
    request: Request,
    response: Response,
    intake: Annotated[Intake, Depends(get_intake)],
) -> Any:
    """Takes NDJSON or CSV as it streams in and scores it in the background; texts are erased as they are scored."""
    threads: CapacityLimiter = request.app.state.uploads
    await to_thread.run_sync(intake.open, limiter=threads)
    try:
        async for block in _blocks(request):
            await to_thread.run_sync(intake.feed, block, limiter=threads)
        job_id, replayed = await to_thread.run_sync(intake.end, limiter=threads)
    except BaseException:
        with CancelScope(shield=True):
            await to_thread.run_sync(intake.abandon, limiter=threads)
        raise
    request.app.state.runner.wake()
    response.headers["Location"] = f"/v1/jobs/{job_id}"
    if replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return await to_thread.run_sync(_created, request.app.state.engine, job_id)


def _created(engine: Engine, job_id: str) -> Any:
    with Session(engine.execution_options(readonly=True)) as session:
        job = session.get(Job, job_id)
        if job is None:
            raise Conflict("The job was deleted in the meantime.")
        return listing.answer(session, job, secret=True)


@router.get(
    "", response_model=schemas.JobPage, responses=NOT_MODIFIED | responses(400, 405, 413, 422, 503), summary="List jobs"
)
def list_jobs(session: SessionDep, caller: Annotated[Caller, READ], query: Annotated[schemas.JobList, Query()]) -> Any:
    """The jobs of your organisation, newest first."""
    return listing.page(session, caller.tenant, query)


ITEM = responses(404, 405, 413, 422, 503)


@router.get(
    "/{job_id}",
    response_model=schemas.JobAnswer,
    responses=NOT_MODIFIED | ITEM,
    dependencies=[READ, NoParameters],
    summary="How far is a job?",
)
def get_job_progress(session: SessionDep, job: JobDep) -> Any:
    """What is done, what went wrong, and how long it will go on."""
    return listing.answer(session, job)


@router.get(
    "/{job_id}/results",
    response_class=StreamingResponse,
    response_model=None,
    responses=STREAMS | ITEM,
    dependencies=[READ],
    summary="Get results",
)
def get_job_results(
    request: Request, engine: EngineDep, job: JobDep, query: Annotated[schemas.ResultsQuery, Query()]
) -> Response:
    """The finished items in the order of your upload, as NDJSON or CSV; while the job runs, up to the first gap."""
    accepted = results.CSV if results.CSV in request.headers.get("accept", "") else results.NDJSON
    kind = {"csv": results.CSV, "ndjson": results.NDJSON, None: accepted}[query.format]
    headers = {"Job-Status": job.status, "Cache-Control": "no-store", "Vary": "Accept"}
    unread = request.scope["state"]["head"]
    lines = iter(()) if unread else results.stream(engine, job.id, query.start, kind)
    return StreamingResponse(lines, headers=headers, media_type=kind)


@router.get(
    "/{job_id}/summary",
    response_model=schemas.JobSummary,
    responses=NOT_MODIFIED | responses(404, 405, 409, 413, 422, 503),
    dependencies=[READ, NoParameters],
    summary="Summarise a job",
)
def get_job_summary(session: SessionDep, assessor: AssessorDep, job: JobDep) -> Any:
    """Counts and mean demand with 95 % intervals that allow for the model's errors; no group under ten texts."""
    if job.status not in {"done", "cancelled"}:
        raise Conflict("The job has not ended. Summaries before its end would let small groups be worked out.")
    tallies = session.exec(select(Chunk.tally).where(Chunk.job_id == job.id, Chunk.state == "done")).all()
    return summary.explained([list(rows) for rows in tallies if rows], assessor.scorer.card)


@router.post(
    "/{job_id}/cancel",
    response_model=schemas.JobAnswer,
    responses=ITEM,
    dependencies=[SCORE, NoParameters],
    summary="Cancel a job",
)
def cancel_job(request: Request, engine: EngineDep, job_id: JobId) -> Any:
    """Ends a job; texts that were not scored are erased, finished results stay. Ending it twice changes nothing."""
    with Session(engine) as session:
        store.cancel(session, find_job(session, request, job_id).id)
        store.scrub(engine)
        return listing.answer(session, find_job(session, request, job_id))


@router.delete(
    "/{job_id}",
    status_code=204,
    responses=ITEM,
    dependencies=[WRITE, NoParameters],
    summary="Delete a job",
)
def delete_job(request: Request, engine: EngineDep, job_id: JobId) -> None:
    """Deletes a job with its texts and results, whether it has ended or not."""
    with Session(engine) as session:
        store.remove(session, find_job(session, request, job_id).id)
    store.scrub(engine)
