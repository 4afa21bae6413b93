"""What a start loads, counted by what is imported afterwards."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from app.main import create_app
from app.settings import Settings
from tests.support.databases import Databases
from tests.support.paths import ROOT

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


def test_the_document_is_made_once_however_many_ask_for_it_first() -> None:
    app = create_app(Settings(database_url="sqlite:///unused.db", root_path="/once"))
    with ThreadPoolExecutor(4) as threads:
        first, *others = threads.map(lambda _: app.openapi(), range(4))
        texts = set(threads.map(lambda _: app.state.openapi_json(), range(4)))
    assert all(other is first for other in others) and first["servers"][0]["url"] == "/once"
    assert len(texts) == 1
