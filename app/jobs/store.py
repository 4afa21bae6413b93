"""What happens to jobs and chunks in the database, each step one transaction of its own.

Whoever changes a job and its chunks together changes the job first: two such changes then wait for each other and
cannot lock each other out.
"""

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Engine, and_, case, delete, exists, func, or_, text, update
from sqlmodel import Session, col, select

from app.errors import Unavailable
from app.jobs.items import CHUNK_ITEMS, Item, pack, unpack
from app.jobs.tables import Chunk, Job

KEPT = timedelta(hours=24)
UPLOAD_PATIENCE = timedelta(seconds=60)
"""An upload that nobody has renewed for as long counts as broken off: its process has died."""
LEASE = timedelta(seconds=60)
FREE = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when what nobody holds has been due: a time that no clock can set back brings into the future."""
RATE_CHUNKS = 20
"""The estimate rests on this many chunks, the last that were finished."""
ACTIVE = ("queued", "running")
ENDED = ("done", "cancelled")


def new_id() -> str:
    """An id that sorts by time and cannot be guessed."""
    return f"{int(time.time() * 1000):012x}{secrets.token_hex(10)}"


@dataclass(frozen=True)
class Claim:
    """A chunk that is ours for a while, as the `attempts`-th to try."""

    job_id: str
    tenant: str
    number: int
    attempts: int
    options: dict[str, Any]
    request_id: str
    items: list[Item]

    @property
    def start(self) -> int:
        """Index of its first item in the job."""
        return self.number * CHUNK_ITEMS

    @property
    def mine(self) -> ColumnElement[bool]:
        """Holds as long as nobody else has taken the chunk and nobody has cancelled it."""
        same = (col(Chunk.job_id) == self.job_id) & (col(Chunk.number) == self.number)
        return same & (col(Chunk.attempts) == self.attempts) & (col(Chunk.state) == "open")


def find(session: Session, tenant: str, job_id: str) -> Job | None:
    """A job of this organisation."""
    return session.exec(select(Job).where(Job.id == job_id, Job.tenant == tenant)).first()


def add_chunk(engine: Engine, job_id: str, number: int, items: list[Item]) -> None:
    """Write the next texts of an upload. Raises Unavailable where the job was deleted meanwhile."""
    with Session(engine) as session:
        change_upload(session, job_id, expires_at=datetime.now(UTC) + UPLOAD_PATIENCE)
        session.add(Chunk(job_id=job_id, number=number, state="open", due=FREE, items=len(items), texts=pack(items)))
        session.commit()


def renew_upload(engine: Engine, job_id: str) -> None:
    """Say that an upload goes on. Raises Unavailable where its job was deleted."""
    with Session(engine) as session:
        change_upload(session, job_id, expires_at=datetime.now(UTC) + UPLOAD_PATIENCE)
        session.commit()


def change_upload(session: Session, job_id: str, **values: Any) -> None:
    """Change a job that is being uploaded. Raises Unavailable where it was deleted meanwhile."""
    uploading = (col(Job.id) == job_id) & (col(Job.status) == "receiving")
    if not _changed(session.execute(update(Job).where(uploading).values(**values))):
        raise Unavailable("The job was deleted before its upload had ended. Send it again.")


def abandon(engine: Engine, job_id: str) -> None:
    """Delete a job whose upload has failed; one that was received whole stays, though its answer may be lost."""
    with Session(engine) as session:
        gone = session.execute(delete(Job).where(col(Job.id) == job_id, col(Job.status) == "receiving"))
        session.commit()
    if _changed(gone):
        scrub(engine)


def claim(engine: Engine, only: tuple[str, int] | None = None) -> Claim | None:
    """Take the chunk that is furthest back in its job, or `only` this one, whoever held it before."""
    now = datetime.now(UTC)
    free = select(Chunk, Job).join(Job, col(Job.id) == col(Chunk.job_id))
    free = free.where(Chunk.state == "open", col(Job.status).in_(ACTIVE))
    if only:
        free = free.where(Chunk.job_id == only[0], Chunk.number == only[1])
    else:
        free = free.where(lapsed(now, LEASE)).order_by(col(Chunk.number), col(Chunk.job_id)).limit(1)
    with Session(engine.execution_options(readonly=True)) as session:
        if session.execute(free.with_only_columns(col(Chunk.number))).first() is None:
            return None  # without having asked for the right to write
    with Session(engine) as session:
        found = session.exec(free.with_for_update(skip_locked=True, of=Chunk)).first()
        if found is None:
            return None
        chunk, job = found
        chunk.attempts += 1
        chunk.due = now + LEASE
        items = unpack(chunk.texts or b"")
        mine = Claim(job.id, job.tenant, chunk.number, chunk.attempts, job.options, job.request_id, items)
        first = job.status == "queued"
        session.commit()
        if first:
            begin = update(Job).where(col(Job.id) == mine.job_id, col(Job.status) == "queued")
            session.execute(begin.values(status="running", started_at=now))
            session.commit()
    return mine


def lapsed(now: datetime, lasts: timedelta) -> ColumnElement[bool]:
    """Chunks that nobody holds, where who takes one holds it for so long. A time further ahead than that is of a clock
    that was set back since."""
    return or_(col(Chunk.due) <= now, col(Chunk.due) > now + lasts)


def renew(engine: Engine, mine: Claim, lease: timedelta = LEASE) -> bool:
    """Hold on to a chunk; a lease of nothing gives it back. False if it is no longer ours."""
    due = datetime.now(UTC) + lease if lease else FREE
    with Session(engine) as session:
        found = session.execute(update(Chunk).where(mine.mine).values(due=due))
        session.commit()
    return _changed(found) == 1


def finish(engine: Engine, mine: Claim, results: bytes, tally: list[Any], errors: int) -> bool:
    """Write the results of a chunk and erase its texts. False, and nothing written, if it is no longer ours."""
    now = datetime.now(UTC)
    with Session(engine) as session:
        done = col(Job.done) + len(mine.items)
        last = done >= col(Job.total)
        hook = (col(Job.webhook_state) == "waiting") & last
        status = session.execute(
            update(Job)
            .where(col(Job.id) == mine.job_id, col(Job.status).in_(ACTIVE))
            .values(
                done=done,
                errors=col(Job.errors) + errors,
                status=case((last, "done"), else_="running"),
                finished_at=case((last, now), else_=None),
                webhook_state=case((hook, "due"), else_=col(Job.webhook_state)),
                webhook_due=case((hook, FREE), else_=col(Job.webhook_due)),
            )
            .returning(col(Job.status))
        ).scalar_one_or_none()
        values = {"state": "done", "texts": None, "results": results, "tally": tally, "finished_at": now}
        written = session.execute(update(Chunk).where(mine.mine).values(**values))
        if status is None or _changed(written) != 1:
            session.rollback()
            return False
        session.commit()
    if status == "done":
        scrub(engine)
    return True


def cancel(session: Session, job_id: str) -> None:
    """End a job that has not ended; the texts that were not scored are erased. Finished chunks keep their results."""
    now = datetime.now(UTC)
    ended = session.execute(
        update(Job)
        .where(col(Job.id) == job_id, col(Job.status).in_(ACTIVE))
        .values(
            status="cancelled",
            finished_at=now,
            webhook_state=case((col(Job.webhook_state) == "waiting", "due"), else_=col(Job.webhook_state)),
            webhook_due=FREE,
        )
    )
    if _changed(ended):
        left = update(Chunk).where(col(Chunk.job_id) == job_id, col(Chunk.state) == "open")
        session.execute(left.values(state="cancelled", texts=None))
    session.commit()


def remove(session: Session, job_id: str) -> None:
    """Delete a job with everything in it."""
    session.execute(delete(Job).where(col(Job.id) == job_id))
    session.commit()


def purge(engine: Engine) -> int:
    """Delete the jobs whose time is over. How many there were. An end that lies further ahead than jobs are kept is of
    a clock that was set back since; it is brought back to where it can be at most."""
    now = datetime.now(UTC)
    over = col(Job.expires_at) < now
    receiving = and_(col(Job.status) == "receiving", col(Job.expires_at) > now + UPLOAD_PATIENCE)
    wrong = (receiving, col(Job.expires_at) > now + KEPT)
    any_of = [exists(select(Job.id).where(one)) for one in (over, *wrong)]  # one by one, as each has its index
    with Session(engine.execution_options(readonly=True)) as session:
        if not session.scalar(select(or_(*any_of))):
            return 0
    latest = case((col(Job.status) == "receiving", now + UPLOAD_PATIENCE), else_=now + KEPT)
    with Session(engine) as session:
        for one in wrong:
            session.execute(update(Job).where(one).values(expires_at=latest))
        gone = session.execute(delete(Job).where(over))
        session.commit()
    if _changed(gone):
        scrub(engine)
    return _changed(gone)


def scrub(engine: Engine) -> None:
    """Let go of what the database still holds of erased texts: SQLite's write-ahead log, PostgreSQL's dead rows."""
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("VACUUM (SKIP_LOCKED) job_chunk"))  # one that is locked is not waited for
        else:
            raw: Any = connection.connection.driver_connection
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def rates(session: Session, jobs: Iterable[Job]) -> dict[str, float]:
    """Texts a second of the jobs that run, by id, over the last chunks that were finished; none for a job of which
    fewer than two are, or whose clock was set back behind them."""
    running = [job.id for job in jobs if job.status == "running"]
    if not running:
        return {}
    place = func.row_number().over(partition_by=col(Chunk.job_id), order_by=col(Chunk.finished_at).desc())
    done = select(Chunk.job_id, Chunk.items, Chunk.finished_at, place.label("place"))
    last = done.where(col(Chunk.job_id).in_(running), Chunk.state == "done").subquery()
    found: dict[str, list[tuple[int, datetime | None]]] = {}
    rows = select(last.c.job_id, last.c["items"], last.c.finished_at).where(last.c.place <= RATE_CHUNKS)
    for job_id, items, finished_at in session.exec(rows.order_by(last.c.job_id, last.c.place)):
        found.setdefault(job_id, []).append((items, finished_at))
    speeds = {job_id: _rate(rows) for job_id, rows in found.items()}
    return {job_id: speed for job_id, speed in speeds.items() if speed is not None}


def _rate(rows: list[tuple[int, datetime | None]]) -> float | None:
    if len(rows) < 2 or rows[-1][1] is None:
        return None
    seconds = (datetime.now(UTC) - rows[-1][1]).total_seconds()
    return sum(items for items, _ in rows[:-1]) / seconds if seconds > 0 else None


def _changed(result: Any) -> int:
    return int(result.rowcount) if isinstance(result, CursorResult) else 0
