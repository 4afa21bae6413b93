"""Results as they stream out."""

import csv
import io
import json
import zlib
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, update
from sqlmodel import Session, col
from starlette.types import Receive, Scope, Send
from typer.testing import CliRunner

from app.cli import cli
from app.jobs import store
from app.jobs.results import stream
from app.jobs.tables import Chunk
from app.settings import Settings
from tests.support.jobs import ended, ndjson, started

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("kind", ["text/csv", "application/x-ndjson"])
async def test_head_of_results_has_the_headers_and_reads_no_results(
    client: httpx.AsyncClient,
    mine: dict[str, str],
    settings: Settings,
    engines: Callable[[str], Engine],
    caplog: pytest.LogCaptureFixture,
    kind: str,
) -> None:
    job = await ended(client, await started(client, mine, ndjson({"text": "A plan."})), mine)
    place, asked = f"{job['href']}/results", mine | {"accept": kind, "x-request-id": "one"}
    whole = await client.get(place, headers=asked)
    with Session(engines(settings.database_url)) as session:
        session.execute(update(Chunk).where(col(Chunk.job_id) == job["id"]).values(results=b"cannot be read"))
        session.commit()

    async def newer(scope: Scope, receive: Receive, send: Send) -> None:
        asgi = {"version": "3.0", "spec_version": "2.4"}  # under older versions starlette may stop by itself
        await client._transport.app({**scope, "asgi": asgi}, receive, send)  # type: ignore[attr-defined]

    async with httpx.AsyncClient(transport=httpx.ASGITransport(newer), base_url="http://test") as served:
        head = await served.head(place, headers=asked)
    assert (head.status_code, head.content, head.headers) == (200, b"", whole.headers)
    assert head.headers["job-status"] == "done"
    assert '"event": "crash"' not in caplog.text


async def test_every_line_says_from_where_on_each_trait_is_present(
    client: httpx.AsyncClient, mine: dict[str, str]
) -> None:
    job = await ended(client, await started(client, mine, ndjson({"text": "A plan."})), mine)
    found = await client.get(f"{job['href']}/results", headers=mine | {"accept": "application/x-ndjson"})
    result = json.loads(found.text)["result"]
    stated = (await client.get("/v1/models/current")).json()["present_from"]
    assert {trait["slug"]: trait["present_from"] for trait in result["criteria"] + result["factors"]} == stated


RISKY = ("=1+1", "+1+1", "-2+3", "@SUM(A1)", "\tx", "\rx", "'=1")


async def test_no_id_or_group_runs_in_a_spreadsheet(
    client: httpx.AsyncClient, mine: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [*("A plan." for _ in RISKY), " ", "A plan.", "A plan."]
    names = [*RISKY, "=error", "a-1", "-5"]
    upload = ndjson(*({"text": text, "id": name, "group": name} for text, name in zip(texts, names, strict=True)))
    job = await ended(client, await started(client, mine, upload), mine)
    served = (await client.get(f"{job['href']}/results?format=csv", headers=mine)).content
    monkeypatch.setenv("LOM_DATABASE_URL", f"sqlite:///{tmp_path / 'cli.db'}")
    source, out = tmp_path / "in.ndjson", tmp_path / "out.csv"
    source.write_bytes(upload)
    assert CliRunner().invoke(cli, ["score", str(source), "--out", str(out)]).exit_code == 0
    for written in (served, out.read_bytes()):
        rows = list(csv.DictReader(io.StringIO(written.decode("utf-8-sig"), newline="")))
        expected = [*(f"'{name}" for name in names[:-2]), "a-1", "-5"]
        assert [(row["id"], row["group"]) for row in rows] == [(name, name) for name in expected]
        assert {row["index"]: row["p_both"][:1] for row in rows}["0"] in {"0", "1"}


@pytest.mark.both_databases
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
