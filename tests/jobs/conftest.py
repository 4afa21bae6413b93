"""An organisation, and a job that nobody works on."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from app.jobs import store
from app.jobs.items import Item
from app.jobs.tables import Job
from tests.support.apps import key
from tests.support.databases import Databases
from tests.support.jobs import MakeKey, fresh
from tests.support.texts import SITUATION


@pytest.fixture(scope="module")
def mine(make_key: MakeKey) -> dict[str, str]:
    return key(make_key("read", "score", "write", tenant="jobs"))


@pytest.fixture
def waiting(databases: Databases, engines: Callable[[str], Engine]) -> tuple[Engine, str]:
    """A database that no service works on, with a job of three chunks."""
    engine, now = engines(fresh(databases).database_url), datetime.now(UTC)
    with Session(engine) as session:
        job = Job(id=store.new_id(), tenant="a", status="receiving", options={}, request_id="r", created_at=now,
                  expires_at=now + store.KEPT, total=1200)  # fmt: skip
        session.add(job)
        session.commit()
        job_id = job.id
    for number, count in enumerate((500, 500, 200)):
        texts = [Item(f"{number * 500 + place}", None, f"{SITUATION} {place}") for place in range(count)]
        store.add_chunk(engine, job_id, number, texts)
    with Session(engine) as session:
        store.change_upload(session, job_id, status="queued")
        session.commit()
    return engine, job_id
