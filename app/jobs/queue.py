"""Chunks carried to workers on other machines by procrastinate, a queue in PostgreSQL (extra `worker`).

The queue says who scores which chunk; what a chunk is and whether it is done stands in our tables. A chunk is put into
the queue in the transaction that notes it as put there, so none is lost; one that is carried twice is written once.
"""

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import procrastinate
from procrastinate.schema import SchemaManager
from sqlalchemy import Engine, make_url, text, update
from sqlmodel import Session, col, select

from app.assessments.service import Assessor
from app.jobs.store import ACTIVE, KEPT, lapsed
from app.jobs.tables import Chunk, Job
from app.jobs.work import score_chunk
from app.settings import SettingsError

SCHEMA = "procrastinate"
QUEUE = "scoring"
BATCH = 500
STALLED_SECONDS = 30.0
_LOCK = 0x4C4F4D32
_UNNAMED = "03.04.00_50_post_add_retry_failed_job_procedure.sql"
"""What a schema holds that was made before its comment named it, by procrastinate 3.10."""
_PATH = text(f"SET LOCAL search_path TO {SCHEMA}")

logging.getLogger("procrastinate").setLevel(logging.WARNING)


class ProcrastinateQueue:
    """What the service needs of the queue: to put chunks into it."""

    def __init__(self, engine: Engine) -> None:
        prepare_schema(engine)
        self._app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())

    def carry(self, engine: Engine) -> None:
        """Put every chunk into the queue that is not there: new ones, and those whose worker let its lease run out."""
        now = datetime.now(UTC)
        waiting = select(Chunk.job_id, Chunk.number).join(Job, col(Job.id) == col(Chunk.job_id))
        waiting = waiting.where(Chunk.state == "open", lapsed(now, KEPT), col(Job.status).in_(ACTIVE))
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


def prepare_schema(engine: Engine) -> None:
    """Make procrastinate's tables in a schema of their own, or bring them to the version of the library.

    procrastinate leaves it to us to know which of its migrations are applied: the schema's comment names the last one.
    Raises SettingsError where a newer library has been here.
    """
    shipped = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    newest = shipped[-1].name
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        connection.execute(_PATH)
        raw: Any = connection.connection.driver_connection
        if connection.scalar(text("SELECT to_regclass('procrastinate_jobs')")) is None:
            raw.execute(SchemaManager.get_schema())
            applied = ""
        else:
            applied = connection.scalar(text(f"SELECT obj_description('{SCHEMA}'::regnamespace)")) or _UNNAMED
            for migration in shipped:
                if migration.name > applied:
                    raw.execute(migration.read_text(encoding="utf-8"))
        if applied > newest:
            raise SettingsError(
                f"LOM_JOBS: the queue's tables are of a newer procrastinate (migration {applied}, here {newest}); "
                "install the release that the other machines have"
            )
        if applied < newest:
            raw.execute(f"COMMENT ON SCHEMA {SCHEMA} IS '{newest}'")


def run_worker(engine: Engine, assessor: Assessor, concurrency: int) -> None:
    """Score chunks from the queue until a signal ends it; the chunks at hand are finished."""
    prepare_schema(engine)
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
