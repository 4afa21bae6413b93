"""Bulk work: what goes in comes out in order, once, and leaves no text behind."""

import asyncio
import base64
import csv
import hashlib
import hmac
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from sqlalchemy import Engine, text, update
from sqlmodel import Session, col, select
from typer.testing import CliRunner

from app.access.keys import SCOPES, create
from app.assessments.service import Assessor
from app.assessments.summary import gather, summarise, withheld
from app.cli import cli
from app.jobs import items, store, webhooks
from app.jobs.intake import Conflict
from app.jobs.items import Item, Records, unpack
from app.jobs.results import stream
from app.jobs.routes import get_job_summary
from app.jobs.tables import Chunk, Job
from app.jobs.work import score_chunk
from app.main import set_up
from app.scoring import Scorer
from app.settings import Settings, SettingsError
from tests.conftest import ROOT, SITUATION, Databases, Server
from tests.test_access import key, running

pytestmark = pytest.mark.anyio
MakeKey = Callable[..., str]
NDJSON, CSV = {"content-type": "application/x-ndjson"}, {"content-type": "text/csv"}
TEXTS = (
    SITUATION,
    "Nobody trusts the new roster since the layoffs.",
    "Forty invoices a day, each checked before five.",
)


# the model does not read French, which takes a tenth of the time
QUICK = "La réorganisation de l'usine numéro {} inquiète toute l'équipe depuis le printemps."


@pytest.fixture(scope="module")
def mine(make_key: MakeKey) -> dict[str, str]:
    return key(make_key("read", "score", "write", tenant="jobs"))


def ndjson(*lines: dict[str, Any]) -> bytes:
    return "".join(f"{json.dumps(line)}\n" for line in lines).encode()


async def ended(client: httpx.AsyncClient, job: dict[str, Any], mine: dict[str, str]) -> dict[str, Any]:
    for _ in range(600):
        job = (await client.get(job["href"], headers=mine)).json()
        if job["status"] in {"done", "cancelled"}:
            return job
        await asyncio.sleep(0.1)
    raise TimeoutError(job)


async def started(
    client: httpx.AsyncClient, mine: dict[str, str], body: Any, query: str = "", **headers: str
) -> dict[str, Any]:
    kind = {"content-type": headers.pop("kind", "application/x-ndjson")}
    answer = await client.post(f"/v1/jobs{query}", content=body, headers=mine | kind | headers)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == answer.json()["href"]
    found: dict[str, Any] = answer.json()
    return found


async def results(client: httpx.AsyncClient, job: dict[str, Any], mine: dict[str, str], query: str = "") -> list[Any]:
    answer = await client.get(f"{job['href']}/results{query}", headers=mine)
    assert answer.status_code == 200
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_a_job_says_what_score_says_in_order_and_a_bad_line_spoils_nothing(
    client: httpx.AsyncClient, mine: dict[str, str]
) -> None:
    lines = [json.dumps({"text": text, "id": f"t{n}"}).encode() for n, text in enumerate(TEXTS)]
    bad = [b"{", b'{"text": " ", "id": "x", "group": "g"}', b'{"txt": 1}', b'{"text": "\xff"}', b'{"text": "a\\u0000"}']
    bad.append(b'{"text": "' + b"a" * items.MAX_LINE + b'"}')
    job = await started(client, mine, b"\n\n".join([lines[0], *bad, *lines[1:]]), "?max_evidence=2&offset_unit=utf16")
    job = await ended(client, job, mine)
    assert (job["texts"], job["done"], job["errors"], job["status"]) == (9, 9, 6, "done")
    found = await results(client, job, mine)
    assert [line["index"] for line in found] == list(range(9))
    codes = [line["error"]["code"] for line in found if line["status"] == "error"]
    assert codes == ["line_invalid", "text_empty", "item_invalid", "line_invalid", "text_invalid", "line_too_long"]
    assert found[2]["id"] == "x" and found[2]["group"] == "g"
    options = {"include": ["evidence", "recommendations"], "max_evidence": 2, "offset_unit": "utf16"}
    for line, told in zip([found[0], *found[7:]], TEXTS, strict=True):
        body = {"text": told, "id": line["id"], "options": options}
        alone = (await client.post("/v1/score", json=body)).json()
        quotes = [quote for part in ("criteria", "factors") for trait in alone[part] for quote in trait["evidence"]]
        assert quotes
        for quote in quotes:
            del quote["quote"]
        assert json.dumps(line["result"]) == json.dumps(alone)


async def test_csv_goes_in_by_named_columns_and_comes_out_as_rows(
    client: httpx.AsyncClient, mine: dict[str, str]
) -> None:
    body = (
        "\ufeffWo;Kommentar;Nr\r\n"
        'Leeds;"Two plants merge;\r\nnobody ""knows"" the structure";7\r\n'
        "Bonn;zu;viele;Felder\r\n"
        ";Every form is checked twice before five.;8"
    )
    query = "?text_column=Kommentar&id_column=Nr&group_column=Wo&delimiter=semicolon"
    job = await ended(client, await started(client, mine, body.encode(), query, kind="text/csv"), mine)
    answer = await client.get(f"{job['href']}/results", headers=mine | {"accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["index"], row["id"], row["group"], row["error"]) for row in rows] == [
        ("0", "7", "Leeds", ""),
        ("1", "", "", "line_invalid"),
        ("2", "8", "", ""),
    ]
    told = 'Two plants merge;\r\nnobody "knows" the structure'
    alone = (await client.post("/v1/score", json={"text": told})).json()
    assert float(rows[0]["demand_leadership"]) == alone["demand"]["leadership"]
    assert float(rows[0]["p_both"]) == alone["probabilities"]["both"]
    assert rows[0]["change"] == str(alone["criteria"][0]["probability"])
    head = await client.head(f"{job['href']}/results", headers=mine)
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_records_are_the_same_however_the_bytes_arrive(block: int) -> None:
    body = b'a,b\n"x\n""y""",2\n"' + b"z" * (items.MAX_LINE + 5) + b'\nq,3\n"open,4'
    records = Records(quoted=True)
    found = [r for at in range(0, len(body), block) for r in records.feed(body[at : at + block])]
    assert [*found, *records.end()] == [b"a,b", b'"x\n""y""",2', None, b"q,3", b'"open,4\n']


async def test_what_cannot_become_a_job_is_refused_and_leaves_nothing(
    client: httpx.AsyncClient, mine: dict[str, str], settings: Settings, engines: Callable[[str], Engine]
) -> None:
    def count() -> int:
        with Session(engines(settings.database_url)) as session:
            return len(session.exec(select(Job.id)).all()) + len(session.exec(select(Chunk.number)).all())

    before, body = count(), ndjson({"text": "A plan."})
    for query, kind, content, status, code in [
        ("", "application/json", body, 415, "unsupported_media_type"),
        ("", "application/x-ndjson", b"\n \n", 422, "job_empty"),
        ("?colour=red", "application/x-ndjson", body, 422, "validation_failed"),
        ("?include=explanation", "application/x-ndjson", body, 422, "validation_failed"),
        ("?model_version=1999.1", "application/x-ndjson", body, 422, "unknown_model_version"),
        ("?text_column=comment", "text/csv", b"text\nA plan.\n", 422, "validation_failed"),
        ("?webhook=https://evil.example.com/", "application/x-ndjson", body, 422, "webhook_refused"),
    ]:
        answer = await client.post(f"/v1/jobs{query}", content=content, headers=mine | {"content-type": kind})
        assert (answer.status_code, answer.json()["code"]) == (status, code), query
    big = mine | NDJSON | {"content-length": str(2**40)}
    assert (await client.post("/v1/jobs", content=body, headers=big)).status_code == 413
    assert count() == before


async def test_limits_hold_while_the_body_streams(
    client: httpx.AsyncClient, mine: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield ndjson({"text": "A plan."}) * 100

    monkeypatch.setattr("app.jobs.intake.MAX_TEXTS", 1500)
    assert (await client.post("/v1/jobs", content=body(), headers=mine | NDJSON)).status_code == 413
    monkeypatch.setattr("app.jobs.intake.MAX_TEXTS", 10**6)
    monkeypatch.setattr("app.jobs.intake.MAX_BYTES", 20_000)
    assert (await client.post("/v1/jobs", content=body(), headers=mine | NDJSON)).status_code == 413


async def test_a_job_belongs_to_its_organisation_alone(
    client: httpx.AsyncClient, mine: dict[str, str], make_key: MakeKey
) -> None:
    job = await started(client, mine, ndjson({"text": "A plan."}))
    other = key(make_key("read", "score", "write", tenant="elsewhere")) | {"x-request-id": "same"}
    for method, part in (("GET", ""), ("GET", "/results"), ("GET", "/summary"), ("POST", "/cancel"), ("DELETE", "")):
        foreign = await client.request(method, f"/v1/jobs/{job['id']}{part}", headers=other)
        unknown = await client.request(method, f"/v1/jobs/{'0' * 32}{part}", headers=other)
        assert foreign.status_code == 404
        assert foreign.content == unknown.content
    listed = (await client.get("/v1/jobs", headers=other)).json()
    assert listed["items"] == [] and listed["page"]["total"] == 0
    assert (await client.get("/v1/jobs", headers=mine)).json()["items"][0]["id"] == job["id"]


async def test_the_list_pages_both_ways_and_refuses_foreign_cursors(
    client: httpx.AsyncClient, make_key: MakeKey
) -> None:
    mine = key(make_key("read", "score", tenant="pages"))
    ids = [(await started(client, mine, ndjson({"text": "A plan."})))["id"] for _ in range(5)][::-1]
    first = (await client.get("/v1/jobs?limit=2", headers=mine)).json()
    second = (await client.get(first["page"]["next"], headers=mine)).json()
    third = (await client.get(second["page"]["next"], headers=mine)).json()
    assert [job["id"] for page in (first, second, third) for job in page["items"]] == ids
    assert third["page"]["next"] is None and first["page"]["prev"] is None
    back = (await client.get(third["page"]["prev"], headers=mine)).json()
    first_again = (await client.get(back["page"]["prev"], headers=mine)).json()
    for page, same in ((back, second), (first_again, first)):
        assert [job["id"] for job in page["items"]] == [job["id"] for job in same["items"]]
    other = key(make_key("read", tenant="pages-2"))
    assert (await client.get(first["page"]["next"], headers=other)).status_code == 400


async def test_the_same_idempotency_key_gives_the_same_job(client: httpx.AsyncClient, mine: dict[str, str]) -> None:
    again = mine | NDJSON | {"idempotency-key": "once"}
    body = ndjson({"text": "A plan."})
    first = await client.post("/v1/jobs", content=body, headers=again)
    second = await client.post("/v1/jobs", content=body, headers=again)
    assert second.status_code == 202
    assert second.json()["id"] == first.json()["id"]
    assert "idempotency-replayed" not in first.headers and second.headers["idempotency-replayed"] == "true"
    other = await client.post("/v1/jobs", content=ndjson({"text": "Another."}), headers=again)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    other = await client.post("/v1/jobs?max_evidence=1", content=body, headers=again)
    assert other.status_code == 422
    assert (await client.delete(first.json()["href"], headers=mine)).status_code == 204
    third = await client.post("/v1/jobs", content=body, headers=again)
    assert third.json()["id"] != first.json()["id"]


def fresh(databases: Databases, **more: Any) -> Settings:
    settings = Settings(database_url=databases.create(), **more)
    set_up(settings)
    return settings


@pytest.fixture
def waiting(databases: Databases, engines: Callable[[str], Engine]) -> tuple[Engine, str]:
    """A database that no service works on, with a job of three chunks."""
    engine, now = engines(fresh(databases).database_url), datetime.now(UTC)
    with Session(engine) as session:
        job = Job(id=store.new_id(), tenant="a", status="queued", options={}, request_id="r", created_at=now,
                  expires_at=now + store.KEPT, total=1200)  # fmt: skip
        session.add(job)
        session.commit()
        job_id = job.id
    for number, count in enumerate((500, 500, 200)):
        texts = [Item(f"{number * 500 + place}", None, f"{SITUATION} {place}") for place in range(count)]
        store.add_chunk(engine, job_id, number, texts)
    return engine, job_id


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


def test_results_of_a_running_job_end_at_the_first_gap(waiting: tuple[Engine, str]) -> None:
    engine, job_id = waiting
    claims = [store.claim(engine) for _ in range(3)]
    for held in (claims[0], claims[2]):
        assert held
        lines = b"".join(b'{"index":%d}\n' % (held.start + place) for place in range(len(held.items)))
        assert store.finish(engine, held, zlib.compress(lines), [], 0)

    def indexes(start: int) -> list[int]:
        lines = b"".join(stream(engine, job_id, start, "application/x-ndjson")).splitlines()
        return [json.loads(line)["index"] for line in lines]

    assert indexes(0) == list(range(500))
    assert indexes(498) == [498, 499]
    assert indexes(500) == []
    assert indexes(1100) == list(range(1100, 1200))


def test_a_chunk_that_ends_every_process_ends_as_errors(waiting: tuple[Engine, str], settings: Settings) -> None:
    engine, job_id = waiting
    with Session(engine) as session:
        session.execute(update(Chunk).values(attempts=5))
        session.commit()
    assessor = Assessor(Scorer.load(), 1)
    while score_chunk(engine, assessor, lambda: False):
        pass
    with Session(engine) as session:
        job = session.get_one(Job, job_id)
        assert (job.status, job.done, job.errors) == ("done", 1200, 1200)
    line = json.loads(next(iter(stream(engine, job_id, 0, "application/x-ndjson"))).splitlines()[0])
    assert line["error"]["code"] == "scoring_failed"


async def test_texts_are_gone_once_they_are_scored(databases: Databases, engines: Callable[[str], Engine]) -> None:
    settings = fresh(databases)
    engine = engines(settings.database_url)
    with Session(engine) as session:
        mine = key(create(session, name="k", tenant="a", scopes=["read", "score", "write"])[0])
        session.commit()
    canary = "Quokkas run the night shift since the layoffs, and nobody trusts the roster."
    async with running(settings) as client:
        upload = ndjson(*({"text": f"{canary} {n}"} for n in range(30)))
        client._transport.app.state.runner.stop()  # type: ignore[attr-defined]
        job = await started(client, mine, upload)
        with Session(engine) as session:
            packed = session.get_one(Chunk, (job["id"], 0)).texts
        assert packed and canary in (unpack(packed)[0].text or "")
    files = database_files(settings)
    assert not files or any(packed[20:60] in file.read_bytes() for file in files), "the test looks in the wrong place"
    async with running(settings) as client:
        await ended(client, job, mine)
        found = (await client.get(f"{job['href']}/results", headers=mine)).text
        assert "Quokkas" not in found and '"start":' in found
    for file in database_files(settings):
        content = file.read_bytes()
        assert packed[20:60] not in content and b"Quokkas" not in content, file.name
    with Session(engine) as session:
        chunk = session.get_one(Chunk, (job["id"], 0))
        assert chunk.texts is None
        assert b"Quokkas" not in zlib.decompress(chunk.results or b"")
        assert "Quokkas" not in json.dumps(chunk.tally) + json.dumps(session.get_one(Job, job["id"]).options)


def database_files(settings: Settings) -> list[Path]:
    """The files of an SQLite database; of PostgreSQL only its tables are looked at."""
    if not settings.database_url.startswith("sqlite"):
        return []
    path = Path(settings.database_url.removeprefix("sqlite:///"))
    return [file for file in path.parent.glob(f"{path.name}*") if not file.name.endswith(".limits")]


async def test_everything_of_a_job_goes_on_delete_and_after_its_time(
    client: httpx.AsyncClient, mine: dict[str, str], settings: Settings, engines: Callable[[str], Engine]
) -> None:
    engine = engines(settings.database_url)
    jobs = [await ended(client, await started(client, mine, ndjson({"text": "A plan."})), mine) for _ in range(2)]
    assert (await client.delete(jobs[0]["href"], headers=mine)).status_code == 204
    assert (await client.delete(jobs[0]["href"], headers=mine)).status_code == 404
    with Session(engine) as session:
        late = update(Job).where(col(Job.id) == jobs[1]["id"])
        session.execute(late.values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
        session.commit()
    for _ in range(100):
        if (await client.get(jobs[1]["href"], headers=mine)).status_code == 404:
            break
        await asyncio.sleep(0.1)
    with Session(engine) as session:
        ids = [job["id"] for job in jobs]
        assert not session.exec(select(Chunk).where(col(Chunk.job_id).in_(ids))).all()
        assert not session.exec(select(Job).where(col(Job.id).in_(ids))).all()


def test_a_server_killed_in_the_middle_loses_and_doubles_nothing(
    databases: Databases, engines: Callable[[str], Engine]
) -> None:
    settings = fresh(databases)
    engine = engines(settings.database_url)
    with Session(engine) as session:
        mine = key(create(session, name="k", tenant="a", scopes=["read", "score"])[0])
        session.commit()
    server = Server(settings.database_url)
    server.wait()
    body = ndjson(*({"text": QUICK.format(n), "id": f"{n}"} for n in range(3300)))
    href = httpx.post(f"{server.url}/v1/jobs", content=body, headers=mine | NDJSON, timeout=60).json()["href"]
    wait_for(lambda: httpx.get(f"{server.url}{href}", headers=mine).json()["done"] >= 500)
    server.process.send_signal(signal.SIGKILL)
    server.end()
    with Session(engine) as session:  # as if a minute had passed
        session.execute(update(Chunk).where(col(Chunk.state) == "open").values(due=datetime.now(UTC)))
        session.commit()
    server = Server(settings.database_url)
    try:
        server.wait()
        wait_for(lambda: httpx.get(f"{server.url}{href}", headers=mine).json()["status"] == "done")
        job = httpx.get(f"{server.url}{href}", headers=mine).json()
        assert (job["done"], job["errors"], job["estimate"]) == (3300, 0, None)
        lines = httpx.get(f"{server.url}{href}/results", headers=mine).text.splitlines()
        assert [json.loads(line)["id"] for line in lines] == [f"{n}" for n in range(3300)]
    finally:
        server.stop()


def wait_for(what: Callable[[], bool], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_workers_share_the_queue_and_one_killed_loses_and_doubles_nothing(
    databases: Databases, engines: Callable[[str], Engine]
) -> None:
    if databases.kind == "sqlite":
        result = CliRunner().invoke(cli, ["worker"], env={"LOM_DATABASE_URL": databases.create()})
        assert isinstance(result.exception, SettingsError)
        return
    settings = fresh(databases, jobs="queue")
    engine = engines(settings.database_url)
    with Session(engine) as session:
        mine = key(create(session, name="k", tenant="a", scopes=["read", "score"])[0])
        session.commit()
    environment = os.environ | {"LOM_DATABASE_URL": settings.database_url, "LOM_JOBS": "queue", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "app.cli", "worker"]
    server = Server(settings.database_url, LOM_JOBS="queue")
    server.wait()
    workers = [subprocess.Popen(command, env=environment, cwd=ROOT) for _ in range(2)]
    try:
        texts = [{"text": QUICK.format(n), "id": f"{n}"} for n in range(5300)]
        posted = httpx.post(f"{server.url}/v1/jobs", content=ndjson(*texts), headers=mine | NDJSON, timeout=60)
        href = posted.json()["href"]
        wait_for(lambda: httpx.get(f"{server.url}{href}", headers=mine).json()["done"] >= 500)
        workers[0].send_signal(signal.SIGKILL)
        wait_for(lambda: httpx.get(f"{server.url}{href}", headers=mine).json()["status"] == "done")
        lines = httpx.get(f"{server.url}{href}/results", headers=mine).text.splitlines()
        assert [json.loads(line)["id"] for line in lines] == [f"{n}" for n in range(5300)]
        with engine.connect() as connection:
            names = connection.execute(text("SELECT schemaname FROM pg_tables WHERE tablename LIKE 'procrastinate%'"))
            assert {row[0] for row in names} == {"procrastinate"}
    finally:
        server.stop()
        workers[1].terminate()
        assert [worker.wait(60) for worker in workers] == [-signal.SIGKILL, 0]


def tallied(*groups: tuple[str | None, list[int]]) -> list[list[Any]]:
    return [[[name, counts, 0, 0, sum(counts) * 0.5, sum(counts) * 0.25] for name, counts in groups]]


CONFUSION = [[90, 0, 10, 0], [0, 80, 20, 0], [0, 0, 100, 0], [0, 0, 0, 50]]


def test_counts_are_corrected_by_the_confusion_of_the_card() -> None:
    # 200 of leadership and 100 of both, read by such a model: 180 leadership, 120 both
    found = summarise(tallied((None, [180, 0, 120, 0])), CONFUSION)
    verdicts = found["total"]["verdicts"]
    assert verdicts["leadership"]["counted"] == 180
    assert verdicts["leadership"]["corrected"]["value"] == pytest.approx(200, abs=0.2)
    assert verdicts["both"]["corrected"]["value"] == pytest.approx(100, abs=0.2)
    demand = found["total"]["demand"]
    assert demand["leadership"] == {"mean": 0.5, "corrected": demand["leadership"]["corrected"]}
    assert demand["leadership"]["corrected"]["value"] == 1.0
    assert demand["management"]["corrected"]["value"] == pytest.approx(1 / 3, abs=1e-3)
    assert found["groups"] == [] and found["withheld"] == 0


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    chance, held, width = np.random.default_rng(7), 0, []
    truth, rates = np.array([0.35, 0.3, 0.25, 0.1]), np.array(CONFUSION) / np.sum(CONFUSION, axis=1, keepdims=True)
    rates = 0.9 * rates + 0.025
    for _ in range(200):
        card = [chance.multinomial(150, row).tolist() for row in rates]
        counts = chance.multinomial(400, truth @ rates).tolist()
        low, high = summarise(tallied((None, counts)), card)["total"]["verdicts"]["leadership"]["corrected"]["interval"]
        held += low <= 400 * truth[0] <= high
        width.append(high - low)
    assert 0.92 <= held / 200 <= 0.985
    assert 30 < np.mean(width) < 80


@pytest.mark.parametrize(
    ("sizes", "hidden"),
    [
        ({"a": 10, "b": 30}, set()),
        ({"a": 9, "b": 30, "c": 40}, {"a", "b"}),
        ({"a": 9, "b": 8, "c": 40}, {"a", "b"}),
        ({"a": 2, "b": 3, "c": 40, "d": 50}, {"a", "b", "c"}),
        ({"a": 9, "b": 30}, {"a", "b"}),
        ({None: 3, "b": 30, "c": 31}, {None, "b"}),
    ],
)
def test_no_small_group_is_shown_or_can_be_worked_out(sizes: dict[str | None, int], hidden: set[str | None]) -> None:
    tallies = tallied(*((name, [size, 0, 0, 0]) for name, size in sizes.items()))
    assert withheld(gather(tallies)) == hidden
    found = summarise(tallies, CONFUSION)
    shown = {group["group"]: group["n"] for group in found["groups"]}
    assert set(shown) == set(sizes) - hidden
    assert found["withheld"] == len(hidden)
    rest = (found["total"]["n"] if found["total"] else 0) - sum(shown.values())
    assert rest == 0 or (rest >= 10 and len(hidden) >= 2)


def test_a_total_under_ten_is_not_shown() -> None:
    assert summarise(tallied(("a", [3, 0, 0, 0]), ("b", [6, 0, 0, 0])), CONFUSION)["total"] is None
    assert summarise([], CONFUSION)["total"] is None


async def test_the_summary_counts_by_group_once_the_job_has_ended(
    client: httpx.AsyncClient, mine: dict[str, str]
) -> None:
    lines = [{"text": f"Nobody trusts the roster {n}.", "group": "Leeds" if n % 2 else "Bonn"} for n in range(24)]
    lines += [{"text": "Bonjour, nous parlons beaucoup de la restructuration de notre usine.", "group": "Leeds"}]
    job = await started(client, mine, ndjson(*lines, {"text": " ", "group": "Bonn"}))
    early = await client.get(f"{job['href']}/summary", headers=mine)
    assert early.status_code in {200, 409}  # it may be that quick
    await ended(client, job, mine)
    found = (await client.get(f"{job['href']}/summary", headers=mine)).json()
    assert (found["total"]["n"], found["total"]["unreadable"], found["total"]["errors"]) == (24, 1, 1)
    assert [(group["group"], group["n"], group["unreadable"], group["errors"]) for group in found["groups"]] == [
        ("Bonn", 12, 0, 1),
        ("Leeds", 12, 1, 0),
    ]
    demands = [line["result"]["demand"]["leadership"] for line in await results(client, job, mine)
               if line["status"] == "ok" and line["result"]["status"] != "unreadable"]  # fmt: skip
    assert found["total"]["demand"]["leadership"]["mean"] == pytest.approx(np.mean(demands), abs=1e-3)


def test_the_summary_waits_for_the_end(waiting: tuple[Engine, str], settings: Settings) -> None:
    with pytest.raises(Conflict), Session(waiting[0]) as session:
        get_job_summary(session, Assessor(Scorer.load(), 1), session.get_one(Job, waiting[1]))


class Receiver:
    """Takes webhooks, after it has refused as many as it was told to."""

    def __init__(self, refusals: int, status: int = 500) -> None:
        received: list[tuple[dict[str, str], bytes]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                received.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(status if len(received) <= refusals else 204)
                self.send_header("location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.received, self.server = received, HTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver(refusals=1, status=302)
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


async def test_the_end_of_a_job_is_told_signed_and_again_until_it_is_taken(
    databases: Databases, engines: Callable[[str], Engine], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "PAUSES", (timedelta(0),) * 4)
    url = f"http://{receiver.host}/scored?x=1"
    alone = Settings(database_url=databases.create(), webhook_hosts=(receiver.host,))  # no other service tells it
    set_up(alone)
    with Session(engines(alone.database_url)) as session:
        mine = {"X-API-Key": create(session, name="a test", tenant="acme", scopes=list(SCOPES))[0]}
        session.commit()
    async with running(alone) as client:
        job = await started(client, mine, ndjson({"text": SITUATION}, {"text": ""}), f"?webhook={url}")
        assert job["webhook"]["url"] == url and job["webhook"]["state"] == "waiting"
        secret = job["webhook"]["secret"]
        for _ in range(400):
            job = (await client.get(job["href"], headers=mine)).json()
            if job["webhook"]["state"] == "delivered":
                break
            await asyncio.sleep(0.1)
        assert job["webhook"] == {"url": url, "state": "delivered", "secret": None}
    assert len(receiver.received) == 2
    for headers, body in receiver.received:
        told = json.loads(body)
        assert told["type"] == "job.done"
        assert told["data"] == {"id": job["id"], "status": "done", "texts": 2, "done": 2, "errors": 1}
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        digest = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
        assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


def test_webhooks_lead_nowhere_but_where_the_settings_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = ("hooks.example.com", "hooks.example.com:8443", "localhost:9")
    for url in ("https://hooks.example.com/a?b", "https://HOOKS.example.com:8443", "http://localhost:9/"):
        webhooks.check(url, hosts)
    for url in (
        "http://hooks.example.com/",
        "https://hooks.example.com:444/",
        "https://evil.example.com/",
        "https://hooks.example.com.evil.com/",
        "https://me@hooks.example.com/",
        "https://hooks.example.com@evil.com/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:7f00:1]/",
        "https://0x7f000001/",
        "http://169.254.169.254/",
        "ftp://hooks.example.com/",
        "https://hooks.example.com/\nHost: x",
        "https://hooks.example.com:x/",
        "nonsense",
    ):
        with pytest.raises(webhooks.WebhookRefused):
            webhooks.check(url, hosts)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fd00::1"])
def test_a_name_that_leads_inside_is_not_called(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: Any, **__: Any) -> Any:
        return [(0, 0, 0, "", (one, 443)) for one in ("93.184.216.34", address)]

    monkeypatch.setattr("app.jobs.webhooks.socket.getaddrinfo", resolve)
    with pytest.raises(OSError, match="not a public address"):
        webhooks._resolved("hooks.example.com", 443)


def test_the_command_line_scores_a_file_as_a_job_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOM_DATABASE_URL", f"sqlite:///{tmp_path / 'cli.db'}")
    source, out = tmp_path / "in.csv", tmp_path / "out.ndjson"
    rows = "".join(f'{n},Leeds,"The roster broke {n} times, and trust is gone."\n' for n in range(3))
    source.write_text(f"nr,site,comment\n{rows}3,Leeds,\n", encoding="utf-8")
    result = CliRunner().invoke(cli, ["score", str(source), "--out", str(out), "--columns", "comment,nr,site"])
    assert result.exit_code == 0, result.output
    assert "4 texts, 1 with an error" in result.output
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [(line["index"], line["id"], line["group"], line["status"]) for line in lines] == [
        (0, "0", "Leeds", "ok"), (1, "1", "Leeds", "ok"), (2, "2", "Leeds", "ok"), (3, "3", "Leeds", "error"),
    ]  # fmt: skip
    back = tmp_path / "again.csv"
    assert CliRunner().invoke(cli, ["score", str(source), "--out", str(back), "--columns", "comment"]).exit_code == 0
    assert [row["verdict"] for row in csv.DictReader(back.read_text(encoding="utf-8").splitlines())] == [
        *(line["result"]["verdict"] for line in lines[:3]),
        "",
    ]
    for wrong in (["--columns", "text"], ["--out", str(tmp_path / "out.xlsx")]):
        assert CliRunner().invoke(cli, ["score", str(source), "--out", str(out), *wrong]).exit_code == 2
