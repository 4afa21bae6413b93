"""Chunks under leases: each is written once, whoever dies or cancels."""

import json
import zlib
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, update
from sqlmodel import Session, col, select

from app.assessments.service import Assessor
from app.errors import Unavailable
from app.jobs import store
from app.jobs.results import stream
from app.jobs.tables import Chunk, Job
from app.jobs.work import score_chunk
from app.settings import Settings
from tests.support.apps import scorer
from tests.support.databases import Databases

pytestmark = pytest.mark.anyio


@pytest.mark.both_databases
def test_a_chunk_is_written_by_its_last_holder_alone(waiting: tuple[Engine, str]) -> None:
    engine, job_id = waiting
    first = store.claim(engine)
    assert first and (first.number, first.attempts) == (0, 1)
    second = store.claim(engine)
    assert second and second.number == 1
    with Session(engine) as session:  # the first worker is never heard of again
        lapse = update(Chunk).where(col(Chunk.number) == 0).values(due=datetime.now(UTC) - timedelta(seconds=1))
        session.execute(lapse)
        session.commit()
    again = store.claim(engine)
    assert again and (again.number, again.attempts, len(again.items)) == (0, 2, 500)
    assert not store.renew(engine, first)
    assert not store.finish(engine, first, b"late", [], 0)
    assert store.finish(engine, again, b"right", [], 0)
    assert not store.finish(engine, again, b"twice", [], 0)
    with Session(engine) as session:
        job, chunk = session.get_one(Job, job_id), session.get_one(Chunk, (job_id, 0))
        assert (job.status, job.done, job.started_at is not None) == ("running", 500, True)
        assert (chunk.results, chunk.texts) == (b"right", None)


def test_no_clock_that_is_set_back_holds_up_a_job(waiting: tuple[Engine, str]) -> None:
    engine, _ = waiting
    with Session(engine) as session:
        assert max(session.exec(select(Chunk.due)).all()) < datetime.now(UTC) - timedelta(days=365)
    held = store.claim(engine)
    assert held and held.number == 0
    assert store.renew(engine, held, timedelta(0))
    with Session(engine) as session:
        assert max(session.exec(select(Chunk.due)).all()) < datetime.now(UTC) - timedelta(days=365)
    held = store.claim(engine)
    assert held
    with Session(engine) as session:  # as if it had been taken by a clock three hours ahead
        ahead = datetime.now(UTC) + timedelta(hours=3)
        session.exec(update(Chunk).where(col(Chunk.number) == 0).values(due=ahead))
        session.commit()
    again = store.claim(engine)
    assert again and (again.number, again.attempts) == (0, 3)
    following = store.claim(engine)
    assert following and following.number == 1  # what is held by the right clock stays held


def test_an_end_that_a_wrong_clock_set_too_late_is_brought_back(waiting: tuple[Engine, str]) -> None:
    engine, job_id = waiting

    def end_of(status: str, ahead: timedelta) -> timedelta | None:
        with Session(engine) as session:
            values = {"status": status, "expires_at": datetime.now(UTC) + ahead}
            session.exec(update(Job).where(col(Job.id) == job_id).values(**values))
            session.commit()
        store.purge(engine)
        with Session(engine) as session:
            job = session.get(Job, job_id)
            return job and job.expires_at - datetime.now(UTC)

    for status, most in (("receiving", store.UPLOAD_PATIENCE), ("running", store.KEPT)):
        end = end_of(status, timedelta(hours=27))
        assert end and most - timedelta(minutes=1) < end <= most
        end = end_of(status, timedelta(minutes=5))
        assert end and end <= timedelta(minutes=5)
    assert end_of("done", timedelta(seconds=-1)) is None


def test_an_upload_whose_job_was_deleted_is_to_be_sent_again(waiting: tuple[Engine, str]) -> None:
    engine, job_id = waiting
    with Session(engine) as session:
        store.remove(session, job_id)
    with pytest.raises(Unavailable):
        store.add_chunk(engine, job_id, 3, [])


@pytest.mark.both_databases
async def test_cancelling_erases_what_was_not_scored_and_keeps_what_was(
    databases: Databases, waiting: tuple[Engine, str]
) -> None:
    engine, job_id = waiting
    held = store.claim(engine)
    assert held and store.finish(engine, held, zlib.compress(b'{"index":0}\n'), [], 0)
    held = store.claim(engine)
    assert held
    with Session(engine) as session:
        store.cancel(session, job_id)
        chunks = session.exec(select(Chunk).order_by(col(Chunk.number))).all()
        assert [(chunk.state, chunk.texts) for chunk in chunks] == [("done", None), *[("cancelled", None)] * 2]
        job = session.get_one(Job, job_id)
        assert (job.status, job.done) == ("cancelled", 500)
    assert not store.renew(engine, held)
    assert not store.finish(engine, held, b"late", [], 0)
    assert store.claim(engine) is None
    assert b"".join(stream(engine, job_id, 0, "application/x-ndjson")) == b'{"index":0}\n'


@pytest.mark.both_databases
def test_a_chunk_that_ends_every_process_ends_as_errors(waiting: tuple[Engine, str], settings: Settings) -> None:
    engine, job_id = waiting
    with Session(engine) as session:
        session.execute(update(Chunk).values(attempts=5))
        session.commit()
    assessor = Assessor(scorer(), 1)
    while score_chunk(engine, assessor, lambda: False):
        pass
    with Session(engine) as session:
        job = session.get_one(Job, job_id)
        assert (job.status, job.done, job.errors) == ("done", 1200, 1200)
    line = json.loads(next(iter(stream(engine, job_id, 0, "application/x-ndjson"))).splitlines()[0])
    assert line["error"]["code"] == "scoring_failed"
