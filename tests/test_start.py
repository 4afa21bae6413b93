"""What a start loads, counted by what is imported afterwards, and what a worker holds."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from app.main import create_app
from app.settings import Settings
from tests.support.databases import Databases
from tests.support.paths import ROOT
from tests.support.servers import Server
from tests.support.texts import SITUATION

MOST_MIB = 250
CALL = '{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}'
SERVICE = f"""
import asyncio, sys
from tests.support.apps import running
from app.settings import Settings

async def main():
    async with running(Settings(database_url=sys.argv[1])) as client:
        assert (await client.get("/readyz")).status_code == 200
        assert not {{"mcp", "mcp_types"}} & set(sys.modules)
        accept = {{"Accept": "application/json", "Content-Type": "application/json", "Host": "localhost"}}
        calls = (client.post("/mcp", content={CALL!r}, headers=accept) for _ in range(3))
        answers = await asyncio.gather(*calls)
        assert [answer.status_code for answer in answers] == [200] * 3, answers[0].text
        assert "mcp" in sys.modules

asyncio.run(main())
"""


def test_the_first_calls_of_mcp_load_what_it_takes_and_all_are_answered(databases: Databases) -> None:
    subprocess.run([sys.executable, "-c", SERVICE, databases.seeded()], cwd=ROOT, timeout=120, check=True)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_worker_holds_less_than_a_quarter_of_a_gigabyte_after_a_hundred_texts(databases: Databases) -> None:
    with Server(databases.seeded()) as server, httpx.Client(base_url=server.url) as client:
        server.wait()
        for number in range(100):
            answer = client.post("/v1/score", json={"text": f"{number}. {SITUATION} " * (1 + number % 5)})
            assert answer.status_code == 200
        status = Path(f"/proc/{server.process.pid}/status").read_text()
        resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
        assert resident < MOST_MIB * 1024, resident


def test_the_document_is_made_once_however_many_ask_for_it_first() -> None:
    app = create_app(Settings(database_url="sqlite:///unused.db", root_path="/once"))
    with ThreadPoolExecutor(4) as threads:
        first, *others = threads.map(lambda _: app.openapi(), range(4))
        texts = set(threads.map(lambda _: app.state.openapi_json(), range(4)))
    assert all(other is first for other in others) and first["servers"][0]["url"] == "/once"
    assert len(texts) == 1
