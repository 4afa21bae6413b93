"""Word search: whatever a reader sees of an item finds it, on both databases alike."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from alembic import command
from sqlalchemy import Engine, or_
from sqlmodel import Session, col, select

from app.catalog.importing import import_programs
from app.catalog.tables import Program, SearchWord, Skill
from app.database import alembic_config, connect
from app.pagination import stems
from app.settings import Settings, data_path
from tests.support.apps import key_maker, running
from tests.support.databases import Databases
from tests.support.programs import ALL, MakeKey, key, patch, program
from tests.support.statements import accesses, statements

pytestmark = pytest.mark.anyio

RESOURCES = ("concepts", "differences", "criteria", "factors", "styles", "skills", "programs", "facts")
LINKED = {"slug", "href", "source", "catalogue", "successor", "modified_at", "retired_at"}


def texts(item: dict[str, Any]) -> Iterator[str]:
    """Every text of an item as it is answered; links to others are objects, and have texts of their own."""
    for name, value in item.items():
        if name not in LINKED:
            yield from (part for part in (value if isinstance(value, list) else [value]) if isinstance(part, str))


async def hits(client: httpx.AsyncClient, resource: str, query: str, **headers: Any) -> list[str]:
    answer = await client.get(f"/v1/{resource}", params={"q": query, "limit": 100}, **headers)
    assert answer.status_code == 200, answer.text
    return [item["slug"] for item in answer.json()["items"]]


@pytest.mark.both_databases
@pytest.mark.parametrize("resource", RESOURCES)
async def test_every_text_of_an_item_finds_it(client: httpx.AsyncClient, resource: str) -> None:
    items = (await client.get(f"/v1/{resource}?limit=100")).json()["items"]
    words = {item["slug"]: {stem for text in texts(item) for stem in stems(text)} for item in items}
    for item in items:
        for text in texts(item):
            longest = max(text.split(), key=len).strip("().,;:“”")
            assert item["slug"] in await hits(client, resource, longest), (item["slug"], text)
    for word in ("innovative", "strategic", "online", "decide", "people"):
        (stem,) = stems(word)
        assert await hits(client, resource, word) == [slug for slug, found in words.items() if stem in found]


async def test_topics_and_features_find_a_program(client: httpx.AsyncClient) -> None:
    assert await hits(client, "programs", "innovative")
    assert await hits(client, "programs", "strategic")
    assert await hits(client, "programs", "innovative zebra") == []


async def test_an_own_program_is_found_by_what_was_added_and_no_longer_by_what_was_taken_out(
    client: httpx.AsyncClient, make_key: MakeKey
) -> None:
    mine = key(make_key(*ALL, tenant="searching"))
    given = program("search-me", topics=["Kaleidoscopes"], features=["A zeppelin"], delivery=["blended"])
    added = await client.post("/v1/programs", json=given, headers=mine)
    for word in ("kaleidoscope", "zeppelins", "blended", "acme"):
        assert await hits(client, "programs", f"{word} merger", headers=mine) == ["search-me"]
    tagged = mine | {"If-Match": added.headers["etag"]}
    assert (await patch(client, "/v1/programs/search-me", {"topics": None}, tagged)).status_code == 200
    assert await hits(client, "programs", "kaleidoscope", headers=mine) == []
    assert await hits(client, "programs", "zeppelin", headers=mine) == ["search-me"]


@pytest.mark.both_databases
async def test_items_that_an_earlier_release_kept_are_found_after_the_upgrade(databases: Databases) -> None:
    settings = Settings(database_url=databases.seeded())
    engine = connect(settings.database_url)

    def move(how: Any, revision: str) -> None:
        with engine.begin() as connection:
            config = alembic_config(data_path("migrations"))
            config.attributes["connection"] = connection
            how(config, revision)

    def columns() -> dict[str, str]:
        with Session(engine) as session:
            return dict(session.exec(select(Program.id, Program.search).order_by(col(Program.id))).all())

    new = columns()
    move(command.downgrade, "0005")
    assert not any("innov" in text.partition("\n")[0].split() for text in columns().values())
    move(command.upgrade, "head")
    assert columns() == new
    engine.dispose()
    async with running(settings) as client:
        assert await hits(client, "programs", "innovative")


AWKWARD = (
    "100% online_only: “merging” teams",
    "C++ & e-mail, don't; naïve Straße, café, Führung",
    f"{'x' * 60}a {'x' * 60}b",
    "管理 и управление 12-step O'Neill back\\slash A_B a%b",
)
QUERIES = (
    *("merger", "merging teams", "TEAMS online", "team zebra", "a", "x", "%", "_", "100%", "online_only", "a_b", "a%b"),
    *("don't", "don", "'", '"', "“", "c++", "e-mail", "email", "naïve", "nai\u0308ve", "naive", "straße", "STRASSE"),
    *("café", "cafe", "führung", "管理", "管", "управление", "12-step", "12", "o'neill", "back\\slash", "\\", "&", ";"),
    *(
        "x" * 50,
        "x" * 60,
        "x" * 60 + "a",
        "x" * 60 + "b",
        "merger %",
        "leading merger acme",
        "innovative",
        " ",
        "* OR 1",
    ),
)


def plainly(rows: list[tuple[str, str]], query: str) -> set[str]:
    """The items whose search column holds every term of a query, by looking at each."""
    terms = unicodedata.normalize("NFC", query).casefold().split()
    plain = re.compile(r"[^\W_]+")
    needles = [f" {stems(term)[0]} " if plain.fullmatch(term) else term for term in terms]
    return {slug for slug, search in rows if all(needle in search for needle in needles)}


@pytest.mark.both_databases
async def test_search_by_index_finds_what_a_look_at_each_item_finds(
    databases: Databases, engines: Callable[[str], Engine]
) -> None:
    settings = Settings(database_url=databases.seeded())
    engine, make = engines(settings.database_url), key_maker(settings.database_url)
    mine = key(make(*ALL, tenant="mine"))

    async def compare(client: httpx.AsyncClient) -> int:
        seen = or_(col(Program.tenant) == "mine", col(Program.tenant).is_(None))
        with Session(engine) as session:
            rows = list(session.exec(select(Program.slug, Program.search).where(seen)).all())
        found = 0
        for query in QUERIES:
            expected = plainly(rows, query)
            answer = await client.get("/v1/programs", params={"q": query, "limit": 100}, headers=mine)
            assert {item["slug"] for item in answer.json()["items"]} == expected, query
            assert answer.json()["page"]["total"] == len(expected)
            found += 0 < len(expected) < len(rows)
        return found

    async with running(settings) as client:
        for number, words in enumerate(AWKWARD):
            given = program(f"p-{number}", name=words, description=words * 2)
            assert (await client.post("/v1/programs", json=given, headers=mine)).status_code == 201
        other = program("other", description=" ".join(AWKWARD))
        elsewhere = key(make(*ALL, tenant="else"))
        assert (await client.post("/v1/programs", json=other, headers=elsewhere)).status_code == 201
        assert await compare(client) > 20
        changed = {"name": "Café zebra", "description": "Teams that are merging online."}
        tagged = mine | {"If-Match": "*"}
        assert (await patch(client, "/v1/programs/p-1", changed, tagged)).status_code == 200
        assert await compare(client) > 20
        head = "slug,name,school,description,audience\n"
        rows = "p-0,Don't,Acme,Naïve zebra team.,A.\np-9,C++ merger,Acme,管理 teams.,A.\n"
        import_programs(engine, "mine", (head + rows).encode(), dry_run=False)
        assert await compare(client) > 20
        with statements(engine) as sent:
            assert await hits(client, "programs", "zebra team", headers=mine) == ["p-0", "p-1"]
    if engine.dialect.name == "sqlite":  # PostgreSQL looks through so small a table
        assert ("search_word", "key") in accesses(engine, [one for one in sent if "search_word" in one])


@pytest.mark.both_databases
async def test_the_words_of_a_change_are_kept_and_those_that_went_are_not(
    databases: Databases, engines: Callable[[str], Engine]
) -> None:
    settings = Settings(database_url=databases.seeded())
    engine = engines(settings.database_url)

    def wrong() -> set[tuple[str, str]]:
        with Session(engine) as session:
            kept = set(session.exec(select(SearchWord.item_id, SearchWord.word)).all())
            searched = [
                *session.exec(select(Program.id, Program.search)).all(),
                *session.exec(select(Skill.id, Skill.search)).all(),
            ]
        return kept ^ {(item, word) for item, search in searched for word in search.partition("\n")[0].split()}

    assert wrong() == set()
    mine = key(key_maker(settings.database_url)(*ALL, tenant="mine"))
    skill = {"slug": "s", "name": "Weaving", "description": "Words.", "concept": "leadership", "purpose": "Cloth."}
    async with running(settings) as client:
        assert (await client.post("/v1/skills", json=skill, headers=mine)).status_code == 201
        assert (await client.post("/v1/programs", json=program("p"), headers=mine)).status_code == 201
        assert wrong() == set()
        for path in ("/v1/skills/s", "/v1/programs/p"):
            answer = await patch(client, path, {"name": "Other"}, mine | {"If-Match": "*"})
            assert answer.status_code == 200, answer.text
        assert wrong() == set()
        assert await hits(client, "skills", "weaving", headers=mine) == []
        assert await hits(client, "skills", "other cloth", headers=mine) == ["s"]
