"""The queue between `serve` and workers, where the settings ask for one."""

from importlib import import_module
from typing import Any

from app.database import connect
from app.database_errors import told
from app.jobs.runner import Queue
from app.settings import Settings, SettingsError


def queue_module(settings: Settings) -> Any:
    """What carries chunks to workers. Raises SettingsError where there is no PostgreSQL or no extra `worker`."""
    if not settings.database_url.startswith("postgresql"):
        raise SettingsError("LOM_JOBS: a queue needs PostgreSQL; set LOM_DATABASE_URL to one")
    try:
        return import_module("app.jobs.queue")
    except ImportError:
        raise SettingsError("LOM_JOBS: a queue needs the package installed with its extra `worker`") from None


def open_queue(settings: Settings) -> Queue | None:
    """The queue that the settings ask for, or None where `serve` scores by itself."""
    if settings.jobs == "embedded":
        return None
    with told(settings.database_url):
        engine = connect(settings.database_url)
        try:
            queue: Queue = queue_module(settings).ProcrastinateQueue(engine)
        finally:
            engine.dispose()
    return queue
