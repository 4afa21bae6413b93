"""The end of a job is told, signed, and to nobody inside."""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, update
from sqlmodel import Session, col, select

from app.access.keys import SCOPES, create
from app.database import alembic_config
from app.jobs import deliveries, sending, store, webhooks
from app.jobs.addresses import may_be_called
from app.jobs.deliveries import LEASE, claim, record
from app.jobs.items import Item, pack
from app.jobs.sending import NotSent, send
from app.jobs.tables import Chunk, Job
from app.jobs.webhooks import Target
from app.settings import Settings, data_path
from tests.support.apps import key, running
from tests.support.databases import Databases
from tests.support.jobs import fresh, ndjson, started, wait_for
from tests.support.missing import cannot_run
from tests.support.receivers import Receiver, endless, interim, receiving, rude, scripted, silent, trickle
from tests.support.servers import Server
from tests.support.texts import SITUATION

SECRET = webhooks.new_secret()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(Receiver(refusals=1, status=302)) as receiver:
        yield receiver


@pytest.fixture
def engine(databases: Databases, engines: Callable[[str], Engine]) -> Engine:
    """A database of its own that no service works on."""
    return engines(fresh(databases).database_url)


def ended(engine: Engine, url: str, tenant: str = "a", **more: Any) -> str:
    """A job that has ended and whose webhook is due."""
    now = datetime.now(UTC)
    job = Job(
        id=store.new_id(), tenant=tenant, status="done", options={}, request_id="r", total=2, done=2, created_at=now,
        finished_at=now, expires_at=now + store.KEPT, webhook_url=url, webhook_secret=SECRET, webhook_state="due",
        webhook_host=webhooks.place(url), webhook_due=now, **more
    )  # fmt: skip
    with Session(engine, expire_on_commit=False) as session:
        session.add(job)
        session.commit()
    return job.id


def read(engine: Engine, job_id: str) -> Job:
    with Session(engine, expire_on_commit=False) as session:
        job = session.get(Job, job_id)
        assert job is not None
        return job


def change(engine: Engine, job_id: str, **values: Any) -> None:
    with Session(engine) as session:
        session.execute(update(Job).where(col(Job.id) == job_id).values(**values))
        session.commit()


def to(host: str) -> Target:
    target = webhooks.target(f"http://{host}/in", (host,))
    assert target is not None
    return target


def signed(headers: dict[str, str], body: bytes, secret: str) -> str:
    """The signature as the rule of Standard Webhooks has it, worked out without the service's code."""
    told = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), told, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


@pytest.mark.anyio
@pytest.mark.both_databases
async def test_the_end_of_a_job_is_told_signed_and_again_until_it_is_taken(
    databases: Databases, engines: Callable[[str], Engine], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "PAUSES", (timedelta(seconds=1),) * 4)
    url = f"http://{receiver.host}/scored?x=1"
    alone = Settings(database_url=databases.seeded(), webhook_hosts=(receiver.host,))  # no other service tells it
    with Session(engines(alone.database_url)) as session:
        mine = key(create(session, name="a test", tenant="acme", scopes=list(SCOPES))[0])
        session.commit()
    seen = []
    async with running(alone) as client:
        job = await started(client, mine, ndjson({"text": SITUATION}, {"text": ""}), f"?webhook={url}")
        secret = job["webhook"].pop("secret")
        waiting = {"url": url, "state": "waiting", "attempts": 0, "last_failure": None, "next_attempt_at": None}
        assert job["webhook"] == waiting
        for _ in range(400):
            job = (await client.get(job["href"], headers=mine)).json()
            seen.append(job["webhook"])
            if job["webhook"]["state"] == "delivered":
                break
            await asyncio.sleep(0.05)
    done = {"state": "delivered", "secret": None, "attempts": 2, "last_failure": None, "next_attempt_at": None}
    assert job["webhook"] == {"url": url} | done
    refused = next(told for told in seen if told["last_failure"])
    assert (refused["state"], refused["attempts"]) == ("due", 1)
    assert "status 302" in refused["last_failure"]
    assert refused["next_attempt_at"] > job["finished_at"]
    (first, body), (second, again) = receiver.received
    assert body == again
    assert json.loads(body) == {
        "type": "job.done",
        "timestamp": datetime.fromisoformat(job["finished_at"]).isoformat(),
        "data": {"id": job["id"], "status": "done", "texts": 2, "done": 2, "errors": 1},
    }
    assert {name for name in first if first[name] != second[name]} == {"webhook-timestamp", "webhook-signature"}
    for headers in (first, second):
        assert headers["webhook-signature"] == signed(headers, body, secret)


HOSTS = ("hooks.example.com", "Hooks.Example.com:8443", "localhost:9", "[fd00::5]:8443", "::1", "bücher.example")


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/a?b",
        "https://hooks.example.com",
        "https://hooks.example.com:443/",
        "https://HOOKS.example.com:8443",
        "http://localhost:9/",
        "https://[fd00::5]:8443/",
        "http://[::1]/",
        "https://xn--bcher-kva.example/",
    ],
)
def test_webhooks_lead_where_the_settings_allow(url: str) -> None:
    webhooks.check(url, HOSTS)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "https://hooks.example.com:444/",
        "https://hooks.example.com:0/",
        "https://hooks.example.com:65979/",
        "https://hooks.example.com:+443/",
        "https://hooks.example.com:\u0664\u0664\u0663/",
        "https://hooks.example.com:x/",
        "https://hooks.example.com./",
        "https://evil.example.com/",
        "https://hooks.example.com.evil.com/",
        "https://me@hooks.example.com/",
        "https://@hooks.example.com/",
        "https://hooks.example.com@evil.com/",
        "https://hooks.example.com\\@evil.com/",
        "https://evil.com\\@hooks.example.com/",
        "https://hooks.example.com%2eevil.com/",
        "https://hooks%2eexample.com/",
        "https://hooks.example.com%00.evil.com/",
        "https:///hooks.example.com/",
        "https:hooks.example.com/",
        "//hooks.example.com/",
        "https://\uff48ooks.example.com/",
        "https://b\u00fccher.example/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://[::1]:9/",
        "https://[::ffff:7f00:1]/",
        "https://[fd00::5%25eth0]:8443/",
        "https://[fd00::5%eth0]:8443/",
        "http://169.254.169.254/",
        "http://localhost:10/",
        "ftp://hooks.example.com/",
        "https://hooks.example.com/\nHost: x",
        "https://hooks.example.com/a b",
        " https://hooks.example.com/",
        "nonsense",
        "",
    ],
)
def test_webhooks_lead_nowhere_else(url: str) -> None:
    with pytest.raises(webhooks.WebhookRefused):
        webhooks.check(url, HOSTS)


@pytest.mark.parametrize("listed", ["", ":", "h:0", "h:x", "a b", "[::1", "https://h/", "x" * 64 + "ü.example", "*"])
def test_an_entry_that_names_no_host_allows_nothing(listed: str) -> None:
    for url in ("https://h/", "https://a/", "https://x/"):
        with pytest.raises(webhooks.WebhookRefused):
            webhooks.check(url, (listed,))


INSIDE = [
    "10.1.2.3",
    "172.16.0.9",
    "192.168.1.1",
    "192.0.2.2",
    "198.18.0.1",
    "2001:db8::1",
    "fd12:3456::1",
    "::ffff:10.0.0.1",
    "fd00::5",
]
OUTSIDE = ["93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822", "2002:5db8:d822::1"]
SHUT = (
    "127.0.0.1 127.9.9.9 ::1 ::ffff:127.0.0.1 0.0.0.0 0.1.2.3 :: 100.64.0.1 100.100.100.200 169.254.169.254 "
    "::ffff:169.254.169.254 168.63.129.16 192.0.0.192 224.0.0.1 239.255.255.250 "
    "240.0.0.1 255.255.255.255 ::ffff:255.255.255.255 fe80::1 fe80::1%1 fec0::1 ff02::1 fd00:ec2::254 fd00:ec2::23 "
    "fd20:ce::254 ::127.0.0.1 ::10.0.0.1 ::93.184.216.34 ::ffff:0:127.0.0.1 ::ffff:0:5db8:d822 64:ff9b::7f00:1 "
    "64:ff9b::a9fe:a9fe 64:ff9b::a00:1 64:ff9b::6440:1 64:ff9b:1::a9fe:a9fe 64:ff9b:1:a9fe:a9:fe00:: 64:ff9b:1::1 "
    "2002:7f00:1::1 2002:a9fe:a9fe::1 2002:a00:1::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:10::1 "
    "2606:4700::5efe:7f00:1 2606:4700::5efe:a9fe:a9fe 2606:4700::200:5efe:a00:1 fd12::5efe:127.0.0.1 100::1 4000::1 "
    "5f00::1 64:ff9b::c000:202 2002:c612:1::1"
).split()


@pytest.mark.parametrize("address", [*INSIDE, *OUTSIDE])
def test_a_listed_host_may_lie_inside_the_network_or_outside(address: str) -> None:
    assert may_be_called(address, loopback=False)


@pytest.mark.parametrize("address", SHUT)
def test_a_listed_host_may_not_lead_to_this_machine_metadata_or_many_machines(address: str) -> None:
    assert not may_be_called(address, loopback=False)


@pytest.mark.parametrize("address", ["10.0.0.1", "93.184.216.34", "169.254.169.254", "::", "fd00::1"])
def test_a_host_listed_as_this_machine_leads_to_this_machine_only(address: str) -> None:
    assert may_be_called("127.0.0.1", loopback=True)
    assert may_be_called("::1", loopback=True)
    assert not may_be_called(address, loopback=True)


class Net:
    """What names lead to, and what was asked for; nothing leaves the process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
        self.lookups: list[str] = []
        self.requests: list[httpx.Request] = []
        self.unreachable: set[str] = set()
        self._answers = list(answers)
        monkeypatch.setattr(socket, "getaddrinfo", self._resolve)
        monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", self._answer)

    def _resolve(self, host: str, *_: Any, **__: Any) -> Any:
        self.lookups.append(host)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [(0, 0, 0, "", (address, 443)) for address in answer]

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.host in self.unreachable:
            raise httpx.ConnectError("no route")
        return httpx.Response(204)


HOOKS = Target("https://hooks.example.com:8443/in?x=1", "https", "hooks.example.com", 8443)


@pytest.mark.parametrize("shut", ["127.0.0.1", "169.254.169.254", "64:ff9b::a9fe:a9fe", "::127.0.0.1"])
def test_a_name_of_which_one_address_is_shut_is_not_called_at_all(shut: str, monkeypatch: pytest.MonkeyPatch) -> None:
    net = Net(monkeypatch, ["93.184.216.34", shut])
    with pytest.raises(NotSent, match="never called"):
        send(HOOKS, {}, b"{}")
    assert net.requests == []


def test_a_name_is_resolved_once_and_the_address_that_was_judged_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    net = Net(monkeypatch, ["10.1.2.3"], ["127.0.0.1"])
    send(HOOKS, {}, b"{}")
    assert net.lookups == ["hooks.example.com"]
    [request] = net.requests
    assert str(request.url) == "https://10.1.2.3:8443/in?x=1"
    assert request.headers["host"] == "hooks.example.com:8443"
    assert request.extensions["sni_hostname"] == "hooks.example.com"


def test_the_addresses_of_a_host_are_tried_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    net = Net(monkeypatch, ["2606:4700::1111", "93.184.216.34"])
    net.unreachable = {"2606:4700::1111"}
    send(HOOKS, {}, b"{}")
    assert [request.url.host for request in net.requests] == ["2606:4700::1111", "93.184.216.34"]
    assert net.requests[0].extensions["timeout"]["connect"] < sending.SECONDS / 2  # one that is silent takes not all
    net.unreachable.add("93.184.216.34")
    with pytest.raises(NotSent, match="cannot be reached"):
        send(HOOKS, {}, b"{}")


def test_a_connection_asks_for_no_second_lookup_and_for_no_proxy(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.received.append(({}, b""))  # it refuses the first
    lookups, real = [], socket.getaddrinfo

    def resolve(host: Any, *more: Any, **options: Any) -> Any:
        lookups.append(host)
        return real("127.0.0.1", *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    port = receiver.host.rpartition(":")[2]
    send(to(f"localhost:{port}"), {"content-type": "application/json"}, b"{}")
    assert lookups == ["localhost"]
    assert receiver.received[-1][0]["host"] == f"localhost:{port}"


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for `localhost`, with its key in the same file."""
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    make += [
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
        "-keyout",
        file,
        "-out",
        f"{file}.crt",
    ]
    try:
        subprocess.run(make, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        cannot_run("TLS: openssl could not make a certificate on this machine")
    with open(file, "a", encoding="ascii") as both:
        both.write(Path(f"{file}.crt").read_text(encoding="ascii"))
    return file


def test_the_certificate_must_be_trusted_and_of_the_name(certified: Path) -> None:
    receiver, trusting = Receiver(), ssl.create_default_context(cafile=f"{certified}.crt")
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(certified)
    receiver.server.socket = ours.wrap_socket(receiver.server.socket, server_side=True)
    port = receiver.server.server_port
    with receiving(receiver):
        send(Target(f"https://localhost:{port}/", "https", "localhost", port), {}, b"{}", trusting)
        assert len(receiver.received) == 1
        for host, tls in (("localhost", None), ("127.0.0.1", trusting)):
            with pytest.raises(NotSent, match="certificate"):
                send(Target(f"https://{host}:{port}/", "https", host, port), {}, b"{}", tls)
    assert len(receiver.received) == 1


@pytest.mark.parametrize("serve", [trickle, interim, silent])
def test_one_deadline_holds_for_the_whole_of_a_try(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "SECONDS", 0.4)
    with scripted(serve) as host, pytest.raises(NotSent, match=r"within 0\.4 seconds"):
        send(to(host.host), {}, b"{}")


def test_a_lookup_that_hangs_ends_with_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(sending, "SECONDS", 0.3)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(30) and [])
    with pytest.raises(NotSent, match=r"within 0\.3 seconds"):
        send(HOOKS, {}, b"{}")
    over.set()


def test_a_body_without_an_end_is_not_read() -> None:
    with scripted(endless) as host:
        send(to(host.host), {}, b"{}")


def test_what_went_wrong_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(rude) as host, pytest.raises(NotSent, match="not HTTP"):
        send(to(host.host), {}, b"{}")
    with pytest.raises(NotSent, match="cannot be reached"):
        send(to(host.host), {}, b"{}")
    Net(monkeypatch, [])
    with pytest.raises(NotSent, match="could not be resolved"):
        send(HOOKS, {}, b"{}")


def attempt(engine: Engine, *hosts: str) -> None:
    """Begin what is due, and wait until it has ended."""
    sender = deliveries.Deliveries(engine, hosts)
    while sender.begin_one():
        pass
    wait_for(lambda: not any(thread.name.startswith("webhook-") for thread in threading.enumerate()), 20)


def test_each_failed_try_is_logged_without_path_query_or_secret(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with receiving(Receiver(refusals=9)) as receiver:
        job_id = ended(engine, f"http://{receiver.host}/hidden-path?hidden=query")
        attempt(engine, receiver.host)
    written = "\n".join(record.getMessage() for record in caplog.records)
    told = next(json.loads(line) for line in written.splitlines() if "webhook_failed" in line)
    assert told == {
        "event": "webhook_failed",
        "job_id": job_id,
        "host": receiver.host,
        "attempt": 1,
        "reason": "The host answered with status 500; 2xx takes the message, redirects are not followed.",
        "gives_up": False,
    }
    headers, _ = receiver.received[0]
    for secret in ("hidden", SECRET, SECRET.removeprefix("whsec_"), headers["webhook-signature"]):
        assert secret not in written


def test_a_webhook_that_fails_five_times_is_given_up(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "PAUSES", (timedelta(0),) * 4)
    with receiving(Receiver(refusals=9, status=503)) as receiver:
        job_id = ended(engine, f"http://{receiver.host}/")
        for _ in range(9):
            attempt(engine, receiver.host)
    job = read(engine, job_id)
    assert (job.webhook_state, job.webhook_attempts, job.webhook_secret) == ("failed", 5, None)
    assert "503" in (job.webhook_failure or "")
    assert len({body for _, body in receiver.received}) == 1
    assert len(receiver.received) == 5


def test_a_try_that_breaks_here_counts_as_failed_and_holds_nothing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(deliveries, "send", broken)
    job_id = ended(engine, "https://hooks.example.com/")
    attempt(engine, "hooks.example.com")
    job = read(engine, job_id)
    assert (job.webhook_state, job.webhook_attempts, job.webhook_lease) == ("due", 1, None)
    assert job.webhook_failure == deliveries.BROKEN


def test_a_host_that_the_settings_allow_no_more_is_not_called(engine: Engine) -> None:
    with receiving(Receiver()) as receiver:
        job_id = ended(engine, f"http://{receiver.host}/")
        attempt(engine)
    job = read(engine, job_id)
    assert receiver.received == []
    assert (job.webhook_state, job.webhook_failure) == ("due", deliveries.NOT_ALLOWED)


def test_a_slow_host_gets_one_message_at_a_time_and_delays_no_other(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SECONDS", 60.0)
    inside, most, gate = [0], [0], threading.Event()

    def hold(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(65536)
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        gate.wait(60)
        inside[0] -= 1
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with scripted(hold) as slow, receiving(Receiver()) as quick:
        waiting = [ended(engine, f"http://{slow.host}/{number}") for number in range(3)]
        others = [ended(engine, f"http://{quick.host}/{number}", tenant="b") for number in range(5)]
        sender = deliveries.Deliveries(engine, (slow.host, quick.host))
        sender.work.start()
        wait_for(lambda: all(read(engine, job_id).webhook_state == "delivered" for job_id in others), 60)
        wait_for(lambda: slow.connections == 1, 60)  # and no more while it has not answered
        assert read(engine, waiting[0]).webhook_state == "due"
        gate.set()
        wait_for(lambda: all(read(engine, job_id).webhook_state == "delivered" for job_id in waiting), 60)
        sender.work.end()
    assert (slow.connections, most[0]) == (3, 1)
    assert len(quick.received) == len(others)


def test_who_has_failed_before_lets_others_at_the_same_host_go_first(engine: Engine) -> None:
    for number in range(3):
        ended(engine, f"https://hooks.example.com/slow/{number}", tenant="slow")
    other = ended(engine, "https://hooks.example.com/quick", tenant="quick")
    first = claim(engine)
    assert first is not None
    record(engine, first, "There was no answer within 10 seconds.")
    second = claim(engine)
    assert second is not None
    assert second.id == other


@pytest.mark.both_databases
def test_a_host_is_taken_once_whoever_asks(
    databases: Databases, engines: Callable[[str], Engine], engine: Engine
) -> None:
    mine = {ended(engine, f"https://hooks.example.com/{number}") for number in range(8)}
    elsewhere = ended(engine, "https://hooks.example.com:8443/")
    claims: list[Job | None] = []

    def ask() -> None:
        for _ in range(5):
            claims.append(claim(engine))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = [job.id for job in claims if job]
    assert elsewhere in taken
    assert len(taken) == 2
    assert len(mine & set(taken)) == 1


def test_a_try_that_was_cut_short_is_made_again_and_tells_the_same(engine: Engine) -> None:
    job_id = ended(engine, "https://hooks.example.com/")
    first = claim(engine)
    assert claim(engine) is None
    past = datetime.now(UTC) - timedelta(seconds=1)
    change(engine, job_id, webhook_lease=past, webhook_due=past)  # as if the lease had run out
    second = claim(engine)
    assert first is not None
    assert second is not None
    assert (first.webhook_attempts, second.webhook_attempts) == (1, 2)
    assert webhooks.message(first) == webhooks.message(second)
    record(engine, first, "it was too late")
    assert read(engine, job_id).webhook_failure is None
    record(engine, second, None)
    assert read(engine, job_id).webhook_state == "delivered"


def test_times_that_a_clock_wrote_before_it_was_set_back_hold_nothing_up(engine: Engine) -> None:
    ahead = datetime.now(UTC) + timedelta(hours=1)
    job_id = ended(engine, "https://hooks.example.com/")
    change(engine, job_id, webhook_lease=ahead + LEASE, webhook_due=ahead)
    assert claim(engine) is not None


@pytest.mark.both_databases
def test_the_migration_keeps_what_is_due_and_its_texts_in_both_directions(databases: Databases, engine: Engine) -> None:
    job_id, texts = ended(engine, "https://Hooks.Example.com/in"), pack([Item("1", None, SITUATION)])
    with Session(engine) as session:
        session.add(Chunk(job_id=job_id, number=0, state="open", due=datetime.now(UTC), items=1, texts=texts))
        session.commit()
    config = alembic_config(data_path("migrations"))
    before = ScriptDirectory.from_config(config).get_revision("0007").down_revision
    for step, revision in ((command.downgrade, before), (command.upgrade, "head")):
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            step(config, revision)
    job = claim(engine)
    assert job is not None
    assert (job.id, job.webhook_host) == (job_id, "hooks.example.com:443")
    with Session(engine) as session:
        assert session.exec(select(Chunk.items).where(Chunk.job_id == job_id)).all() == [1]


@pytest.mark.slow
def test_a_signal_ends_the_process_in_time_whatever_is_under_way(
    databases: Databases, engines: Callable[[str], Engine]
) -> None:
    settings = fresh(databases)
    engine = engines(settings.database_url)
    with scripted(trickle) as slow:
        job_id = ended(engine, f"http://{slow.host}/")
        with Server(settings.database_url, LOM_WEBHOOK_HOSTS=json.dumps([slow.host])) as server:
            server.wait()
            wait_for(lambda: slow.connections == 1, 20)
            begun = time.monotonic()
            server.process.terminate()
            server.end(12)
            assert time.monotonic() - begun < 12
    job = read(engine, job_id)
    assert (job.webhook_state, job.webhook_attempts) == ("due", 1)
    assert job.webhook_due is not None
    assert job.webhook_due <= datetime.now(UTC) + LEASE
