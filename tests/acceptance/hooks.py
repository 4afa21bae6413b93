"""Webhooks: receivers that drip, and names that lead inside."""

import json
import os
import socket
import threading
import time
from pathlib import Path

from tests.acceptance.bench import Bench, ask, get, post, status, until
from tests.acceptance.rows import row, slowness
from tests.acceptance.watch import Watch
from tests.support.jobs import NDJSON
from tests.support.paths import ROOT
from tests.support.servers import Server

LINE = json.dumps({"text": "Die Halle wird seit dem Frühjahr umgebaut."}).encode() + b"\n"
NEVER = (  # a host that the operator lists may be in a private network, but not this machine, its link or metadata
    "64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "64:ff9b:1:ffff::a9fe:a9fe",
    "::127.0.0.1", "::169.254.169.254", "::ffff:127.0.0.1", "2002:7f00:1::", "2002:a9fe:a9fe::1",
    "2001:0:7f00:1::1", "2001:0:4136:e378:8000:63bf:5601:5601", "127.0.0.1", "127.1.2.3", "0.0.0.0",
    "100.64.0.1", "169.254.169.254", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "::", "::1", "fe80::1", "fec0::1", "ff02::1", "100::1",
    "::ffff:0:127.0.0.1", "::ffff:0:a9fe:a9fe", "fe80::5efe:127.0.0.1",
)  # fmt: skip
PUBLIC = ("93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822")


class Receiver:
    """Listens, and answers at once or drips a header line every 3 s; at most `most` seconds long."""

    def __init__(self, address: str, drip: str | None, most: float = 150) -> None:
        self.socket = socket.create_server((address, 0))
        self.host = f"{address}:{self.socket.getsockname()[1]}"
        self.calls = self.now = self.most = 0
        self._drip, self._ends = drip, time.monotonic() + most
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while time.monotonic() < self._ends:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.calls += 1
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        begin, more = {
            None: (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
            "headers": (b"HTTP/1.1 200 OK\r\n", b"X: a\r\n"),
            "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"a"),
            "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        }[self._drip]
        try:
            with connection:
                connection.settimeout(10)
                connection.recv(65536)
                connection.sendall(begin)
                while more and time.monotonic() < self._ends:
                    connection.sendall(more)
                    time.sleep(3)
        except OSError:
            pass
        self.now -= 1

    def close(self) -> None:
        self.socket.close()


@row("U6", "receivers that drip a header line every 3 s: others' webhooks arrive, SIGTERM ends in time", seconds=150)
def dripping(bench: Bench) -> None:
    slow = [
        Receiver(f"127.0.0.{n}", drip) for n, drip in ((2, "headers"), (3, "headers"), (4, "body"), (5, "continue"))
    ]
    good = Receiver("127.0.0.9", None)
    url = bench.databases.seeded()
    hosts = json.dumps([receiver.host for receiver in (*slow, good)])
    server = bench.serve(url, LOM_WEBHOOK_HOSTS=hosts)
    bad, fine = bench.key(url, tenant="bad"), bench.key(url, tenant="fine")
    for _ in range(2):
        for receiver in slow:
            _job(server, bad, receiver.host)
    until(lambda: all(receiver.calls for receiver in slow), 20)
    time.sleep(2)
    began = time.monotonic()
    href = _job(server, fine, good.host)
    with Watch(server.url) as watch:
        told = until(lambda: good.calls, 75)
    took = time.monotonic() - began
    bench.check(
        bool(told) and took <= 20, "a job's webhook beside 8 others whose receivers drip", f"{took:.0f} s, 20 allowed"
    )
    bench.check(watch.worst <= 1000, "/healthz meanwhile", f"{watch.worst:.0f} ms")
    state = until(lambda: get(server.url + href, headers=fine).json()["webhook"]["state"] == "delivered", 10)
    bench.check(bool(state) or not told, f"GET {href}", "the webhook is not told as delivered")
    twice = {receiver.host: receiver.most for receiver in slow if receiver.most > 2}  # one may not know its end yet
    bench.check(not twice, "deliveries to one host at the same time", twice)
    for receiver in slow:  # so that something drips when the end comes
        _job(server, bad, receiver.host)
    time.sleep(4)
    began = time.monotonic()
    server.process.terminate()
    ended = until(lambda: server.process.poll() is not None, 50)
    stopped = time.monotonic() - began
    bench.check(
        bool(ended) and stopped <= 12 + 3 * slowness(), "SIGTERM while receivers drip", f"{stopped:.0f} s, 12 wanted"
    )
    bench.check(
        server.process.returncode == 0, "SIGTERM while receivers drip", f"exit status {server.process.returncode}"
    )
    bench.note(f"the other's webhook came after {took:.1f} s; SIGTERM took {stopped:.1f} s")
    for receiver in (*slow, good):
        receiver.close()


def _job(server: Server, key: dict[str, str], host: str) -> str:
    answer = post(
        f"{server.url}/v1/jobs", params={"webhook": f"http://{host}/x"}, content=LINE, headers=key | NDJSON, timeout=30
    )
    return str(answer.json()["href"])


@row(
    "U13",
    "webhook names that resolve to this machine, its link or metadata, embedded or not: never called",
    seconds=150,
)
def names_that_lead_inside(bench: Bench) -> None:
    tried = bench.folder / "tried"
    tried.write_text("")
    addresses = (*NEVER, *PUBLIC)
    names = {f"h{number}.example.com": address for number, address in enumerate(addresses)}
    mixed = {f"m{number}.example.com": f"93.184.216.34,{address}" for number, address in enumerate(NEVER[:8])}
    url = bench.databases.seeded()
    server = bench.serve(
        url,
        LOM_WEBHOOK_HOSTS=json.dumps([*names, *mixed]),
        PYTHONPATH=f"{Path(__file__).parent / 'aids'}{os.pathsep}{ROOT}",
        RESOLVER_NAMES=json.dumps(names | mixed),
        RESOLVER_TRIED=str(tried),
    )
    key = bench.key(url)
    asked = 0
    for name in (*names, *mixed):
        answer = ask(
            "POST", f"{server.url}/v1/jobs", params={"webhook": f"https://{name}/x"}, content=LINE, headers=key | NDJSON
        )
        asked += status(answer) == 202
    bench.check(asked == len(names | mixed), "POST /v1/jobs with such webhooks", f"{asked} taken")
    due = "SELECT count(*) FROM job WHERE webhook_state IN ('waiting', 'due') AND webhook_attempts = 0"
    until(lambda: bench.sql(url, due)[0][0] == 0, 75, 0.5)
    called = set(tried.read_text().split())
    bench.check({PUBLIC[0], PUBLIC[1]} <= called, "webhooks to public addresses", f"called were {sorted(called)}")
    wrong = called - set(PUBLIC)
    bench.check(not wrong, "webhooks to names that resolve inside", f"called were {sorted(wrong)}")
    bench.note(f"{len(NEVER)} such addresses and {len(mixed)} mixed names; called: {sorted(called)}")
