"""Word search: whatever a reader sees of an item finds it, on both databases alike."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from alembic import command
from sqlmodel import Session, col, select

from app.catalog.tables import Program
from app.database import alembic_config, connect
from app.pagination import stems
from app.settings import Settings, data_path
from tests.support.apps import running
from tests.support.databases import Databases
from tests.support.programs import ALL, MakeKey, key, patch, program

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
