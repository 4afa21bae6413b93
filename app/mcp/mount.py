"""Puts /mcp into the application where the extra `mcp` is installed.

The first call loads what the extra takes, 0.4 s of CPU and 25 MB: not everybody ever calls it.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from importlib.util import find_spec

from anyio import TASK_STATUS_IGNORED, Event, Lock, create_task_group, to_thread
from anyio.abc import TaskGroup, TaskStatus
from fastapi import FastAPI
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app.loading import load
from app.settings import Settings

INSTALLED = find_spec("mcp") is not None
"""Whether the extra `mcp` is there: the service runs without it."""


class Endpoint:
    """The ASGI application behind /mcp. It takes calls while `run()` is entered."""

    path = "/mcp"

    def __init__(self, hosts: Iterable[str], origins: Iterable[str]) -> None:
        self._allowed = (hosts, origins)
        self._tasks: TaskGroup | None = None
        self._server: ASGIApp | None = None

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Take calls."""
        self._ended, self._starting = Event(), Lock()
        async with create_task_group() as self._tasks:
            yield
            self._ended.set()
        self._tasks = self._server = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._tasks is not None
        scope["route"] = self  # as routes of FastAPI do: log and metrics name it
        async with self._starting:
            if self._server is None:
                self._server = await self._tasks.start(self._serve)
        await self._server(scope, receive, send)

    async def _serve(self, *, task_status: TaskStatus[ASGIApp] = TASK_STATUS_IGNORED) -> None:
        """Load the server and keep it running to the end of `run()`."""
        made = await to_thread.run_sync(partial(load, "app.mcp.server:Server"))
        server = made(*self._allowed)
        async with server.run():
            task_status.started(server)
            await self._ended.wait()


def mount(app: FastAPI, settings: Settings) -> None:
    """Serve MCP at /mcp and /mcp/, by POST alone: there is no stream to get and no session to delete."""
    if INSTALLED:
        app.state.mcp = endpoint = Endpoint(settings.allowed_hosts, settings.cors_origins)
        for path in (endpoint.path, f"{endpoint.path}/"):
            app.router.routes.append(Route(path, endpoint, methods=["POST"], include_in_schema=False))


def running(app: FastAPI) -> AbstractAsyncContextManager[None]:
    """What the lifespan of the application enters."""
    return app.state.mcp.run() if INSTALLED else nullcontext()
