"""Brings a database to this release: migrations, then the catalogue."""

from pathlib import Path

from sqlmodel import Session

from app.catalog.seeding import Seed, SeedReport, sync
from app.database import connect, prepare
from app.database_errors import told
from app.logs import step
from app.presence import in_use
from app.settings import Settings, data_path


def set_up(settings: Settings, seed: Path | None = None) -> SeedReport:
    """Migrate the database of these settings and bring the catalogue up to date. Safe in many processes at once.

    Raises SeedError, and Failure where the database cannot be reached or written or is that of a newer release.
    """
    reports: list[SeedReport] = []
    read = Seed(seed or data_path("seed"))

    def fill(session: Session) -> None:
        step("Seeding the catalogue")
        reports.append(sync(session, read))

    with told(settings.database_url):
        engine = connect(settings.database_url)
        try:
            step("Migrating the database")
            with in_use(engine):
                prepare(engine, data_path("migrations"), fill)
        finally:
            engine.dispose()
    return reports[0]
