"""What a worker keeps of the catalogue's answers: few statements, the same bytes, never what is old or another's."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import httpx
import pytest
from sqlalchemy import Engine

from app.access import middleware
from app.catalog import freshness
from app.catalog.queries import TABLES
from app.response_cache import OVERHEAD, Answer, ResponseCache
from app.settings import Settings
from tests.support.apps import key_maker, running
from tests.support.databases import Databases
from tests.support.programs import ALL, key, patch, program
from tests.support.statements import statements

pytestmark = pytest.mark.anyio
LISTS = tuple(f"/v1/{table.path}" for table in TABLES)
DETAILS = (
    "/v1/concepts/leadership",
    "/v1/differences/focus",
    "/v1/criteria/change",
    "/v1/factors/urgency",
    "/v1/styles/democratic-leadership",
    "/v1/skills/visioning",
    "/v1/programs/mit-tlp",
    "/v1/facts/vp-average-salary-us",
)
SEARCHES = ("/v1/programs?q=leading&limit=2", "/v1/programs?skill=visioning&sort=-months", "/v1/styles?limit=2")


@pytest.fixture
async def own(databases: Databases) -> AsyncIterator[tuple[httpx.AsyncClient, Callable[..., str]]]:
    """A client of an application with a database of its own, and what makes keys there."""
    settings = Settings(database_url=databases.seeded())
    async with running(settings) as client:
        yield client, key_maker(settings.database_url)


async def test_what_was_read_is_not_asked_of_the_database_again(
    databases: Databases, engines: Callable[[str], Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "KEPT_SECONDS", 600.0)
    url = databases.seeded()
    headers = key(key_maker(url)(*ALL))
    async with running(Settings(database_url=url)) as client:
        for path in (*LISTS, *DETAILS, *SEARCHES, "/v1/catalogue"):
            first = await client.get(path, headers=headers)
            with statements(engines(url)) as sent:
                again = await client.get(path, headers=headers)
            assert first.status_code == again.status_code == 200
            assert not [one for one in sent if " job" not in one], path  # the runner of jobs asks beside


async def test_answers_are_the_same_bytes_and_headers_with_the_cache_and_without(databases: Databases) -> None:
    url = databases.seeded()
    fixed = {"X-Request-ID": "same", "Origin": "https://hr.example.com"}
    options: dict[str, Any] = {"database_url": url, "rate_limit": 1000, "cors_origins": ("https://hr.example.com",)}
    async with running(Settings(**options)) as kept, running(Settings(**options, response_cache_mb=0)) as plain:
        for path in (*LISTS, *DETAILS, *SEARCHES, "/v1/catalogue", "/healthz", "/v1/styles/none", "/v1/styles?x=1"):
            tag = (await plain.get(path)).headers.get("etag", '"none"')
            await kept.get(path)
            for method, more in (
                ("GET", {}),
                ("HEAD", {}),
                ("GET", {"If-None-Match": tag}),
                ("HEAD", {"If-None-Match": f'"other", W/{tag}'}),
                ("GET", {"If-None-Match": '"other"'}),
                ("GET", {"If-None-Match": "*"}),
            ):
                one = await kept.request(method, path, headers=fixed | more)
                other = await plain.request(method, path, headers=fixed | more)
                assert (one.status_code, one.content) == (other.status_code, other.content), (method, path, more)
                assert {k: v for k, v in one.headers.items() if k != "ratelimit"} == {
                    k: v for k, v in other.headers.items() if k != "ratelimit"
                }


@pytest.mark.both_databases
async def test_a_tenant_reads_its_own_write_at_once_and_nobody_else_does(
    own: tuple[httpx.AsyncClient, Callable[..., str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freshness, "TRUSTED_SECONDS", 60.0)
    client, make_key = own
    acme, hooli = key(make_key(*ALL, tenant="acme")), key(make_key(*ALL, tenant="hooli"))
    for path in ("/v1/programs", "/v1/programs/own", "/v1/criteria/change", "/v1/catalogue"):
        for headers in (acme, hooli, {}):
            await client.get(path, headers=headers)
    made = await client.post("/v1/programs", json=program("own"), headers=acme)
    assert made.status_code == 201
    for path in ("/v1/programs", "/v1/programs/own", "/v1/criteria/change", "/v1/catalogue"):
        assert '"own"' in (await client.get(path, headers=acme)).text, path
        for headers in (hooli, {}):
            assert '"slug":"own"' not in (await client.get(path, headers=headers)).text, path
    changed = await patch(client, "/v1/programs/own", {"name": "Renamed"}, acme | {"If-Match": made.headers["etag"]})
    answer = await client.get("/v1/programs/own", headers=acme)
    assert (answer.json()["name"], answer.headers["etag"]) == ("Renamed", changed.headers["etag"])
    assert "Renamed" in (await client.get("/v1/programs", headers=acme)).text
    await client.delete("/v1/programs/own", headers=acme | {"If-Match": changed.headers["etag"]})
    assert (await client.get("/v1/programs/own", headers=acme)).status_code == 410
    assert "Renamed" not in (await client.get("/v1/programs", headers=acme)).text


@pytest.mark.both_databases
async def test_another_process_s_change_is_seen_after_the_time_that_a_worker_trusts_and_on_sqlite_at_once(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freshness, "TRUSTED_SECONDS", 0.5)
    url = databases.seeded()
    async with running(Settings(database_url=url)) as one, running(Settings(database_url=url)) as other:
        acme = key(key_maker(url)(*ALL))
        assert "Renamed" not in (await one.get("/v1/programs", headers=acme)).text
        assert (await other.post("/v1/programs", json=program("own", name="Renamed"), headers=acme)).is_success
        if url.startswith("postgresql"):
            await anyio.sleep(0.5)
        assert "Renamed" in (await one.get("/v1/programs", headers=acme)).text


async def test_a_kept_answer_needs_the_key_and_its_scope_still(databases: Databases) -> None:
    url = databases.seeded()
    async with running(Settings(database_url=url, require_key=True)) as client:
        make_key = key_maker(url)
        reader, writer = key(make_key("read")), key(make_key("write"))
        assert [(await client.get("/v1/styles", headers=reader)).status_code for _ in range(2)] == [200, 200]
        assert (await client.get("/v1/styles", headers=writer)).status_code == 403
        assert (await client.get("/v1/styles")).status_code == 401


async def test_a_read_with_a_body_is_measured_as_ever(own: tuple[httpx.AsyncClient, Callable[..., str]]) -> None:
    client, _ = own
    assert (await client.get("/v1/styles")).status_code == 200
    assert (await client.request("GET", "/v1/styles", content=b"x" * 300_000)).status_code == 413


def test_the_room_is_bounded_and_what_was_used_longest_ago_goes() -> None:
    cache = ResponseCache(8 * (1000 + OVERHEAD + 10), (), lambda: pytest.fail("no version is asked for"))
    for number in range(20):
        cache.put((f"/{number}", b""), Answer((), b"x" * 1000, None, None))
        cache.get(("/0", b""))
    kept = [number for number in range(20) if cache.get((f"/{number}", b""))]
    assert (len(kept), kept[0], kept[-1]) == (8, 0, 19)
    cache.put(("/large", b""), Answer((), b"x" * 2000, None, None))
    assert cache.get(("/large", b"")) is None
    cache.put(("/19", b""), Answer((), b"y" * 1000, None, None))
    assert [number for number in range(20) if cache.get((f"/{number}", b""))] == kept
