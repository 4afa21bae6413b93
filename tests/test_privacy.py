"""Privacy and intended use: open to everybody, true of this service, and readable."""

import re
from html import unescape

import httpx
import pytest

from app.access.middleware import OWN_PATHS
from app.database import Base
from app.privacy.statement import statement
from app.settings import Settings
from tests.support.apps import running

pytestmark = pytest.mark.anyio


async def test_it_is_open_where_everything_else_needs_a_key(settings: Settings) -> None:
    async with running(settings.model_copy(update={"require_key": True})) as client:
        assert (await client.get("/v1/criteria")).status_code == 401
        answer = await client.get("/v1/privacy")
        assert answer.status_code == 200
        assert (await client.get("/v1/privacy", headers={"If-None-Match": answer.headers["etag"]})).status_code == 304
    said = answer.json()
    assert said["subprocessors"] == []
    assert "never people" in said["purpose"]
    assert any("Hiring" in use for use in said["forbidden_uses"])
    assert "2 December 2027" in str(said["law"])
    assert "operator" in said["contact"]


async def test_it_names_only_paths_of_this_service(client: httpx.AsyncClient) -> None:
    paths = set((await client.get("/openapi.json")).json()["paths"]) | {"/v1/models/current"}
    for path in re.findall(r"/v1/[a-z/{}]*", statement().model_dump_json()):
        assert path in paths or path.startswith(OWN_PATHS), path


def test_every_table_has_a_word_in_it() -> None:
    named = [table for part in statement().stored for table in part.tables]
    assert set(named) == set(Base.metadata.tables)


def test_it_tells_of_each_place_where_something_is_kept_or_sent() -> None:
    said = statement()
    stored = {word: part for part in said.stored for word in re.findall(r"\w+", part.what)}
    for word in ("audit", "Idempotency", "webhook", "Metrics", "Traces", "Feedback"):
        assert word in stored, word
    for word in ("webhook", "Traces"):
        assert word in said.transfers, word


async def test_the_reading_view_has_the_same_words(client: httpx.AsyncClient) -> None:
    page = unescape(re.sub(r"<[^>]+>", "", (await client.get("/docs/reading")).text))
    page = page.partition("In plain words, and as data at")[2]
    said = statement()
    rights = [right.how for right in said.rights]
    kept = [part.kept_for for part in said.stored]
    notes = [law.note for law in said.law]
    whole = [said.purpose, said.contact, said.transfers, said.worker_notice]
    for words in (*whole, *said.forbidden_uses, *kept, *said.never_stored, *rights, *notes):
        assert words.replace("`", "") in page, words
