"""Organisations, and the database itself."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from app.settings import Settings
from tests.support.organisations import MakeKey, Organisation


@pytest.fixture
def acme(client: httpx.AsyncClient, make_key: MakeKey) -> Organisation:
    return Organisation(client, make_key)


@pytest.fixture
def other(client: httpx.AsyncClient, make_key: MakeKey) -> Organisation:
    return Organisation(client, make_key)


@pytest.fixture
def engine(settings: Settings, engines: Callable[[str], Engine]) -> Engine:
    return engines(settings.database_url)


@pytest.fixture
def rows(engine: Engine) -> Iterator[Session]:
    """The database itself, for what must or must not stand in it."""
    with Session(engine) as session:
        yield session
