"""lead-or-manage serve, openapi. What FastAPI takes to load, `serve` loads once the database is ready."""

import json
import logging
from typing import Annotated

import typer

from app.catalog.setup import set_up
from app.failures import Failure
from app.listening import check_address, check_certificate
from app.loading import load
from app.logs import start_log, step
from app.settings import injected, is_loopback, load_settings

log = logging.getLogger("lead_or_manage")


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on [LOM_HOST, 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port [LOM_PORT, 8000]")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Processes [LOM_WORKERS, 1]")] = None,
) -> None:
    """Migrate and seed the database, then serve the API."""
    settings = load_settings(host=host, port=port, workers=workers)
    if settings.require_key is None and not is_loopback(settings.host):
        raise Failure(
            f"{settings.host} can be reached from other machines: set LOM_REQUIRE_KEY=true, and make keys with "
            "`lead-or-manage keys create`; or set it to false where something else guards the door"
        )
    check_certificate(settings.tls_certificate, settings.tls_key)
    check_address(settings.host, settings.port)
    start_log(settings.log_level)
    if names := injected():
        log.info(json.dumps({"event": "ignored_variables", "names": names, "detail": "set by Kubernetes or Docker"}))
    if settings.jobs == "queue":
        load("app.jobs.queues:open_queue")(settings)  # says now what is missing
    report = set_up(settings)
    step(f"Catalogue ready: {report}")
    step("Loading the service")
    load("app.server:run")(settings)


def openapi() -> None:
    """Print the OpenAPI document."""
    typer.echo(load("app.main:openapi_json")(load("app.main:create_app")(load_settings())))
