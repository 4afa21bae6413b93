"""Own programs and skills: who may write and see what, races, tombstones, sync, advice and seed."""

import asyncio
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from alembic import command
from sqlalchemy import text, update
from sqlmodel import Session, col
from typer.testing import CliRunner

from app.access.keys import create
from app.catalog.setup import set_up
from app.catalog.tables import Program
from app.cli import cli
from app.database import alembic_config, connect
from app.settings import Settings, data_path
from tests.support.apps import running
from tests.support.databases import Databases
from tests.support.jobs import ended, ndjson, results, started
from tests.support.programs import ALL, MERGE, MakeKey, key, patch, program
from tests.support.texts import SITUATION

pytestmark = pytest.mark.anyio


@pytest.mark.both_databases
async def test_a_tenant_sees_the_shared_items_and_its_own_and_never_those_of_another(
    client: httpx.AsyncClient, make_key: MakeKey
) -> None:
    acme, hooli, local = (make_key(*ALL, tenant=tenant) for tenant in ("t-acme", "t-hooli", "local"))
    before = {path: (await client.get(path, headers=key(hooli))).text for path in ("/v1/catalogue", "/v1/programs")}
    skill = {"slug": "acme-listening", "name": "Listening", "description": "Hearing.", "concept": "leadership"}
    made = await client.post("/v1/skills", json=skill | {"purpose": "To know."}, headers=key(acme))
    assert made.status_code == 201, made.text
    skills = [{"slug": "acme-listening", "why": "Talks."}, {"slug": "visioning", "why": "Pictures."}]
    made = await client.post("/v1/programs", json=program("acme-merging", skills=skills), headers=key(acme))
    assert made.status_code == 201, made.text
    assert made.json()["catalogue"] == "own"
    assert [link["slug"] for link in made.json()["skills"]] == ["acme-listening", "visioning"]
    assert made.headers["location"] == "/v1/programs/acme-merging"
    mine = await client.get("/v1/programs/acme-merging", headers=key(acme))
    assert (mine.json(), mine.headers["etag"]) == (made.json(), made.headers["etag"])
    for path in ("/v1/criteria/change", "/v1/skills/visioning", "/v1/programs?skill=acme-listening", "/v1/catalogue"):
        assert "acme-merging" in (await client.get(path, headers=key(acme))).text, path
    assert "acme-listening" in (await client.get("/v1/concepts/leadership", headers=key(acme))).text
    assert (await client.get("/v1/programs", headers=key(acme))).json()["page"]["total"] == 5
    for other in (key(hooli), key(local), {}):
        for path in ("/v1/criteria", "/v1/skills", "/v1/concepts", "/v1/catalogue", "/v1/programs?include_retired=1"):
            answer = await client.get(path, headers=other)
            assert (
                answer.status_code == 200 and "acme-merging" not in answer.text and "acme-listening" not in answer.text
            ), path
        known = {"X-Request-ID": "same"} | other
        foreign, unknown = [
            await client.get(f"/v1/programs/{name}", headers=known) for name in ("acme-merging", "nothing")
        ]
        assert (foreign.status_code, foreign.content) == (404, unknown.content)
    for path, seen in before.items():
        assert (await client.get(path, headers=key(hooli))).text == seen, "not even the version moves for others"
    known = key(hooli, "*") | {"X-Request-ID": "same"}
    for method in ("PATCH", "DELETE"):
        foreign, unknown = [
            await client.request(method, f"/v1/programs/{name}", headers=known | MERGE, content="{}")
            for name in ("acme-merging", "nothing")
        ]
        assert (foreign.status_code, foreign.content) == (404, unknown.content)
    again = await client.post("/v1/programs", json=program("acme-merging"), headers=key(hooli))
    assert again.status_code == 201, "a slug of another tenant is free"
    assert (await client.post("/v1/programs", json=program("acme-merging"), headers=key(acme))).status_code == 409
    assert (await client.post("/v1/programs", json=program("mit-tlp"), headers=key(acme))).status_code == 409


@pytest.mark.both_databases
async def test_shared_items_are_for_the_operator_to_change_and_seeding_leaves_them_alone(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(database_url=databases.seeded())
    with Session(connect(settings.database_url)) as session:
        acme, local = (create(session, name="k", tenant=t, scopes=list(ALL))[0] for t in ("acme", "local"))
        session.commit()
        session.get_bind().dispose()  # type: ignore[union-attr]
    async with running(settings) as client:
        refused = await patch(client, "/v1/programs/mit-tlp", {"months": 5}, key(acme, "*"))
        assert refused.status_code == 403
        tag = (await client.get("/v1/programs/mit-tlp")).headers["etag"]
        changed = await patch(client, "/v1/programs/mit-tlp", {"months": 5, "pace": None}, key(local, tag))
        assert changed.status_code == 200, changed.text
        assert (changed.json()["months"], changed.json()["pace"], changed.json()["version"]) == (5, None, 2)
        assert changed.json()["delivery"] == ["on-campus", "online"], "the rest stays"
        assert (await client.get("/v1/programs/mit-tlp")).headers["etag"] == changed.headers["etag"] != tag
        tag = (await client.get("/v1/skills/budgeting")).headers["etag"]
        assert (await client.delete("/v1/skills/budgeting", headers=key(local, tag))).status_code == 200
        assert "budgeting" not in (await client.get("/v1/programs/ucla-pgpx")).text
        folder = tmp_path / "seed"
        folder.mkdir()
        for file in data_path("seed").glob("*.yaml"):
            shutil.copy(file, folder)
        shorter = (folder / "programs.yaml").read_text(encoding="utf-8").replace("months: 9", "months: 8")
        (folder / "programs.yaml").write_text(shorter, encoding="utf-8")
        monkeypatch.setenv("LOM_DATABASE_URL", settings.database_url)
        told = CliRunner().invoke(cli, ["seed", "--from", str(folder)]).stdout.splitlines()
        assert told[:-1] == [
            "changed programs/chicago-booth-adp",
            "kept skills/budgeting (edited)",
            "kept programs/mit-tlp (edited)",
        ]
        assert (await client.get("/v1/programs/mit-tlp")).json() == changed.json()
        assert (await client.get("/v1/skills/budgeting")).status_code == 410
        assert (await client.get("/v1/programs/chicago-booth-adp")).json()["version"] == 2


@pytest.mark.both_databases
async def test_a_retired_item_leaves_a_tombstone_and_its_slug_is_never_used_again(
    client: httpx.AsyncClient, make_key: MakeKey
) -> None:
    mine = make_key(*ALL, tenant="t-tomb")
    for slug in ("old", "new"):
        tag = (await client.post("/v1/programs", json=program(slug), headers=key(mine))).headers["etag"]
    since = (await client.get("/v1/programs/new", headers=key(mine))).json()["modified_at"]
    tag = (await client.get("/v1/programs/old", headers=key(mine))).headers["etag"]
    for bad in ("old", "nothing", "chicago%00booth"):
        answer = await client.delete(f"/v1/programs/old?successor={bad}", headers=key(mine, tag))
        assert answer.status_code == 422, bad
    gone = await client.delete("/v1/programs/old?successor=new", headers=key(mine, tag))
    assert gone.status_code == 200
    assert gone.json() == {**gone.json(), "slug": "old", "name": "Leading a merger", "successor": "new"}
    answer = await client.get("/v1/programs/old", headers=key(mine))
    assert (answer.status_code, answer.json()["code"], answer.json()["tombstone"]) == (410, "retired", gone.json())
    for method in ("PATCH", "DELETE"):
        again = await client.request(method, "/v1/programs/old", headers=key(mine, tag) | MERGE, content="{}")
        assert again.status_code == 410
    assert (await client.post("/v1/programs", json=program("old"), headers=key(mine))).status_code == 409
    for path in ("/v1/programs", "/v1/catalogue", "/v1/criteria/change"):
        assert '"old"' not in (await client.get(path, headers=key(mine))).text, path
    changes = {"modified_since": since, "include_retired": "true"}
    page = (await client.get("/v1/programs", params=changes, headers=key(mine))).json()
    assert [(item["slug"], item["retired_at"] is None) for item in page["items"]] == [("old", False), ("new", True)]
    changes["modified_since"] = gone.json()["retired_at"]
    page = (await client.get("/v1/programs", params=changes, headers=key(mine))).json()
    assert [item["slug"] for item in page["items"]] == ["old"]
    answer = await client.get("/v1/programs", params={"modified_since": "9999-12-31T23:59:59Z"}, headers=key(mine))
    assert answer.json()["items"] == []


@pytest.mark.parametrize(
    "moment",
    [
        *("yesterday", "2025-11-25", "2025-11-25T08:00:00", "1764057600", "2026-02-30T08:00:00Z"),
        *("2026-11-25T08:00:00 02:00", "2026-11-25T24:00:00Z", "2026-11-25T08:00:61Z", "2026-11-25T08:00:00+24:00"),
        *("2026-11-25T08:00:00+99:99", "\x00", "NaN"),
    ],
)
async def test_a_time_that_is_not_rfc_3339_is_refused_without_an_echo(client: httpx.AsyncClient, moment: str) -> None:
    answer = await client.get("/v1/skills", params={"modified_since": moment})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "?modified_since"
    assert moment not in answer.json()["detail"]


@pytest.mark.both_databases
async def test_a_change_must_name_the_state_that_it_changes(client: httpx.AsyncClient, make_key: MakeKey) -> None:
    mine = make_key(*ALL, tenant="t-match")
    path = "/v1/programs/matched"
    first = (await client.post("/v1/programs", json=program("matched"), headers=key(mine))).headers["etag"]
    other = (await client.post("/v1/programs", json=program("unmatched"), headers=key(mine))).headers["etag"]
    assert (await patch(client, path, {"months": 2}, key(mine))).status_code == 428
    assert (await client.delete(path, headers=key(mine))).status_code == 428
    for stale in (other, f"W/{first}", '"nope"', first.strip('"'), '""', "", f"x{first}"):
        assert (await patch(client, path, {"months": 2}, key(mine) | {"If-Match": stale})).status_code == 412, stale
    assert (await patch(client, path, {"months": 2}, key(mine, f'"a", {first}'))).status_code == 200
    assert (await patch(client, path, {"months": 3}, key(mine, first))).status_code == 412
    assert (await client.delete(path, headers=key(mine, first))).status_code == 412
    assert (await patch(client, path, {"months": 3}, key(mine, "*"))).status_code == 200
    plain = await client.patch(path, json={"months": 4}, headers=key(mine, "*"))
    assert plain.status_code == 415, "the media type says what null means"


@pytest.mark.both_databases
async def test_of_32_parallel_writers_one_wins_and_no_update_is_lost(
    client: httpx.AsyncClient, make_key: MakeKey
) -> None:
    mine = make_key(*ALL, tenant="t-race")
    path = "/v1/programs/raced"
    tag = (await client.post("/v1/programs", json=program("raced"), headers=key(mine))).headers["etag"]
    tries = [patch(client, path, {"months": number + 1}, key(mine, tag)) for number in range(32)]
    statuses = [answer.status_code for answer in await asyncio.gather(*tries)]
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 412, 503}

    async def add_topic(number: int) -> None:
        while True:
            known = await client.get(path, headers=key(mine))
            topics = {"topics": [*known.json()["topics"], f"topic {number}"]}
            answer = await patch(client, path, topics, key(mine, known.headers["etag"]))
            if answer.status_code == 200:
                return
            assert answer.status_code in {412, 503}

    await asyncio.gather(*(add_topic(number) for number in range(8)))
    item = (await client.get(path, headers=key(mine))).json()
    assert sorted(item["topics"]) == [f"topic {number}" for number in range(8)]
    assert item["version"] == 1 + 1 + 8


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"months": 0}, "/months"),
        ({"months": 10**30}, "/months"),
        ({"months": True}, "/months"),
        ({"modules": 2.5}, "/modules"),
        ({"name": "a\x00b"}, "/name"),
        ({"name": " "}, "/name"),
        ({"name": "x" * 201}, "/name"),
        ({"description": 7}, "/description"),
        ({"description": "x" * 4001}, "/description"),
        ({"price": 5}, ""),
        ({"slug": "Big Slug"}, "/slug"),
        ({"slug": "x" * 101}, "/slug"),
        ({"focus": ["money"]}, "/focus/0"),
        ({"focus": []}, "/focus"),
        ({"pace": ["modular", "modular"]}, "/pace"),
        ({"topics": ["two\nlines"]}, "/topics/0"),
        ({"skills": [{"slug": "nothing", "why": "x"}]}, "/skills/0/slug"),
        ({"criteria": [{"slug": "change", "why": "x"}] * 2}, "/criteria"),
        ({"criteria": [{"slug": "change"}]}, "/criteria/0/why"),
        ({"criteria": [{"slug": "change", "why": "x", "basis": "rumour"}]}, "/criteria/0/basis"),
        ({"source": [{"title": "x", "url": "javascript:alert(1)"}]}, "/source/0/url"),
    ],
)
async def test_input_is_checked_as_strictly_as_the_seed(
    client: httpx.AsyncClient, make_key: MakeKey, body: dict[str, Any], pointer: str
) -> None:
    mine = key(make_key(*ALL, tenant="t-strict"))
    answer = await client.post("/v1/programs", json=program("strict") | body, headers=mine)
    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert (await client.get("/v1/programs/strict", headers=mine)).status_code == 404


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "1e999", "9" * 5000, '"\\ud800"', "[" * 5000, "9223372036854775808"]
)
@pytest.mark.both_databases
async def test_numbers_and_texts_that_no_database_holds_are_refused(
    client: httpx.AsyncClient, make_key: MakeKey, number: str
) -> None:
    mine = key(make_key(*ALL, tenant="t-hostile"))
    await client.post("/v1/programs", json=program("hostile"), headers=mine)
    for method, path, kind in (
        ("POST", "/v1/programs", "application/json"),
        ("PATCH", "/v1/programs/hostile", MERGE["content-type"]),
    ):
        for field in ("months", "name"):
            text = f'{{"{field}": {number}}}'
            headers = mine | {"content-type": kind, "If-Match": "*"}
            answer = await client.request(method, path, content=text, headers=headers)
            assert answer.status_code in {400, 422}, (method, field)
    for whole in ("[]", "null", '"x"', "7"):
        answer = await client.patch("/v1/programs/hostile", content=whole, headers=mine | MERGE | {"If-Match": "*"})
        assert answer.status_code == 422, whole
    answer = await patch(client, "/v1/programs/hostile", {"school": None}, mine | {"If-Match": "*"})
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/school"], "what is needed cannot be taken away"
    for path in ("/v1/programs/a%00b", f"/v1/programs/{'x' * 5000}", "/v1/programs/%ff"):
        assert (await client.delete(path, headers=mine | {"If-Match": "*"})).status_code in {404, 422}, path


async def advised_by_job(client: httpx.AsyncClient, headers: dict[str, str], query: str = "") -> Any:
    job = await started(client, headers, ndjson({"text": SITUATION}), f"?max_recommendations=10{query}")
    (line,) = await results(client, await ended(client, job, headers), headers)
    return line["result"]["recommendations"]["programs"]


@pytest.mark.both_databases
async def test_own_programs_are_recommended_with_their_reasons_to_their_tenant_alone(
    client: httpx.AsyncClient, make_key: MakeKey
) -> None:
    mine, other = make_key(*ALL, tenant="t-score"), make_key(*ALL, tenant="t-else")

    async def advised(headers: dict[str, str], **options: Any) -> list[dict[str, Any]]:
        body = {"text": SITUATION, "options": {"include": ["recommendations"], "max_recommendations": 10} | options}
        single = (await client.post("/v1/score", json=body, headers=headers)).json()
        batch = {"items": [{"text": SITUATION}], "options": body["options"]}
        many = (await client.post("/v1/score/batch", json=batch, headers=headers)).json()
        assert many["results"][0]["result"] == single
        found: list[dict[str, Any]] = single["recommendations"]["programs"]
        return found

    text = {"text": SITUATION}
    before = [(await client.post("/v1/score", json=text, headers=key(one))).content for one in (mine, other)]
    assert before[0] == before[1]
    shared = await advised(key(mine))
    assert {one["catalogue"] for one in shared} == {"shared"}
    assert await advised(key(mine), catalogue="own") == []
    given = program("advice", focus=["leadership"], criteria=[{"slug": c, "why": "So."} for c in ("change", "scale")])
    tag = (await client.post("/v1/programs", json=given, headers=key(mine))).headers["etag"]
    (own,) = await advised(key(mine), catalogue="own")
    assert own == {**own, "slug": "advice", "href": "/v1/programs/advice", "catalogue": "own"}
    assert own["because"] and set(own["because"]) <= {"change", "scale"}
    assert await advised(key(mine), catalogue="shared") == shared
    both = await advised(key(mine))
    assert own in both and len(both) == len(shared) + 1
    assert await advised_by_job(client, key(mine)) == both
    assert await advised_by_job(client, key(mine), "&catalogue=own") == [own]
    assert (await client.post("/v1/score", json=text, headers=key(other))).content == before[1]
    assert await advised(key(other)) == shared == await advised({})
    await client.delete("/v1/programs/advice", headers=key(mine, tag))
    assert await advised(key(mine)) == shared
    body = {"text": SITUATION, "options": {"catalogue": "theirs"}}
    assert (await client.post("/v1/score", json=body, headers=key(mine))).status_code == 422


@pytest.mark.both_databases
def test_an_upgrade_keeps_the_catalogue_and_a_downgrade_keeps_what_is_shared(databases: Databases) -> None:
    engine = connect(databases.create())
    links = ("program_facet", "program_skill", "program_criterion")

    def counts() -> dict[str, int]:
        with engine.begin() as connection:
            tables = ("program", "skill", *links)
            return {name: connection.scalar(text(f"SELECT count(*) FROM {name}")) or 0 for name in tables}

    def move(how: Callable[..., None], revision: str) -> None:
        with engine.begin() as connection:
            config = alembic_config(data_path("migrations"))
            config.attributes["connection"] = connection
            how(config, revision)

    settings = Settings(database_url=engine.url.render_as_string(hide_password=False))
    set_up(settings)
    seeded = counts()
    assert min(seeded.values()) > 0
    move(command.downgrade, "0003")
    assert counts() == seeded
    move(command.upgrade, "head")
    assert counts() == seeded
    again = set_up(settings)
    assert (again.added, again.changed, again.removed, again.kept) == ([], [], [], []), "nothing was lost on the way"
    with engine.begin() as connection:
        copied = (
            "name, description, school, audience, modules, months, topics, features, alumni, position, source, search"
        )
        life = "version, modified_at, retired_at, successor, edited"
        connection.execute(
            text(
                f"INSERT INTO program (id, slug, tenant, {copied}, {life}) "
                f"SELECT 'acme/new', 'new', 'acme', {copied}, {life} FROM program WHERE id = 'mit-tlp'"
            )
        )
        connection.execute(text("INSERT INTO program_facet VALUES ('acme/new', 'focus', 'leadership', 0)"))
    move(command.downgrade, "0003")
    assert counts() == seeded
    engine.dispose()


async def test_a_clock_that_is_set_back_hides_no_change_from_who_syncs(databases: Databases) -> None:
    settings = Settings(database_url=databases.seeded())
    engine = connect(settings.database_url)
    with Session(engine) as session:
        mine = create(session, name="k", tenant="t-clock", scopes=list(ALL))[0]
        session.commit()
    async with running(settings) as client:
        made = await client.post("/v1/programs", json=program("early"), headers=key(mine))
        assert made.status_code == 201
        with engine.begin() as connection:  # as if it had been made by a clock an hour ahead
            ahead = datetime.now(UTC) + timedelta(hours=1)
            connection.execute(update(Program).where(col(Program.slug) == "early").values(modified_at=ahead))
        since = (await client.get("/v1/programs/early", headers=key(mine))).json()["modified_at"]
        made = await client.post("/v1/programs", json=program("late"), headers=key(mine))
        gone = await client.delete("/v1/programs/late", headers=key(mine, made.headers["etag"]))
        assert gone.status_code == 200
        changes = {"modified_since": since, "include_retired": "true"}
        page = (await client.get("/v1/programs", params=changes, headers=key(mine))).json()
        assert {item["slug"] for item in page["items"]} == {"early", "late"}
    engine.dispose()
