"""Keys, scopes, rates, and who may open what: the table of keys and operations is generated and reviewed."""

import asyncio
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import Session, create_engine, text
from typer.testing import CliRunner

from app.access.keys import find, new_key, revoke, well_formed
from app.cli import cli
from app.database import connect
from app.main import create_app
from app.settings import Settings
from tests.snapshots import ACCESS
from tests.snapshots.access import access_table
from tests.support.apps import key, running, scorer
from tests.support.databases import Databases
from tests.support.servers import Server

pytestmark = pytest.mark.anyio
MakeKey = Callable[..., str]


async def test_who_may_do_what_is_the_table_that_was_reviewed() -> None:
    assert await access_table() == ACCESS.read_text(encoding="utf-8"), "see tests/snapshots"


def test_keys_are_recognisable_and_a_typo_is_found_without_a_database() -> None:
    keys = {new_key() for _ in range(200)}
    assert len(keys) == 200
    for one in keys:
        assert re.fullmatch(r"lom_live_[0-9A-Za-z]{38}", one)
        assert well_formed(one)
        place = len("lom_live_") + hash(one) % 38
        other = one[:place] + ("A" if one[place] != "A" else "B") + one[place + 1 :]
        assert not well_formed(other)


BASIC = "Basic eDp5"
OTHERS = (
    BASIC,
    'Digest username="x", realm="a, b", nonce="1"',
    "Negotiate YII=",
    "NTLM TlRM",
    "",
    " ",
    "Bearer",
    "Bearer ",
)


def shown(*headers: tuple[str, str]) -> httpx.Headers:
    return httpx.Headers([(name, value.encode()) for name, value in headers])


async def test_a_key_is_taken_from_either_header_and_from_nowhere_else(
    client: httpx.AsyncClient, make_key: MakeKey
) -> None:
    mine = make_key("read")
    taken = [
        shown(("X-API-Key", mine)),
        shown(("X-API-Key", f"  {mine} ")),
        shown(("X-API-Key", f"{mine}, {mine}")),
        shown(("X-API-Key", mine), ("X-API-Key", mine)),
        shown(("X-API-Key", mine), ("Authorization", f"Bearer {mine}")),
        shown(("X-API-Key", ""), ("Authorization", f"Bearer {mine}")),
        *(shown(("Authorization", f"{scheme}{mine}")) for scheme in ("Bearer ", "bearer ", "BEARER   ", "Bearer\t")),
        shown(("Authorization", f"Bearer {mine}"), ("Authorization", f"Bearer {mine}")),
        shown(("Authorization", BASIC), ("Authorization", f"Bearer {mine}")),
        *(shown(("X-API-Key", mine), ("Authorization", other)) for other in OTHERS),
    ]
    for headers in taken:
        answer = await client.get("/v1/assessments", headers=headers)
        assert answer.status_code == 200, headers
    refused = [
        await client.get("/v1/criteria", headers=shown(("X-API-Key", mine), ("Authorization", f"Bearer {new_key()}"))),
        await client.get("/v1/criteria", headers=shown(("X-API-Key", mine), ("X-API-Key", new_key()))),
        await client.get("/v1/criteria", headers=shown(("X-API-Key", f"{mine},{new_key()}"))),
        await client.get("/v1/criteria", headers={"Authorization": mine}),
        await client.get("/v1/criteria", headers={"Authorization": f"Token {mine}"}),
        await client.get("/v1/criteria", headers=key(mine[:-1])),
        await client.get("/v1/criteria", headers=key(new_key())),
        await client.get(f"/v1/criteria?api_key={mine}"),
    ]
    for answer in refused:
        assert answer.status_code == 401
        assert answer.json()["code"] == "unauthorized"
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert mine not in answer.text


@pytest.mark.parametrize("other", OTHERS)
async def test_what_a_proxy_puts_into_authorization_is_no_key(client: httpx.AsyncClient, other: str) -> None:
    for name in ("Authorization", "X-API-Key") if not other.strip() else ("Authorization",):
        assert (await client.get("/v1/criteria", headers={name: other})).status_code == 200
        asked = await client.get("/v1/assessments", headers={name: other})
        assert (asked.status_code, asked.json()["code"]) == (401, "unauthorized")
        assert "X-API-Key" in asked.json()["detail"]


async def test_the_key_is_asked_for_before_the_body_is_read(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"require_key": True}), scorer())
    said: list[Any] = []

    async def receive() -> Any:
        raise AssertionError("the body was read")

    async def send(message: Any) -> None:
        said.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/v1/score",
        "raw_path": b"/v1/score",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"content-length", b"100000000")],
        "client": ("203.0.113.7", 5),
        "server": ("test", 80),
        "scheme": "http",
    }
    async with app.router.lifespan_context(app):
        await app(scope, receive, send)
    assert said[0]["status"] == 401


async def test_a_root_path_opens_no_side_door(settings: Settings) -> None:
    async with running(settings.model_copy(update={"require_key": True}), root_path="/lom") as client:
        for path in ("/v1/criteria", "/lom/v1/criteria"):
            assert (await client.get(path)).status_code == 401, path
        assert (await client.get("/lom/healthz")).status_code == 200


@pytest.mark.both_databases
async def test_only_a_hash_of_a_key_is_kept(settings: Settings, make_key: MakeKey, databases: Databases) -> None:
    mine = make_key("read")
    if databases.kind == "sqlite":
        path = Path(settings.database_url.removeprefix("sqlite:///"))
        for file in path.parent.glob(f"{path.name}*"):
            assert mine[9:].encode() not in file.read_bytes(), file.name
    engine = connect(settings.database_url)
    with Session(engine) as session:
        found = find(session, mine)
    engine.dispose()
    assert found and found.tenant == "acme"


async def test_a_key_ends_at_its_second_though_it_was_in_use_a_moment_before(
    client: httpx.AsyncClient, make_key: MakeKey
) -> None:
    assert (await client.get("/v1/criteria")).status_code == 200
    short = make_key("read", expires_at=datetime.now(UTC) + timedelta(seconds=1.2))
    assert (await client.get("/v1/criteria", headers=key(short))).status_code == 200
    await asyncio.sleep(1.2)
    assert (await client.get("/v1/criteria", headers=key(short))).status_code == 401


async def test_an_expired_key_is_refused(client: httpx.AsyncClient, make_key: MakeKey) -> None:
    late = make_key("read", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert (await client.get("/v1/criteria", headers=key(late))).status_code == 401


@pytest.mark.slow
def test_a_revoked_key_is_refused_by_every_worker_within_five_seconds(settings: Settings, make_key: MakeKey) -> None:
    mine = make_key("read")
    server = Server(settings.database_url, "--workers", "2")
    try:
        server.wait()
        for _ in range(20):
            assert httpx.get(f"{server.url}/v1/criteria", headers=key(mine)).status_code == 200
        engine = connect(settings.database_url)
        with Session(engine) as session:
            caller = find(session, mine)
            assert caller and caller.key_id
            revoke(session, caller.key_id)
            session.commit()
        engine.dispose()
        time.sleep(5)
        assert {httpx.get(f"{server.url}/v1/criteria", headers=key(mine)).status_code for _ in range(20)} == {401}
    finally:
        server.stop()


@pytest.mark.both_databases
async def test_the_command_line_makes_lists_rotates_and_revokes_keys(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOM_DATABASE_URL", settings.database_url)

    def run(*words: str) -> list[str]:
        result = CliRunner().invoke(cli, ["keys", *words])
        assert result.exit_code == 0, result.output
        return result.stdout.splitlines()

    (old,) = run("create", "importer", "--tenant", "hooli", "--scope", "read", "--days", "30", "--rate", "77")
    line = next(line for line in run("list") if line.split("\t")[4] == f"...{old[-4:]}" and "importer" in line)
    identifier, state, tenant, scopes, _, expires, rate, name = line.split("\t")
    assert (state, tenant, scopes, rate, name) == ("active", "hooli", "read", "77/min", "importer")
    assert expires.startswith("expires 20")
    (new,) = run("rotate", identifier, "--overlap", "1")
    async with running(settings) as client:
        for one in (old, new):
            assert (await client.get("/v1/criteria", headers=key(one))).status_code == 200
    run("revoke", identifier)
    async with running(settings) as client:
        assert (await client.get("/v1/criteria", headers=key(old))).status_code == 401
        assert (await client.get("/v1/criteria", headers=key(new))).status_code == 200
    assert old not in "".join(run("list"))


@pytest.mark.both_databases
async def test_a_rate_is_shared_by_workers_and_leaves_others_alone(settings: Settings, make_key: MakeKey) -> None:
    mine, other = make_key("read", rate=10), make_key("read", tenant="other", rate=10)
    async with running(settings) as one, running(settings) as two:
        answers = [await (one, two)[turn % 2].get("/v1/criteria/change", headers=key(mine)) for turn in range(20)]
        statuses = [answer.status_code for answer in answers]
        assert statuses.count(200) in {10, 11}
        assert set(statuses) == {200, 429}
        assert (await one.get("/v1/criteria/change", headers=key(other))).status_code == 200
    assert answers[0].headers["ratelimit-policy"] == '"default";q=10;w=60'
    assert answers[0].headers["ratelimit"].startswith('"default";r=9;')
    refused = answers[-1]
    assert refused.json()["code"] == "rate_limited"
    assert 1 <= int(refused.headers["retry-after"]) <= 60


@pytest.mark.both_databases
async def test_without_a_key_the_address_counts_and_refusals_do_too(databases: Databases) -> None:
    limited = Settings(database_url=databases.seeded(), rate_limit=6)
    async with running(limited, client=("203.0.113.1", 1)) as client:
        statuses = [(await client.get("/v1/criteria", headers=key("lom_live_guess"))).status_code for _ in range(9)]
        assert statuses == [401] * 6 + [429] * 3
        assert (await client.get("/healthz")).status_code == 200
    async with running(limited, client=("203.0.113.2", 1)) as client:
        assert (await client.get("/v1/criteria")).status_code == 200


@pytest.mark.both_databases
async def test_addresses_are_forgotten_once_they_no_longer_count(databases: Databases) -> None:
    limited = Settings(database_url=databases.seeded(), rate_limit=1_000_000)
    for address in ("203.0.113.1", "203.0.113.2", "203.0.113.3"):
        async with running(limited, client=(address, 1)) as client:
            assert (await client.get("/v1/criteria")).status_code == 200
    on_file = limited.database_url.startswith("sqlite")
    engine = create_engine(limited.database_url + ".limits" if on_file else limited.database_url)
    with engine.connect() as connection:
        assert set(connection.execute(text("SELECT caller FROM rate_limit")).scalars()) <= {"203.0.113.3"}
    engine.dispose()


def test_serve_refuses_other_addresses_than_loopback_unless_the_door_was_thought_of() -> None:
    result = CliRunner().invoke(cli, ["serve", "--host", "0.0.0.0"])
    assert result.exit_code == 2
    assert "LOM_REQUIRE_KEY" in result.output


async def test_foreign_pages_may_call_only_when_they_are_listed(settings: Settings) -> None:
    asked = {"Origin": "https://hr.example.com", "Access-Control-Request-Method": "POST"}
    async with running(settings.model_copy(update={"cors_origins": ("https://hr.example.com",)})) as client:
        allowed = await client.options("/v1/score", headers=asked)
        assert allowed.headers["access-control-allow-origin"] == "https://hr.example.com"
        refused = await client.options("/v1/score", headers=asked | {"Origin": "https://evil.example.com"})
        assert "access-control-allow-origin" not in refused.headers
    async with running(settings) as client:
        assert "access-control-allow-origin" not in (await client.get("/v1/criteria", headers=asked)).headers
