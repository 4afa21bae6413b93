"""How many SQL statements a read takes: as many for fifty own programs as for none."""

from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import Engine, inspect

from app.access import middleware
from app.catalog.tables import Program
from app.settings import Settings
from tests.support.apps import key_maker, running
from tests.support.databases import Databases
from tests.support.programs import ALL, key, program
from tests.support.statements import Statement, statements
from tests.support.texts import SITUATION

pytestmark = pytest.mark.anyio

LISTS = ("concepts", "differences", "criteria", "factors", "styles", "skills", "programs", "facts")
ONE, LIST, ALL_LISTS = 4, 6, 21
"""The most statements of one item or a score; of a list, which also counts its items and says its version; of
everything at once."""


def test_every_relation_raises_where_a_select_has_not_named_it() -> None:
    relations = [relation for mapper in inspect(Program).registry.mappers for relation in mapper.relationships]
    assert len(relations) > 15
    assert {relation.lazy for relation in relations} == {"raise_on_sql"}


def _reads(sent: list[Statement]) -> int:
    """How many of them read; those of the runner of jobs are others'."""
    return sum(one.startswith(("SELECT", "WITH")) and " job" not in one for one in sent)


async def _counts(client: httpx.AsyncClient, engine: Engine, mine: dict[str, str]) -> dict[str, int]:
    counts = {}
    paths = [f"/v1/{name}?limit=100" for name in LISTS]
    for path in list(paths):
        slug = (await client.get(path, headers=mine)).json()["items"][-1]["href"]
        paths.append(slug)
    for path in (*paths, "/v1/programs?q=merger&limit=100", "/v1/skills?q=vision", "/v1/catalogue"):
        with statements(engine) as seen:
            answer = await client.get(path, headers=mine)
        assert answer.status_code == 200, answer.text
        kind = path.split("?")[0] if "q=" not in path else path
        counts["/v1/programs/SLUG" if kind.startswith("/v1/programs/") else kind] = _reads(seen)
    await client.post("/v1/score", json={"text": SITUATION}, headers=mine)
    with statements(engine) as seen:
        assert (await client.post("/v1/score", json={"text": SITUATION}, headers=mine)).status_code == 200
    return counts | {"/v1/score": _reads(seen)}


async def test_a_read_takes_few_statements_however_many_own_programs_there_are(
    databases: Databases, engines: Callable[[str], Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "KEPT_SECONDS", 600.0)
    url = databases.seeded()
    mine, engine = key(key_maker(url)(*ALL, tenant="acme")), engines(url)
    async with running(Settings(database_url=url, response_cache_mb=0)) as client:
        seen, made = [], 0
        for wanted in (0, 5, 50):
            for place in range(made, wanted):
                skills = [{"slug": "visioning", "why": "Pictures."}]
                given = program(f"own-{place}", skills=skills, focus=["leadership"], name=f"A merger {place}")
                assert (await client.post("/v1/programs", json=given, headers=mine)).status_code == 201
            made = wanted
            seen.append(await _counts(client, engine, mine))
    empty = "/v1/programs?q=merger&limit=100"
    seen[0][empty] = seen[1][empty]  # nothing was found, so no links were read
    seen[0]["/v1/score"] = seen[1]["/v1/score"]
    assert seen[0] == seen[1] == seen[2]
    for path, count in seen[2].items():
        most = ALL_LISTS if path == "/v1/catalogue" else ONE if path.count("/") == 3 or "score" in path else LIST
        assert count <= most, path
