"""What an answer needs of the catalogue as one tenant sees it, kept between answers and never older than they are."""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.assessments.advice import Programs
from app.catalog.advised import EVER, AdvisedProgram, changed_programs, words
from app.catalog.visibility import versions
from app.database import BRIEFLY, LOCK_SECONDS
from app.outages import retry_after

KEPT_CATALOGUES, KEPT_PROGRAMS = 1_000, 200_000
"""How many tenants' catalogues are kept, and how many own programs in all of them; the longest unused goes first."""
TURNS = 64
"""How many tenants' catalogues may be read at the same time."""
AWAY_SECONDS = 1.0
"""After the database has not answered, how long nobody waits for it who can do without."""


@dataclass(frozen=True)
class Own:
    """A tenant's own programs by slug, None for retired ones; `latest` is when the last of them changed."""

    programs: dict[str, AdvisedProgram | None] = field(default_factory=dict)
    latest: datetime = EVER


@dataclass(frozen=True)
class Known:
    """What an answer needs of the catalogue. `versions` counts the changes of the shared catalogue and of the tenant's
    own; `questions` are those of the criteria and `styles` their names, by slug."""

    versions: tuple[int, int]
    questions: dict[str, str]
    styles: dict[str, str]
    programs: Programs
    shared: tuple[AdvisedProgram, ...]
    own: Own


class Catalogues:
    """The catalogues of the tenants that were asked for last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Known] = OrderedDict()
        self._lock = threading.Lock()
        self._turns = tuple(threading.Lock() for _ in range(TURNS))
        self._shared: Known | None = None
        self._away_until = 0.0

    def known(self, engine: Engine, tenant: str) -> Known:
        """The catalogue as answers to this tenant need it, fresh whenever its version has moved; the last one while
        the database does not answer. The connection is given back before anything is scored."""
        known, now = self._find(tenant), time.monotonic()
        if known and now < self._away_until:
            return known
        if self._away_until:
            self._away_until = now + AWAY_SECONDS  # whoever asks, asks alone
        asked = engine.execution_options(readonly=True, patience=BRIEFLY if known else LOCK_SECONDS)
        try:
            with asked.connect() as connection:
                current = versions(connection, tenant)
            if known is None or known.versions != current:
                known = self._renewed(asked, tenant)
        except (DBAPIError, PoolTimeoutError) as error:
            if known is None or retry_after(error) is None:
                raise
            self._away_until = time.monotonic() + AWAY_SECONDS
        else:
            self._away_until = 0.0
        return known

    def _renewed(self, engine: Engine, tenant: str) -> Known:
        """Read what has changed: once, however many callers need it."""
        with self._turns[hash(tenant) % TURNS], engine.connect() as connection:
            current = versions(connection, tenant)
            known = self._find(tenant)
            if known is None or known.versions != current:
                known = self._read(connection, tenant, current, known)
                self._keep(tenant, known)
            return known

    def _read(self, connection: Connection, tenant: str, current: tuple[int, int], last: Known | None) -> Known:
        """Tenants without a catalogue of their own share what is read."""
        shared = self._shared
        if shared is None or shared.versions[0] != current[0]:
            questions, styles = words(connection)
            programs = changed_programs(connection, None).programs
            shared = Known((current[0], 0), questions, styles, Programs(programs), programs, Own())
            self._shared = shared
        if not current[1]:
            return shared
        same = last is not None and last.versions[0] == current[0] and last.versions[1] < current[1]
        own = _brought_up(connection, tenant, last.own if last and same else Own())
        seen = [program for program in shared.shared if program.slug not in own.programs]
        mine = [program for program in own.programs.values() if program]
        return Known(current, shared.questions, shared.styles, Programs(seen + mine), shared.shared, own)

    def _find(self, tenant: str) -> Known | None:
        with self._lock:
            if tenant in self._kept:
                self._kept.move_to_end(tenant)
            return self._kept.get(tenant)

    def _keep(self, tenant: str, known: Known) -> None:
        with self._lock:
            self._kept[tenant] = known
            self._kept.move_to_end(tenant)
            held = sum(len(one.own.programs) for one in self._kept.values())
            while len(self._kept) > KEPT_CATALOGUES or (held > KEPT_PROGRAMS and len(self._kept) > 1):
                _, gone = self._kept.popitem(last=False)
                held -= len(gone.own.programs)


def _brought_up(connection: Connection, tenant: str, own: Own) -> Own:
    """A tenant's own programs with what has changed since: `modified_at` never falls behind an earlier change."""
    changes = changed_programs(connection, tenant, own.latest)
    programs = dict(own.programs) | dict.fromkeys(changes.retired)
    return Own(programs | {program.slug: program for program in changes.programs}, changes.latest)
