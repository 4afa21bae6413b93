"""Tables as spreadsheets and survey tools write them, and as they go wrong: nothing of them is lost."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from app.access.keys import create
from app.jobs.items import Item, unpack
from app.jobs.tables import Chunk
from tests.support.apps import key, running
from tests.support.databases import Databases
from tests.support.jobs import fresh
from tests.support.paths import ROOT

pytestmark = pytest.mark.anyio

FOLDER = ROOT / "tests" / "awkward"
EXPECTED: dict[str, Any] = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
NDJSON, CSV = "application/x-ndjson", "text/csv"
A, B = "Two plants merge and nobody knows who decides.", "Forty invoices a day, each checked before five."


class Desk:
    """Uploads to a service that scores nothing, and looks at what it would score."""

    def __init__(self, client: httpx.AsyncClient, engine: Engine, mine: dict[str, str]) -> None:
        self._client, self._engine, self._mine = client, engine, mine

    async def send(self, body: bytes, kind: str = CSV, **query: str | None) -> httpx.Response:
        named = {name: value for name, value in query.items() if value is not None}
        return await self._client.post(
            "/v1/jobs", params=named, content=body, headers=self._mine | {"content-type": kind}
        )

    async def items(self, body: bytes, kind: str = CSV, **query: str | None) -> list[Item]:
        answer = await self.send(body, kind, **query)
        assert answer.status_code == 202, answer.text
        chunks = select(Chunk).where(Chunk.job_id == answer.json()["id"]).order_by(col(Chunk.number))
        with Session(self._engine) as session:
            found = [item for chunk in session.exec(chunks) for item in unpack(chunk.texts or b"")]
        assert len(found) == answer.json()["texts"]
        return found


@pytest.fixture(scope="module")
async def desk(databases: Databases) -> AsyncIterator[Desk]:
    settings = fresh(databases)
    async with running(settings) as client:
        state = client._transport.app.state  # type: ignore[attr-defined]
        state.runner.stop()
        with Session(state.engine) as session:
            mine = key(create(session, name="k", tenant="a", scopes=["read", "score"])[0])
            session.commit()
        yield Desk(client, state.engine, mine)


def test_every_file_of_the_corpus_is_described() -> None:
    files = {file.name for file in FOLDER.iterdir()} - {"README.md", "expected.json", "formulas.json", ".gitattributes"}
    assert files == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
async def test_each_row_of_an_awkward_table_is_a_text_or_an_error(desk: Desk, name: str) -> None:
    told, body = EXPECTED[name], (FOLDER / name).read_bytes()
    columns = {f"{role}_column": column for role, column in told["columns"].items()}
    if refused := told.get("refused"):
        answer = await desk.send(body, **columns)
        problem = answer.json()
        assert answer.status_code == 422
        assert refused in {problem["code"], *(error["code"] for error in problem["errors"])} or (
            refused == "table_empty" and problem["code"] == "job_empty"
        )
        return
    found = await desk.items(body, **columns)
    rows = [
        {"id": item.id, "group": item.group} | ({"error": item.code} if item.code else {"text": item.text})
        for item in found
    ]
    assert rows == told["rows"]


async def test_one_row_that_never_closes_among_thousands_costs_itself_alone(desk: Desk) -> None:
    rows = [f"{n},Leeds,Nobody trusts roster {n}." for n in range(2000)]
    rows[100] = '100,Leeds,"The crew must follow the checklist.'
    for later in (None, 'He said "no", twice.', '"Quoted, and closed."', 'A 12" pipe.', 'A pipe of 12"', '"'):
        if later:
            rows[1500] = f"1500,Leeds,{later}"
        items = await desk.items("\n".join(["id,site,text", *rows]).encode(), id_column="id", group_column="site")
        assert [item.id for item in items] == [str(n) for n in range(2000)]
        faulty = [item.id for item in items if item.code]
        assert faulty == (["100", "1500"] if later in {'He said "no", twice.', '"'} else ["100"]), later


async def test_lines_of_json_never_vanish_and_keep_their_names(desk: Desk) -> None:
    lines = [
        json.dumps({"text": A, "id": "1"}),
        '{"text": 7, "id": "2", "group": "Leeds"}',
        '{"text": "x", "id": "3", "colour": 1}',
        '{"text": "x", "id": 4, "group": "Köln"}',
        "{",
        "[]",
        '{"id": "7"}',
        json.dumps({"text": B, "id": "8"}),
    ]
    for body in ("\n".join(lines).encode(), "\r".join(lines).encode(), "\r\n\r\n".join(lines).encode("utf-16")):
        found = await desk.items(body, NDJSON)
        assert [(item.id, item.group, item.code) for item in found] == [
            ("1", None, None),
            ("2", "Leeds", "item_invalid"),
            ("3", None, "item_invalid"),
            (None, "Köln", "item_invalid"),
            (None, None, "line_invalid"),
            (None, None, "item_invalid"),
            ("7", None, "item_invalid"),
            ("8", None, None),
        ]


@pytest.mark.parametrize(
    ("body", "kind", "status", "code", "words"),
    [
        (b"id,text1,A plan.2,Another.", CSV, 422, "line_ends_missing", "--data-binary"),
        (b'id,text1,The 12" crew plans.2,"Open', CSV, 422, "line_ends_missing", "--data-binary"),
        (b'id,text1,"A plan."2,"B, plan."', CSV, 422, "line_ends_missing", "--data-binary"),
        (b"id,text", CSV, 422, "job_empty", "--data-binary"),
        (b"text," + b"words " * 400_000, CSV, 422, "line_ends_missing", "--data-binary"),
        (b'{"text": "A plan."}{"text": "B plan."}', NDJSON, 422, "line_ends_missing", "--data-binary"),
        (b'{"text": "A plan."}' * 100_000, NDJSON, 422, "line_ends_missing", "--data-binary"),
        (b"text=A plan.", "application/x-www-form-urlencoded", 415, "unsupported_media_type", "--data-binary"),
        ('{"text": "Fähre"}\n{"text": "früh"}\n'.encode("cp1252"), NDJSON, 422, "encoding_unsupported", "Windows-1252"),
        ('{"text": "A plan."}\n'.encode("utf-16-le"), NDJSON, 422, "encoding_unsupported", "UTF-16"),
        ("text\nA plan.\n".encode("utf-32"), CSV, 422, "encoding_unsupported", "UTF-32"),
        (b"PK\x03\x04\x14\x00\x06\x00\n\x00", CSV, 422, "encoding_unsupported", "xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\n", CSV, 422, "encoding_unsupported", "xls"),
        (
            b"text\n" + b"A plan.\n" * 70 + b"The team\x92s plan.\n" * 30,
            CSV,
            422,
            "encoding_unsupported",
            "Windows-1252",
        ),
    ],
)
async def test_a_body_that_is_no_table_is_refused_with_what_to_do(
    desk: Desk, body: bytes, kind: str, status: int, code: str, words: str
) -> None:
    answer = await desk.send(body, kind)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert words in answer.json()["detail"]


async def test_a_wrong_column_is_named_with_those_that_are_there(desk: Desk) -> None:
    answer = await desk.send(
        b"Nr;Kommentar;" + b"x" * 61 + b"\n1;A plan.;\n", id_column="Nummer", text_column="kommentar"
    )
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("?id_column", "column_missing")
    assert "“Nummer”" in error["message"] and "“Nr”, “Kommentar”, (number 3)" in error["message"]
    answer = await desk.send(b"text;text\na;b\n")
    assert answer.json()["errors"][0]["code"] == "column_ambiguous"


async def test_a_delimiter_that_is_named_goes_before_what_is_found(desk: Desk) -> None:
    body = b"a;b,text\n1;2,A plan.\n"
    assert [item.text for item in await desk.items(body, delimiter="comma")] == ["A plan."]
    assert [item.text for item in await desk.items(b"sep=,\n" + body)] == ["A plan."]
    assert (await desk.send(body, delimiter="semicolon")).status_code == 422
