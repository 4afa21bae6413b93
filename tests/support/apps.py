"""The application inside the test's own process, and the keys of its callers."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import httpx
from sqlmodel import Session

from app.access.keys import create
from app.database import connect
from app.main import create_app
from app.scoring import Scorer
from app.settings import Settings

_load = Scorer.load


@cache
def scorer() -> Scorer:
    """The shipped model, loaded once per process, also where it stands in the place of Scorer.load."""
    return _load()


@asynccontextmanager
async def running(settings: Settings, model: Scorer | None = None, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application that runs with these settings and, unless another is given, the shipped model; options
    go to the transport."""
    app = create_app(settings, model or scorer())
    transport = httpx.ASGITransport(app, **options)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        yield client


def key(value: str) -> dict[str, str]:
    """The header that carries an API key."""
    return {"X-API-Key": value}


def key_maker(database_url: str) -> Callable[..., str]:
    """A function that makes API keys in a database: scopes, and what else `create` takes."""

    def make(*scopes: str, tenant: str = "acme", **more: Any) -> str:
        engine = connect(database_url)
        with Session(engine) as session:
            plain, _ = create(session, name="a test", tenant=tenant, scopes=list(scopes), **more)
            session.commit()
        engine.dispose()
        return plain

    return make
