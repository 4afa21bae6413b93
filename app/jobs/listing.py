"""Jobs as they are shown: how far each is, and pages of them."""

import base64
import hashlib
from typing import Any

from sqlmodel import Session, col, func, select

from app.errors import BadCursor
from app.jobs import schemas, store
from app.jobs.tables import Job


def answer(session: Session, job: Job, *, secret: bool = False) -> dict[str, Any]:
    """How far a job is, in the shape of JobAnswer."""
    return _answer(job, store.rates(session, [job]).get(job.id), secret=secret)


def _answer(job: Job, speed: float | None, *, secret: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = job.model_dump(include={"id", "status", "done", "errors", "created_at", "started_at"})
    found |= {"texts": job.total, "finished_at": job.finished_at, "expires_at": job.expires_at, "estimate": None}
    if speed:
        found["estimate"] = {
            "texts_per_second": round(speed, 2),
            "seconds_left": round((job.total - job.done) / speed),
        }
    found["warnings"] = _warnings(job)
    found["webhook"] = job.webhook_url and {
        "url": job.webhook_url,
        "state": job.webhook_state,
        "secret": job.webhook_secret if secret else None,
        "attempts": job.webhook_attempts,
        "last_failure": job.webhook_failure,
        "next_attempt_at": job.webhook_due if job.webhook_state == "due" else None,
    }
    return found | {"href": f"/v1/jobs/{job.id}"}


def _warnings(job: Job) -> list[dict[str, str]]:
    if job.status not in store.ENDED or not job.done or job.errors < job.done:
        return []
    detail = f"None of the {job.done} texts could be scored: each has an error. See /v1/jobs/{job.id}/results."
    return [{"code": "all_failed", "detail": detail}]


def page(session: Session, tenant: str, query: schemas.JobList) -> dict[str, Any]:
    """One page of the jobs of an organisation, newest first. Raises BadCursor."""
    mine = select(Job).where(Job.tenant == tenant)
    total = session.exec(select(func.count()).select_from(mine.subquery())).one()
    back, place = _decode(query.cursor, tenant) if query.cursor is not None else (False, None)
    if place is not None:
        mine = mine.where(col(Job.id) > place if back else col(Job.id) < place)
    order = col(Job.id).asc() if back else col(Job.id).desc()
    rows = list(session.exec(mine.order_by(order).limit(query.limit + 1)))
    more, rows = len(rows) > query.limit, rows[: query.limit]
    if back:
        rows.reverse()

    def link(job: Job, back: bool) -> str:
        return f"/v1/jobs?limit={query.limit}&cursor={_encode(job.id, back, tenant)}"

    ahead, behind = (True, more) if back else (more, place is not None)
    links = {
        "next": link(rows[-1], False) if rows and ahead else None,
        "prev": link(rows[0], True) if rows and behind else None,
    }
    speeds = store.rates(session, rows)
    return {
        "items": [_answer(job, speeds.get(job.id)) for job in rows],
        "page": {"limit": query.limit, "total": total} | links,
    }


def _encode(job_id: str, back: bool, tenant: str) -> str:
    payload = f"{'<' if back else '>'}{job_id}"
    check = hashlib.sha256(f"{tenant}\n{payload}".encode()).hexdigest()[:16]
    return base64.urlsafe_b64encode(f"{check}{payload}".encode()).decode().rstrip("=")


def _decode(cursor: str, tenant: str) -> tuple[bool, str]:
    try:
        found = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except ValueError:
        found = ""
    back, job_id = found[16:17] == "<", found[17:]
    if not job_id or _encode(job_id, back, tenant) != cursor:
        raise BadCursor("This cursor does not belong to this list. Start again without a cursor.")
    return back, job_id
