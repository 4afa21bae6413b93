"""What a text leaves behind when nothing is to be kept: nothing, in log, metrics, database, journal and WAL."""

import secrets
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import make_url
from sqlmodel import Session

from app.access.keys import create
from app.database import connect
from tests.support.databases import Databases
from tests.support.servers import Server

pytestmark = pytest.mark.anyio
MCP = {"accept": "application/json, text/event-stream"}


def requests(word: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Requests that carry the word wherever a caller may put one."""
    told = f"The {word} crew lost nine people and nobody trusts the new roster of the two depots."
    item = {"text": told, "id": word}
    call = {"name": "score_situation", "arguments": {"text": told}}
    yield from (("POST", "/v1/score", {"json": item | {"options": {"offset_unit": unit}}}) for unit in ("utf16", word))
    yield from (("POST", "/v1/score", {"json": {"text": told, "options": {"model_version": word}}}) for _ in range(2))
    yield "POST", "/v1/score", {"json": {"text": told, "options": {"language": word}}}
    yield "POST", "/v1/score", {"json": {"text": told, word: word}}
    yield "POST", "/v1/score", {"json": {"text": word * 5000}}
    yield "POST", "/v1/score", {"json": {"text": [word]}}
    yield "POST", "/v1/score", {"json": item, "params": {word: word}}
    yield (
        "POST",
        "/v1/score",
        {"content": f'{{"text": "{word}'.encode(), "headers": {"content-type": "application/json"}},
    )
    yield "POST", "/v1/score", {"content": word.encode() + b"\xff", "headers": {"content-type": "application/json"}}
    yield "POST", "/v1/score", {"content": word.encode(), "headers": {"content-type": f"text/{word}"}}
    yield "POST", "/v1/score", {"content": word.encode() * 500_000, "headers": {"content-type": "application/json"}}
    yield "POST", "/v1/score/batch", {"json": {"items": [item, {"text": ""}, {"text": told, word: 1}, word]}}
    yield "POST", "/v1/score/batch", {"json": {"items": [item] * 1001}}
    yield "POST", "/v1/assessments", {"json": item | {"subject_ref": word}, "headers": {"idempotency-key": word}}
    yield "POST", "/v1/jobs", {"content": told.encode(), "params": {"text_column": word}}
    yield "POST", "/v1/programs", {"json": {"name": word}}
    yield "DELETE", f"/v1/subjects/{word}", {}
    yield "GET", f"/v1/subjects/{word}/export", {}
    yield "GET", f"/v1/assessments/{word}", {}
    yield "GET", f"/v1/programs/{word}", {}
    yield "GET", "/v1/programs", {"params": {"q": word}}
    yield "GET", "/v1/programs", {"params": {"cursor": word}}
    yield "GET", "/v1/programs", {"params": {"delivery": word}}
    yield "GET", "/v1/styles", {"headers": {"if-none-match": f'"{word}"', "user-agent": word, "referer": word}}
    yield "GET", "/v1/styles", {"headers": {"authorization": f"Bearer {word}"}}
    yield "GET", "/v1/styles", {"headers": {"x-api-key": word, "cookie": word, "x-forwarded-for": word}}
    yield "GET", f"/{word}", {}
    yield "GET", "/", {"params": {"text": word}}
    yield "PUT", "/v1/score", {"json": item}
    yield "POST", "/mcp", {"json": {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}, "headers": MCP}
    yield "POST", "/mcp", {"json": {"jsonrpc": "2.0", "id": word, "method": word, "params": item}, "headers": MCP}


def on_disk(url: str, word: str) -> int:
    """How often the word stands in any file of the database: journal or WAL, and PostgreSQL's own log, among them."""
    made = make_url(url)
    folder = Path(str(made.query["host"])) if made.query else Path(str(made.database)).parent
    kept = []
    for file in folder.rglob("*"):
        if file.is_file() and "pixeltable" not in str(file):
            with suppress(FileNotFoundError):  # PostgreSQL removes files of its own while it runs
                kept.append(file.read_bytes())
    assert any(kept)
    return sum(content.count(word.encode()) for content in kept)


@pytest.mark.both_databases
async def test_nothing_of_a_text_stays(databases: Databases) -> None:
    word = f"Quokka{secrets.token_hex(6)}"
    url = databases.create()
    with Server(url, LOM_LOG_LEVEL="debug") as server:
        server.wait()
        sent = list(requests(word))
        assert len(sent) >= 30
        async with httpx.AsyncClient(base_url=server.url) as client:
            answers = [await client.request(method, path, **more) for method, path, more in sent]
            with socket.create_connection(("127.0.0.1", server.port)) as connection:  # and breaks off in the middle
                head = "POST /v1/score HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000"
                connection.sendall(f'{head}\r\n\r\n{{"text": "{word}'.encode())
            metrics = (await client.get("/metrics")).text
        assert {answer.status_code for answer in answers} >= {200, 401, 404, 405, 413, 415, 422}
        assert all(answer.status_code < 500 for answer in answers)
        assert "lom_" in metrics
        assert word not in metrics
        assert on_disk(url, word) == 0
        log = await kept_as_well(server, url, word)
        assert "/v1/score" in log
        assert word not in log


async def kept_as_well(server: Server, url: str, word: str) -> str:
    """Has the same text kept, so that the search is seen to find; and the log in the end."""
    engine = connect(url)
    with Session(engine) as session:
        key, _ = create(session, name="a test", tenant="acme", scopes=["write", "score"])
        session.commit()
    engine.dispose()
    headers = {"x-api-key": key, "idempotency-key": "1"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers) as client:
        kept = await client.post("/v1/assessments", json={"text": f"The {word} crew lost nine people.", "id": word})
    assert kept.status_code == 201
    assert on_disk(url, word) > 0
    return server.stop()
