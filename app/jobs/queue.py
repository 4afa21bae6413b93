"""Chunks carried to workers on other machines by procrastinate, a queue in PostgreSQL (extra `worker`).

The queue says who scores which chunk; what a chunk is and whether it is done stands in our tables. A chunk is put into
the queue in the transaction that notes it as put there, so none is lost; one that is carried twice is written once.
"""

import logging
from datetime import UTC, datetime
from typing import Any

import procrastinate
from sqlalchemy import Engine, make_url, text, update
from sqlmodel import Session, col, select

from app.assessments.service import Assessor
from app.jobs.store import ACTIVE, KEPT
from app.jobs.tables import Chunk, Job
from app.jobs.work import score_chunk

SCHEMA = "procrastinate"
QUEUE = "scoring"
BATCH = 500
STALLED_SECONDS = 30.0
_LOCK = 0x4C4F4D32
_PATH = text(f"SET LOCAL search_path TO {SCHEMA}")

logging.getLogger("procrastinate").setLevel(logging.WARNING)


class ProcrastinateQueue:
    """What the service needs of the queue: to put chunks into it."""

    def __init__(self, engine: Engine) -> None:
        create_schema(engine)
        self._app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())

    def carry(self, engine: Engine) -> None:
        """Put every chunk into the queue that is not there: new ones, and those whose worker let its lease run out."""
        now = datetime.now(UTC)
        waiting = select(Chunk.job_id, Chunk.number).join(Job, col(Job.id) == col(Chunk.job_id))
        waiting = waiting.where(Chunk.state == "open", Chunk.due <= now, col(Job.status).in_(ACTIVE))
        waiting = waiting.order_by(col(Chunk.number)).limit(BATCH).with_for_update(skip_locked=True, of=Chunk)
        with Session(engine) as session:
            while rows := session.exec(waiting).all():
                for job_id, number in rows:
                    there = update(Chunk).where(col(Chunk.job_id) == job_id, col(Chunk.number) == number)
                    session.execute(there.values(due=now + KEPT))
                session.flush()
                session.execute(_PATH)
                mine: Any = session.connection().connection.driver_connection
                for job_id, number in rows:  # the chunks that stand first in their jobs go first
                    task = self._app.configure_task("score_chunk", queue=QUEUE, priority=-number, connection=mine)
                    task.defer(job_id=job_id, number=number)
                session.commit()


def create_schema(engine: Engine) -> None:
    """Make procrastinate's tables in a schema of their own, once."""
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        if connection.scalar(text(f"SELECT to_regclass('{SCHEMA}.procrastinate_jobs')")) is None:
            connection.execute(_PATH)
            raw: Any = connection.connection.driver_connection
            raw.execute(procrastinate.schema.SchemaManager.get_schema())


def run_worker(engine: Engine, assessor: Assessor, concurrency: int) -> None:
    """Score chunks from the queue until a signal ends it; the chunks at hand are finished."""
    create_schema(engine)
    address = make_url(engine.url).set(drivername="postgresql").render_as_string(hide_password=False)
    connector = procrastinate.PsycopgConnector(
        conninfo=address, kwargs={"options": f"-c search_path={SCHEMA}"}, max_size=concurrency + 4
    )
    app = procrastinate.App(connector=connector)

    @app.task(name="score_chunk", queue=QUEUE, retry=procrastinate.RetryStrategy(max_attempts=20, wait=5))
    def score(job_id: str, number: int) -> None:
        score_chunk(engine, assessor, lambda: False, (job_id, number))

    @app.periodic(cron="* * * * * */15")
    @app.task(name="retry_stalled", queue=QUEUE, queueing_lock="retry_stalled", pass_context=True)
    async def retry_stalled(context: procrastinate.JobContext, timestamp: int) -> None:
        jobs = context.app.job_manager
        for job in await jobs.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=STALLED_SECONDS):
            await jobs.retry_job(job)

    app.run_worker(queues=[QUEUE], concurrency=concurrency, delete_jobs="always", install_signal_handlers=True)
