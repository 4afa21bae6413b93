"""Where everything of an installation is, for people; passwords are masked."""

import sys
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import URL, create_engine, make_url
from sqlalchemy.exc import SQLAlchemyError

from app import __version__
from app.revisions import current_revision
from app.scoring.card import ARTEFACT, current_version
from app.settings import PREFIX, Settings, data_path

MASK = "***"


def shown(url: URL) -> str:
    """A database URL without its passwords."""
    masked = {name: MASK if "password" in name else value for name, value in url.query.items()}
    return url.set(query=masked).render_as_string(hide_password=True)


def lines(settings: Settings) -> Iterator[str]:
    """One line for each thing, names in a column."""
    url = make_url(settings.database_url)
    things = {
        "release": f"{__version__}, {ARTEFACT.parent.parent}",
        "python": f"{sys.version.split()[0]}, {sys.executable}",
        "database": f"{shown(url)}, {_state(url)}",
        "rates": f"{url.database}.limits" if url.get_backend_name() == "sqlite" else "table rate_limit there",
        "model": f"{current_version()}, {ARTEFACT}",
        "seed": str(data_path("seed")),
        "migrations": str(data_path("migrations")),
    }
    for name, thing in things.items():
        yield f"{name:<22}{thing}"
    yield ""
    for name in Settings.model_fields:
        value = getattr(settings, name)
        told = shown(url) if name == "database_url" else _told(value)
        source = "environment" if name in settings.model_fields_set else "default"
        yield f"{PREFIX + name.upper():<22}{source:<13}{told}"


def _told(value: object) -> str:
    return ",".join(value) if isinstance(value, tuple) and value else "-" if value in (None, "", ()) else str(value)


def _state(url: URL) -> str:
    """At which migration the database stands; looks at it without making it."""
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
        return "not made yet"
    engine = create_engine(url, hide_parameters=True)
    try:
        with engine.connect() as connection:
            return f"at migration {current_revision(connection) or 'none'}"
    except SQLAlchemyError:
        return "does not answer"
    finally:
        engine.dispose()
