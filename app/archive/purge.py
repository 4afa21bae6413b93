"""Erases what has reached its day. Every worker does it now and then; each assessment is erased once."""

import json
import logging
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
    with Session(engine.execution_options(readonly=True)) as session:
        expired = select(KeptAssessment.tenant).where(KeptAssessment.expires_at <= now).distinct()
        tenants = session.exec(expired).all()
    for tenant in tenants:
        while count := _purge_some(engine, tenant, now):
            erased += count
    with Session(engine) as session:
        forget_old(session)
        session.commit()
    if erased:
        clear_traces(engine)
        log.info(json.dumps({"event": "purged", "assessments": erased}))
    return erased


def _purge_some(engine: Engine, tenant: str, now: datetime) -> int:
    """A part of what is due, in a transaction short enough to let others write. The chain keeps other purgers out."""
    with Session(engine) as session:
        chain = Chain(session, tenant, None)
        due = select(KeptAssessment.id, KeptAssessment.model)
        due = due.where(KeptAssessment.tenant == tenant, KeptAssessment.expires_at <= now).limit(AT_ONCE)
        rows = session.exec(due).all()
        session.execute(
            delete(KeptAssessment).where(
                col(KeptAssessment.tenant) == tenant, col(KeptAssessment.id).in_([row[0] for row in rows])
            )
        )
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
