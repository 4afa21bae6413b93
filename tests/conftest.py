"""The parts that tests share: databases, a seeded application, a client, and a real server."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright
from sqlalchemy import Engine, create_engine, make_url, text
from sqlmodel import Session

from app.access.keys import create
from app.database import connect
from app.main import create_app, set_up
from app.settings import Settings
from tests.postgres import temporary_postgres

ROOT = Path(__file__).parent.parent
not_run: list[str] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for part in not_run:
        terminalreporter.write_line(f"NOT RUN: {part}", red=True)


def cannot_run(part: str) -> None:
    """Skip, say so in the summary, and fail instead where CI demands every part."""
    if part not in not_run:
        not_run.append(part)
    if os.environ.get("CI"):
        pytest.fail(part)
    pytest.skip(part)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str | None]:
    with ExitStack() as stack:
        try:
            url = stack.enter_context(temporary_postgres())
        except (ImportError, OSError, subprocess.CalledProcessError):
            url = None
        yield url


class Databases:
    """Makes new, empty databases of one kind."""

    def __init__(self, kind: str, folder: Path, postgres: str | None) -> None:
        self.kind, self._folder, self._postgres, self._count = kind, folder, postgres, 0

    def create(self) -> str:
        self._count += 1
        if self.kind == "sqlite":
            return f"sqlite:///{self._folder / f'test{self._count}.db'}"
        assert self._postgres
        name = f"test_{os.getpid()}_{id(self)}_{self._count}"
        engine = create_engine(self._postgres, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return make_url(self._postgres).set(database=name).render_as_string(hide_password=False)

    def destroy(self, url: str) -> None:
        """Take the database away under whoever uses it."""
        if self.kind == "sqlite":
            Path(url.removeprefix("sqlite:///")).write_bytes(b"this is not a database")
            return
        assert self._postgres
        engine = create_engine(self._postgres, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {make_url(url).database} WITH (FORCE)"))
        engine.dispose()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Databases:
    postgres = None
    if request.param == "postgresql":
        postgres = request.getfixturevalue("postgres_url")
        if postgres is None:
            cannot_run("PostgreSQL: no server could be started on this machine")
    return Databases(request.param, tmp_path_factory.mktemp("databases"), postgres)


@pytest.fixture
def engines() -> Iterator[Callable[[str], Engine]]:
    """Connects to databases, and closes the connections after the test."""
    opened: list[Engine] = []

    def open_engine(url: str) -> Engine:
        opened.append(connect(url))
        return opened[-1]

    yield open_engine
    for engine in opened:
        engine.dispose()


@pytest.fixture(scope="session")
def settings(databases: Databases) -> Settings:
    """Settings of a database that holds the shipped catalogue."""
    settings = Settings(database_url=databases.create())
    set_up(settings)
    return settings


@pytest.fixture(scope="session")
def make_key(settings: Settings) -> Callable[..., str]:
    """Makes API keys in the database of `settings`."""

    def make(*scopes: str, tenant: str = "acme", **more: Any) -> str:
        engine = connect(settings.database_url)
        with Session(engine) as session:
            plain, _ = create(session, name="a test", tenant=tenant, scopes=list(scopes), **more)
            session.commit()
        engine.dispose()
        return plain

    return make


@pytest.fixture(scope="session")
async def client(settings: Settings, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the seeded application."""
    app = create_app(settings)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        yield client


class Server:
    """A real server process on a free port."""

    def __init__(self, database_url: str, *options: str, **variables: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environment = os.environ | {"LOM_DATABASE_URL": database_url, "PYTHONPATH": str(ROOT)} | variables
        command = [sys.executable, "-m", "app.cli", "serve", "--port", str(self.port), *options]
        self.log = tempfile.TemporaryFile("w+", encoding="utf-8")  # a pipe that nobody reads would fill and stop it
        self.process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=self.log)

    def wait(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise TimeoutError("the server did not become ready")

    def stop(self) -> str:
        self.process.terminate()
        return self.end(20)

    def end(self, seconds: float = 60) -> str:
        """What it wrote, once it has ended."""
        self.process.wait(timeout=seconds)
        with self.log:
            self.log.seek(0)
            return self.log.read()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def server(settings: Settings) -> Iterator[Server]:
    server = Server(settings.database_url)
    server.wait()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        cannot_run("Chromium: no browser on this machine, so the pages were not tried in one")
    quiet = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=quiet)
        except Error:
            cannot_run("Chromium: the browser does not start on this machine")
        yield browser
        browser.close()


@pytest.fixture
def trouble() -> list[str]:
    """Foreign requests and errors of the page; a test that provokes some takes them out."""
    return []


@pytest.fixture
def scheme() -> Any:
    """The colours that the system asks for."""
    return "light"


@pytest.fixture
def page(browser: Browser, server: Server, trouble: list[str], scheme: Any) -> Iterator[Page]:
    """A page that may only talk to the server, and must not complain."""
    page = browser.new_page(viewport={"width": 1280, "height": 1600}, color_scheme=scheme)
    page.on(
        "request", lambda request: request.url.startswith((server.url, "data:", "blob:")) or trouble.append(request.url)
    )
    page.on("console", lambda message: message.type == "error" and trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.set_default_timeout(60_000)
    yield page
    page.unroute_all(behavior="ignoreErrors")
    page.close()
    assert trouble == []


SITUATION = (
    "We are merging two plants and nobody knows the final structure yet. Line managers must keep the 12-step safety "
    "procedure unchanged across all 40 lines. We do not need new product ideas this year."
)
