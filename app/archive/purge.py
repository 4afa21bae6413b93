"""Erases what has reached its day. Every worker does it now and then; each assessment is erased once."""

import json
import logging
from collections import defaultdict
from datetime import UTC, datetime

from sqlalchemy import Engine, delete
from sqlmodel import Session, col, select

from app.archive.audit import Chain
from app.archive.idempotency import forget_old
from app.archive.tables import KeptAssessment
from app.database import clear_traces
from app.repeating import Repeating, stop_all

log = logging.getLogger("lead_or_manage.archive")

EVERY_SECONDS = 600.0
STOP_SECONDS = 0.3
AT_ONCE = 500


def purge(engine: Engine) -> int:
    """Erase every expired assessment with all that hangs on it, and say how many there were."""
    now, erased = datetime.now(UTC), 0
    while due := _due(engine, now):
        for tenant, identifiers in due.items():
            erased += _erase(engine, tenant, identifiers)
    with Session(engine) as session:
        forget_old(session)
        session.commit()
    if erased:
        clear_traces(engine)
        log.info(json.dumps({"event": "purged", "assessments": erased}))
    return erased


def _due(engine: Engine, now: datetime) -> dict[str, list[str]]:
    """Some of what is due, by tenant: the ids of those that expired first."""
    expires_at, found = col(KeptAssessment.expires_at), defaultdict(list)
    first = select(KeptAssessment.tenant, KeptAssessment.id).where(expires_at <= now)
    with Session(engine.execution_options(readonly=True)) as session:
        for tenant, identifier in session.exec(first.order_by(expires_at).limit(AT_ONCE)):
            found[tenant].append(identifier)
    return found


def _erase(engine: Engine, tenant: str, identifiers: list[str]) -> int:
    """Erase what is due of a tenant, in a transaction short enough to let others write. The chain keeps other purgers
    out. By ids alone: named beside them, the tenant would have SQLite look through all that it keeps."""
    with Session(engine) as session:
        chain = Chain(session, tenant, None)
        gone = delete(KeptAssessment).where(col(KeptAssessment.id).in_(identifiers))
        told = gone.returning(col(KeptAssessment.id), col(KeptAssessment.model))
        rows = session.execute(told, execution_options={"synchronize_session": False}).all()
        for identifier, model in rows:
            chain.append("expire", assessment_id=identifier, model=model)
        session.commit()
    return len(rows)


class Purger:
    """Purges in a thread of its own, at once and then every ten minutes, until it is stopped."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._work = Repeating("expiry", "purge_failed", self._purge, EVERY_SECONDS)
        self._work.start()

    def stop(self) -> None:
        """End; the process waits for a purge that is going on for STOP_SECONDS at most, and it is taken up again."""
        stop_all([self._work], STOP_SECONDS)

    def _purge(self) -> bool:
        purge(self._engine)
        return False
