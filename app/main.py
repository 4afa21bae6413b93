"""create_app(settings): the only place that knows everything."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Literal

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.middleware.cors import CORSMiddleware

from app import __version__
from app.access.dependencies import READ, SCORE
from app.access.limits import open_limiter
from app.access.middleware import OWN_PATHS, Access, Rules
from app.access.scope_check import Scopes
from app.archive import routes as archive
from app.archive.purge import Purger
from app.archive.store import Archive
from app.assessments import routes as assessments
from app.assessments.service import Assessor
from app.catalog import routes as catalog
from app.catalog import writes
from app.catalog.freshness import Freshness
from app.catalog.queries import TABLES
from app.cleanup import Cleanup
from app.database import connect, is_current
from app.docs import openapi
from app.docs import routes as docs
from app.errors import Unavailable, responses
from app.explorer import routes as explorer
from app.handlers import add_handlers
from app.jobs import routes as jobs
from app.jobs.queues import open_queue
from app.jobs.runner import Runner
from app.logs import step
from app.mcp import mount as mcp
from app.metrics import watch_pool
from app.middleware import BodyLimit, ConditionalGet, ForgetsChanges, RequestContext, RootPath
from app.presence import in_use
from app.privacy import routes as privacy
from app.response_cache import ResponseCache
from app.scoring import Scorer
from app.settings import Settings, data_path
from app.telemetry import routes as telemetry
from app.telemetry.tracing import tracing
from app.write_gate import WriteGate

BODY_LIMIT = 256 * 1024
BATCH_BODY_LIMIT = 8 * 1024 * 1024
STREAMED = frozenset({"/v1/jobs"})
EDITED = ("/v1/programs", "/v1/skills")
WRITING = (*OWN_PATHS, *EDITED)
CATALOGUE = tuple(f"/v1/{path}" for path in ("catalogue", *(table.path for table in TABLES)))
WRITERS = 12
"""Requests of one process that write at the same time."""
WRITERS_SQLITE = 4
"""There one writes at a time, and who waits for the file waits in no order."""
UPLOADS = 6
"""Uploads of one process that work on what has arrived at the same time; others wait without a thread."""
DESCRIPTION = (Path(__file__).parent / "docs" / "introduction.md").read_text(encoding="utf-8")
health = APIRouter(tags=["health"])


class Alive(BaseModel):
    """The process lives."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    status: Literal["alive"]
    """Always `alive`."""


class Ready(BaseModel):
    """The service can do its work."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    status: Literal["ready"]
    """Always `ready`."""
    model: str
    """The version of the model in use."""


@health.get("/healthz", response_model=Alive, responses=responses(405, 413), summary="Alive?")
async def healthz() -> dict[str, str]:
    """Answers as long as the process lives; touches nothing."""
    return {"status": "alive"}


@health.get("/readyz", response_model=Ready, responses=responses(405, 413, 503), summary="Ready?")
def readyz(request: Request) -> dict[str, str]:
    """Answers 200 when database, migrations and model are ready, else 503."""
    try:
        current = is_current(request.app.state.engine, data_path("migrations"))
    except (DBAPIError, PoolTimeoutError):
        raise Unavailable("The database does not answer.", retry_after=5) from None
    if not current:
        raise Unavailable("The database is not at the newest migration.", retry_after=5)
    return {"status": "ready", "model": request.app.state.assessor.scorer.version}


@asynccontextmanager
async def _lifespan(settings: Settings, scorer: Scorer | None, app: FastAPI) -> AsyncIterator[None]:
    app.state.engine = connect(settings.database_url)
    watch_pool(app.state.engine)
    app.state.limiter, app.state.freshness = open_limiter(app.state.engine), Freshness(app.state.engine)
    step("Loading the model")
    app.state.assessor = Assessor(scorer or Scorer.load(), settings.scoring_slots)
    app.state.cleanup, app.state.uploads = Cleanup(app.state.engine), CapacityLimiter(UPLOADS)
    app.state.archive = Archive(app.state.engine, app.state.assessor, settings.retention_days, app.state.cleanup)
    with in_use(app.state.engine):
        purger = Purger(app.state.engine)
        app.state.webhook_hosts = settings.webhook_hosts
        app.state.runner = Runner(app.state.engine, app.state.assessor, settings.webhook_hosts, open_queue(settings))
        app.state.runner.start()
        async with mcp.running(app):
            yield
        await to_thread.run_sync(app.state.runner.stop)
        await to_thread.run_sync(purger.stop)
        await to_thread.run_sync(app.state.cleanup.stop)
    app.state.limiter.close()
    app.state.freshness.close()
    app.state.engine.dispose()


def create_app(settings: Settings, scorer: Scorer | None = None) -> FastAPI:
    """The application for these settings; nothing is opened before it starts. Applications of one process may share a
    scorer; without one the shipped model is loaded at start."""
    traces = tracing()
    app = FastAPI(
        title="Lead or Manage",
        version=__version__,
        summary="Does a situation call for leadership, for management, or for both?",
        description=DESCRIPTION,
        contact={"name": "Lead or Manage"},  # each runs their own: no address that would hold for all
        license_info={"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        servers=[{"url": settings.root_path or "/", "description": "The service that gave you this document."}],
        openapi_url=None,  # served by a route of ours, as bytes that are made once
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=traces,
        generate_unique_id_function=lambda route: route.name,
        lifespan=partial(_lifespan, settings, scorer),
    )
    for router in (assessments.router, assessments.batches):
        app.include_router(router, dependencies=[SCORE])
    for router in (catalog.router, assessments.models):
        app.include_router(router, dependencies=[READ])
    own = (archive.router, archive.writing, jobs.router, *writes.routers)
    for router in (*own, privacy.router, health, telemetry.router, docs.router, explorer.router):
        app.include_router(router)
    mcp.mount(app, settings)
    app.mount("/docs/assets", docs.ASSETS)
    app.mount("/docs/style", docs.STYLE)
    app.mount("/explorer", explorer.ASSETS)
    add_handlers(app)
    writers = WRITERS_SQLITE if settings.database_url.startswith("sqlite") else WRITERS
    app.add_middleware(WriteGate, writers, WRITING, STREAMED)
    app.add_middleware(BodyLimit, default=BODY_LIMIT, paths={"/v1/score/batch": BATCH_BODY_LIMIT}, streams=STREAMED)
    app.add_middleware(Scopes)
    size = 0 if traces["tracing"] else settings.response_cache_mb * 1024 * 1024  # what is kept makes no span
    cache = ResponseCache(size, CATALOGUE, lambda: app.state.freshness) if size else None
    if cache:
        app.add_middleware(ForgetsChanges, cache, EDITED)
    app.add_middleware(ConditionalGet, cache)
    rules = Rules(bool(settings.require_key), settings.rate_limit)
    app.add_middleware(Access, rules, lambda: app.state.engine, lambda: app.state.limiter)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "HEAD", "POST", "PATCH", "DELETE"],
            allow_headers=["*"],  # no cookies here: a page of a listed origin sends what a client may send
        )
    app.add_middleware(RootPath, settings.root_path)
    app.add_middleware(RequestContext, settings.allowed_hosts)
    openapi.document(app, bool(settings.require_key), settings.root_path)
    return app


def openapi_json(app: FastAPI) -> str:
    """The OpenAPI document as it is reviewed."""
    return json.dumps(app.openapi(), indent=2, ensure_ascii=False)
