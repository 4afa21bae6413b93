"""Jobs are listed, purged and told of by index, however many there are."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, insert, text

from app.jobs import deliveries, store
from app.jobs.tables import Chunk, Job
from app.settings import Settings
from tests.support.apps import key, key_maker, running
from tests.support.databases import Databases
from tests.support.statements import Statement, accesses, statements

pytestmark = pytest.mark.anyio

COUNT = 3_000


def fill(engine: Engine) -> None:
    """Write many jobs of many tenants, none of them overdue, all told of."""
    now = datetime.now(UTC)
    same = Job(
        id="", tenant="", status="done", options={"x": "y" * 200}, request_id="r", created_at=now, expires_at=now
    )
    ends = {"expires_at": now + timedelta(hours=20), "webhook_state": "delivered"}
    rows = [same.model_dump() | ends | {"id": f"{n:032x}", "tenant": f"t-{n % 20}"} for n in range(COUNT)]
    with engine.begin() as connection:
        connection.execute(insert(Job), rows)
    if engine.dialect.name == "postgresql":
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("VACUUM ANALYZE"))


@pytest.mark.both_databases
async def test_lists_purges_and_webhooks_go_by_index(databases: Databases, engines: Callable[[str], Engine]) -> None:
    settings = Settings(database_url=databases.seeded())
    engine = engines(settings.database_url)
    fill(engine)

    def used(sent: Iterable[Statement]) -> set[str]:
        return {index for table, index in accesses(engine, sent) if table == "job"}

    async with running(settings) as client:
        mine = key(key_maker(settings.database_url)("read", tenant="t-7"))
        with statements(engine) as sent:
            first = (await client.get("/v1/jobs?limit=5", headers=mine)).json()
            second = (await client.get(first["page"]["next"], headers=mine)).json()
        assert (first["page"]["total"], len(second["items"])) == (COUNT // 20, 5)
        assert "" not in used(one for one in sent if "job.tenant" in one)
    for work in (store.purge, deliveries.claim):
        with statements(engine) as sent:
            work(engine)
        assert "" not in used(sent), (work, sent)


@pytest.mark.both_databases
async def test_the_speeds_of_all_running_jobs_of_a_page_are_told_in_one_statement(
    databases: Databases, engines: Callable[[str], Engine]
) -> None:
    settings = Settings(database_url=databases.seeded())
    engine = engines(settings.database_url)
    now = datetime.now(UTC)
    job = Job(id="", tenant="t", status="running", options={}, request_id="r", created_at=now, expires_at=now, total=99)
    chunk = Chunk(job_id="", number=0, state="done", due=now, items=10)
    with engine.begin() as connection:
        for n in range(1, 5):
            one = {"id": f"{n:032x}", "expires_at": now + timedelta(hours=20)}
            connection.execute(insert(Job), [job.model_dump() | one])
            times = [now - timedelta(seconds=1 + 10 * number) for number in range(n - 1)]
            chunks = [{"job_id": one["id"], "number": k, "finished_at": time} for k, time in enumerate(times)]
            for values in chunks:
                connection.execute(insert(Chunk), [chunk.model_dump() | values])
    async with running(settings) as client:
        mine = key(key_maker(settings.database_url)("read", tenant="t"))
        with statements(engine) as sent:
            items = (await client.get("/v1/jobs", headers=mine)).json()["items"]
        alone = [(await client.get(item["href"], headers=mine)).json()["estimate"] for item in items]
    assert len([one for one in sent if "FROM job_chunk" in one and "row_number" in one]) == 1
    told = [item["estimate"] and item["estimate"]["texts_per_second"] for item in items]
    assert told == [pytest.approx(20 / 21, abs=0.2), pytest.approx(10 / 11, abs=0.2), None, None]
    assert [bool(one) for one in alone] == [True, True, False, False]
