"""Sends the webhooks that are due, a few at once, never two to one host, each in a thread of its own."""

import json
import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, func, text, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.jobs import webhooks
from app.jobs.sending import NotSent, send
from app.jobs.tables import Job
from app.repeating import Repeating

log = logging.getLogger("lead_or_manage.jobs")

PAUSES = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10))
"""How long to wait after each attempt that failed; after the last there is one more."""
LEASE = timedelta(seconds=30)
"""For as long a host is taken by one try, longer than any lasts. A try that its process did not survive ends so."""
MOST_AT_ONCE = 16
IDLE_SECONDS = 1.0
NOT_ALLOWED = "The host is not allowed any more (LOM_WEBHOOK_HOSTS)."
BROKEN = "Sending broke on this side; the operator's log says more."
_LOCK = 0x4C4F4D33


class Deliveries:
    """The tries that this process has under way; `work` begins them."""

    def __init__(self, engine: Engine, hosts: tuple[str, ...]) -> None:
        self._engine, self._hosts = engine, hosts
        self._room = threading.BoundedSemaphore(MOST_AT_ONCE)
        self.work = Repeating("webhooks", "jobs_interrupted", self.begin_one, IDLE_SECONDS)

    def begin_one(self) -> bool:
        """Begin to send what is most overdue. False where there is nothing to send, or no room."""
        if not self._room.acquire(blocking=False):
            return False
        job = None
        try:
            job = claim(self._engine)
            if job is not None:
                threading.Thread(target=self._deliver, args=(job,), name=f"webhook-{job.id}", daemon=True).start()
        except BaseException:
            self._room.release()
            raise
        if job is None:
            self._room.release()
        return job is not None

    def _deliver(self, job: Job) -> None:
        try:
            record(self._engine, job, self._sent(job))
        except Exception as error:  # the lease runs out, and the next try is due
            log.error(json.dumps({"event": "webhook_interrupted", "job_id": job.id, "error": type(error).__name__}))
        finally:
            self._room.release()
            self.work.wake()

    def _sent(self, job: Job) -> str | None:
        """Why the receiver did not take it, or None."""
        target = webhooks.target(job.webhook_url or "", self._hosts)
        if target is None:
            return NOT_ALLOWED
        body = webhooks.message(job)
        try:
            send(target, webhooks.headers(job, body, int(time.time())), body)
        except NotSent as reason:
            return str(reason)
        except Exception as error:  # whatever it is, the job must come to an end; the type alone holds no address
            log.error(json.dumps({"event": "webhook_broken", "job_id": job.id, "error": type(error).__name__}))
            return BROKEN
        return None


def claim(engine: Engine) -> Job | None:
    """Take a message whose host is free, and the host with it: first those of organisations with the fewest that have
    failed, then the most overdue. It is due again when the lease runs out, for a try that ends without a word."""
    free = _free(datetime.now(UTC))
    with Session(engine.execution_options(readonly=True)) as session:
        if session.exec(free).first() is None:
            return None  # without having asked for the right to write
    with Session(engine, expire_on_commit=False) as session:
        if not _alone(session):
            return None
        job = session.exec(free.with_for_update(skip_locked=True)).first()
        if job is not None:
            job.webhook_attempts += 1
            job.webhook_due = job.webhook_lease = datetime.now(UTC) + LEASE
            session.commit()
        return job


def _free(now: datetime) -> SelectOfScalar[Job]:
    """A time further ahead than it can be was written by a clock that has been set back since, and counts as past."""
    other, failing = aliased(Job), aliased(Job)
    lease, when = col(other.webhook_lease), col(Job.webhook_due)
    taken = select(other.webhook_host).where(lease > now, lease <= now + 2 * LEASE)
    failed = select(func.count()).select_from(failing).where(failing.webhook_state == "due")
    failed = failed.where(failing.tenant == Job.tenant, col(failing.webhook_failure).is_not(None))
    due = select(Job).where(Job.webhook_state == "due", (when <= now) | (when > now + PAUSES[-1] + LEASE))
    due = due.where(col(Job.webhook_host).not_in(taken))
    return due.order_by(failed.scalar_subquery(), when, col(Job.id)).limit(1)


def _alone(session: Session) -> bool:
    """Whether nobody else claims now: two at once could take one host twice. SQLite has one writer anyway."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    return bool(session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _LOCK}))


def record(engine: Engine, job: Job, failure: str | None) -> None:
    """Note how a try ended, unless another has begun since."""
    tried = job.webhook_attempts
    pause = PAUSES[tried - 1] if failure and tried <= len(PAUSES) else None
    state = "due" if pause is not None else "failed" if failure else "delivered"
    ended: dict[str, Any] = {"webhook_state": state, "webhook_failure": failure, "webhook_lease": None}
    ended |= {"webhook_secret": None} if pause is None else {"webhook_due": datetime.now(UTC) + pause}
    mine = (col(Job.id) == job.id) & (col(Job.webhook_attempts) == tried) & (col(Job.webhook_state) == "due")
    with Session(engine) as session:
        session.execute(update(Job).where(mine).values(**ended))
        session.commit()
    if failure:
        told = {"event": "webhook_failed", "job_id": job.id, "host": job.webhook_host, "attempt": tried}
        log.warning(json.dumps(told | {"reason": failure, "gives_up": pause is None}))
