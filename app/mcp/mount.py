"""Puts /mcp into the application where the extra `mcp` is installed."""

from contextlib import AbstractAsyncContextManager, nullcontext

from fastapi import FastAPI
from starlette.routing import Route

from app.settings import Settings

try:  # the extra `mcp`: asked for here once, so that the service runs without it
    from app.mcp.server import Endpoint
except ModuleNotFoundError as error:
    if not str(error.name).startswith("mcp"):
        raise
    INSTALLED = False
else:
    INSTALLED = True


def mount(app: FastAPI, settings: Settings) -> None:
    """Serve MCP at /mcp and /mcp/, by POST alone: there is no stream to get and no session to delete."""
    if INSTALLED:
        app.state.mcp = endpoint = Endpoint(settings.allowed_hosts, settings.cors_origins)
        for path in (endpoint.path, f"{endpoint.path}/"):
            app.router.routes.append(Route(path, endpoint, methods=["POST"], include_in_schema=False))


def running(app: FastAPI) -> AbstractAsyncContextManager[None]:
    """What the lifespan of the application enters."""
    return app.state.mcp.run() if INSTALLED else nullcontext()
