"""What a row works with: databases, servers, keys, commands, and figures of processes."""

import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text
from sqlmodel import Session

from app.access.keys import SCOPES, create
from app.database import connect
from tests.acceptance.rows import Findings
from tests.acceptance.watch import Watch
from tests.support.databases import Databases
from tests.support.paths import ROOT
from tests.support.servers import Server

JSON = {"content-type": "application/json"}
MIB = 1024 * 1024
STARTS = 4
"""How many minutes a server may take to start."""


get, post = partial(httpx.get, timeout=60), partial(httpx.post, timeout=60)
"""With a patience that a busy machine needs."""


@dataclass
class Bench:
    """One row's place to work. What it starts ends with it."""

    databases: Databases
    findings: Findings
    folder: Path
    postgres: str | None
    long: bool = False
    _servers: list[Server] = field(default_factory=list)
    _commands: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.databases.kind

    def note(self, seen: str) -> None:
        """A figure for the table."""
        self.findings.note(seen)

    def check(self, holds: bool, request: str, seen: object) -> bool:
        """Whether it holds; where it does not, the table shows the request."""
        return self.findings.check(holds, request, seen)

    def start(self, url: str, *options: str, files: int | None = None, **variables: str) -> Server:
        """A server that may not be ready yet; `files` is how many it may hold open."""
        server = Server(url, *options, **variables)
        if files:
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (files, files))
        self._servers.append(server)
        return server

    def serve(self, url: str | None = None, *options: str, files: int | None = None, **variables: str) -> Server:
        """A server that is ready and has scored once."""
        server = self.start(url or self.databases.seeded(), *options, files=files, **variables)
        self.ready(server)
        httpx.post(f"{server.url}/v1/score", json={"text": "Nobody trusts the new roster."}, timeout=60)
        return server

    def ready(self, server: Server) -> None:
        """Return once a server is ready; on a busy machine that takes minutes. Raises TimeoutError where it ends."""
        for _ in range(STARTS):
            try:
                return server.wait()
            except TimeoutError:
                if server.process.poll() is not None:
                    break
        raise TimeoutError(f"the server did not become ready: {server.written()[-300:]}")

    def stop(self, server: Server) -> str:
        """End a server with SIGTERM; what it wrote. On a busy machine that takes longer than the 12 s of its own."""
        server.process.terminate()
        return server.end(90)

    def command(self, url: str, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """A command of ours, ended."""
        return subprocess.run(
            [sys.executable, "-m", "app.cli", *words],
            env=environment(url, **variables),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def begin(self, url: str, *words: str, **variables: str) -> "subprocess.Popen[bytes]":
        """A command of ours that goes on."""
        command = [sys.executable, "-m", "app.cli", *words]
        started = subprocess.Popen(
            command,
            env=environment(url, **variables),
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / f"{words[0]}{len(self._commands)}.log").open("wb"),
        )
        self._commands.append(started)
        return started

    def key(self, url: str, *scopes: str, tenant: str = "acme", **more: Any) -> dict[str, str]:
        """The header that carries a new key; all scopes where none is named."""
        engine = connect(url)
        with Session(engine) as session:
            plain, _ = create(session, name="acceptance", tenant=tenant, scopes=list(scopes or SCOPES), **more)
            session.commit()
        engine.dispose()
        return {"X-API-Key": plain}

    def sql(self, url: str, *statements: str, **values: Any) -> list[Any]:
        """Rows of the last of these statements."""
        engine = connect(url)
        try:
            with engine.begin() as connection:
                done = [connection.execute(text(one), values) for one in statements]
                return list(done[-1].all()) if done[-1].returns_rows else []
        finally:
            engine.dispose()

    def close(self) -> None:
        """End whatever still runs, workers of servers included."""
        for process in [*(server.process for server in self._servers), *self._commands]:
            if process.poll() is None:
                workers = children(process.pid)
                process.kill()
                process.wait()
                for pid in workers:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


@contextmanager
def opened(databases: Databases, postgres: str | None, long: bool, findings: Findings) -> Iterator[Bench]:
    """A bench, and its end."""
    with tempfile.TemporaryDirectory(prefix="acceptance-") as folder:
        bench = Bench(databases, findings, Path(folder), postgres, long)
        try:
            yield bench
        finally:
            bench.close()


def environment(url: str, **variables: str) -> dict[str, str]:
    """The environment of a command."""
    return os.environ | {"LOM_DATABASE_URL": url, "PYTHONPATH": str(ROOT)} | variables


def memory(pid: int, what: str = "VmRSS") -> float:
    """MiB that a process holds; VmHWM is the most since `forget_peak`."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) / 1024
    return 0.0


def forget_peak(pid: int) -> None:
    """Begin to look for the peak of a process's memory anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def growth(pid: int, act: Callable[[], object]) -> float:
    """By how many MiB the peak of a process's memory rises over what it holds now."""
    before = memory(pid)
    forget_peak(pid)
    act()
    return memory(pid, "VmHWM") - before


def cpu(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def stall(server: Server, act: Callable[[], object], enough: float, tries: int = 3) -> float:
    """The longest wait for `/healthz` while something is done: the least of a few tries, as others use this machine."""
    worst = []
    for _ in range(tries):
        with Watch(server.url) as watch:
            act()
        worst.append(watch.worst)
        if worst[-1] <= enough or worst[-1] > 1000:
            break
    return min(worst)


def idle(server: Server, seconds: float = 1.5, **more: Any) -> Watch:
    """How it answers while nothing else is asked."""
    with Watch(server.url, **more) as watch:
        time.sleep(seconds)
    return watch


def at_once(count: int, act: Callable[[int], Any], calls: Sequence[Any] | None = None) -> list[Any]:
    """What the calls answer, so many at the same time."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(act, calls if calls is not None else range(count)))


def ask(method: str, url: str, timeout: float = 60, **more: Any) -> httpx.Response | None:
    """One request over a connection of its own; None where no answer came."""
    try:
        return httpx.request(method, url, timeout=timeout, **more)
    except httpx.TransportError:
        return None


def status(answer: httpx.Response | None) -> int:
    """0 where no answer came."""
    return answer.status_code if answer is not None else 0


def until(what: Callable[[], Any], seconds: float, pause: float = 0.2) -> Any:
    """What it says once it says something true; None when the time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if found := what():
                return found
        except httpx.TransportError:
            pass
        time.sleep(pause)
    return None


def lines(log: str) -> list[str]:
    """The lines of a log that are not those of a start."""
    return [line for line in log.splitlines() if line]


def is_problem(answer: httpx.Response | None) -> bool:
    """Whether an error has the one shape."""
    if answer is None or answer.headers.get("content-type") != "application/problem+json":
        return False
    body: Mapping[str, Any] = answer.json()
    return body.get("request_id") == answer.headers.get("x-request-id") and body.get("status") == answer.status_code
