"""Databases for tests: empty, or copied from a template that is migrated and seeded once per process."""

import tempfile
from functools import cache
from pathlib import Path
from uuid import uuid4

from sqlalchemy import create_engine, make_url, text

from app.catalog.setup import set_up
from app.settings import Settings


@cache
def _seeded_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        set_up(Settings(database_url=f"sqlite:///{path}"))
        return path.read_bytes()


def seeded_sqlite(path: Path) -> str:
    """The URL of a new SQLite database at this path that holds the shipped catalogue."""
    path.write_bytes(_seeded_file())
    return f"sqlite:///{path}"


class Databases:
    """Makes new databases of one kind, `sqlite` or `postgresql`."""

    def __init__(self, kind: str, folder: Path, postgres: str | None) -> None:
        self.kind, self._folder, self._postgres, self._count = kind, folder, postgres, 0
        self._template: str | None = None

    def create(self) -> str:
        """The URL of an empty database: for tests of migrations, seeding and start."""
        if self.kind == "sqlite":
            self._count += 1
            return f"sqlite:///{self._folder / f'test{self._count}.db'}"
        name = f"test_{uuid4().hex}"
        self._administrate(f"CREATE DATABASE {name}")
        return self._url(name)

    def seeded(self) -> str:
        """The URL of a database of its own that holds the shipped catalogue."""
        if self.kind == "sqlite":
            self._count += 1
            return seeded_sqlite(self._folder / f"test{self._count}.db")
        if self._template is None:
            self._template = self.create()
            set_up(Settings(database_url=self._template))
        name = f"test_{uuid4().hex}"
        self._administrate(f"CREATE DATABASE {name} TEMPLATE {make_url(self._template).database}")
        return self._url(name)

    def destroy(self, url: str) -> None:
        """Take the database away under whoever uses it."""
        if self.kind == "sqlite":
            Path(url.removeprefix("sqlite:///")).write_bytes(b"this is not a database")
            return
        self._administrate(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    def _url(self, name: str) -> str:
        assert self._postgres
        return make_url(self._postgres).set(database=name).render_as_string(hide_password=False)

    def _administrate(self, statement: str) -> None:
        assert self._postgres
        engine = create_engine(self._postgres, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()
