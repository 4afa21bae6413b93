"""The end of a job is told, signed, and to nobody inside."""

import asyncio
import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from app.access.keys import SCOPES, create
from app.jobs import webhooks
from app.settings import Settings
from tests.support.apps import running
from tests.support.databases import Databases
from tests.support.jobs import ndjson, started
from tests.support.texts import SITUATION

pytestmark = pytest.mark.anyio


class Receiver:
    """Takes webhooks, after it has refused as many as it was told to."""

    def __init__(self, refusals: int, status: int = 500) -> None:
        received: list[tuple[dict[str, str], bytes]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                received.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(status if len(received) <= refusals else 204)
                self.send_header("location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.received, self.server = received, HTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver(refusals=1, status=302)
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


async def test_the_end_of_a_job_is_told_signed_and_again_until_it_is_taken(
    databases: Databases, engines: Callable[[str], Engine], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "PAUSES", (timedelta(0),) * 4)
    url = f"http://{receiver.host}/scored?x=1"
    alone = Settings(database_url=databases.seeded(), webhook_hosts=(receiver.host,))  # no other service tells it
    with Session(engines(alone.database_url)) as session:
        mine = {"X-API-Key": create(session, name="a test", tenant="acme", scopes=list(SCOPES))[0]}
        session.commit()
    async with running(alone) as client:
        job = await started(client, mine, ndjson({"text": SITUATION}, {"text": ""}), f"?webhook={url}")
        assert job["webhook"]["url"] == url and job["webhook"]["state"] == "waiting"
        secret = job["webhook"]["secret"]
        for _ in range(400):
            job = (await client.get(job["href"], headers=mine)).json()
            if job["webhook"]["state"] == "delivered":
                break
            await asyncio.sleep(0.1)
        assert job["webhook"] == {"url": url, "state": "delivered", "secret": None}
    assert len(receiver.received) == 2
    for headers, body in receiver.received:
        told = json.loads(body)
        assert told["type"] == "job.done"
        assert told["data"] == {"id": job["id"], "status": "done", "texts": 2, "done": 2, "errors": 1}
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        digest = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
        assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


def test_webhooks_lead_nowhere_but_where_the_settings_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = ("hooks.example.com", "hooks.example.com:8443", "localhost:9")
    for url in ("https://hooks.example.com/a?b", "https://HOOKS.example.com:8443", "http://localhost:9/"):
        webhooks.check(url, hosts)
    for url in (
        "http://hooks.example.com/",
        "https://hooks.example.com:444/",
        "https://evil.example.com/",
        "https://hooks.example.com.evil.com/",
        "https://me@hooks.example.com/",
        "https://hooks.example.com@evil.com/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:7f00:1]/",
        "https://0x7f000001/",
        "http://169.254.169.254/",
        "ftp://hooks.example.com/",
        "https://hooks.example.com/\nHost: x",
        "https://hooks.example.com:x/",
        "nonsense",
    ):
        with pytest.raises(webhooks.WebhookRefused):
            webhooks.check(url, hosts)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fd00::1"])
def test_a_name_that_leads_inside_is_not_called(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: Any, **__: Any) -> Any:
        return [(0, 0, 0, "", (one, 443)) for one in ("93.184.216.34", address)]

    monkeypatch.setattr("app.jobs.webhooks.socket.getaddrinfo", resolve)
    with pytest.raises(OSError, match="not a public address"):
        webhooks._resolved("hooks.example.com", 443)
