"""Keeping, reading and erasing assessments. Every statement names the tenant."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_
from sqlmodel import Session, col, select

from app.access.keys import Caller
from app.archive.audit import Chain
from app.archive.idempotency import LEASE, Claim, claim, finish, release
from app.archive.quotes import whole_answer, without_quotes
from app.archive.requests import AssessmentQuery, KeepRequest
from app.archive.tables import KeptAssessment
from app.assessments import earlier_forms
from app.assessments.service import Assessor
from app.cleanup import Cleanup
from app.database import clear_traces
from app.errors import InvalidParameter, NotFound, ProblemDetail
from app.pagination import page_of

KEEP = "keep_assessment"
_ID = re.compile(r"[0-9a-f]{32}")


class Archive:
    """Keeps what was judged, for so many days at most."""

    def __init__(self, engine: Engine, assessor: Assessor, retention_days: int, cleanup: Cleanup) -> None:
        self.engine, self.assessor, self.retention_days, self._cleanup = engine, assessor, retention_days, cleanup

    def keep(self, caller: Caller, request: KeepRequest, key: str | None) -> dict[str, Any]:
        """Judge and store. With a key that was used before: what was stored then.

        Raises StillRunning, KeyReused, and whatever scoring raises.
        """
        days = request.retention_days or self.retention_days
        if days > self.retention_days:
            message = f"This service keeps assessments for {self.retention_days} days at most."
            detail = ProblemDetail(pointer="/retention_days", code="retention_too_long", message=message)
            raise InvalidParameter(message, [detail])
        if key is None:
            return self._judge(caller, request, days, None)
        body = request.model_dump_json(exclude_defaults=True)  # a later release may add options
        forms = (body, *earlier_forms.earlier_forms(request, earlier_forms.KEPT))
        held: Claim | None = None
        try:
            with Session(self.engine) as session:
                held = claim(session, caller.tenant, KEEP, key, *forms)
                if held.made:
                    return kept_answer(find(session, caller.tenant, held.made))
                session.commit()
            return self._judge(caller, request, days, held)
        except BaseException:
            if held and not held.made:
                self._cleanup.do(partial(_release, held=held), within=LEASE)
            raise

    def _judge(self, caller: Caller, request: KeepRequest, days: int, held: Claim | None) -> dict[str, Any]:
        known = self.assessor.known(self.engine, caller.tenant)
        answer = self.assessor.score(known, request.text, request.id, request.options)
        now = datetime.now(UTC)
        row = KeptAssessment(
            id=uuid.uuid4().hex,
            tenant=caller.tenant,
            subject_ref=request.subject_ref,
            created_at=now,
            expires_at=now + timedelta(days=days),
            status=answer["status"],
            verdict=answer["verdict"],
            model=answer["versions"]["model"],
            text=request.text,
            answer=without_quotes(answer),
        )
        with Session(self.engine, expire_on_commit=False) as session:
            chain = Chain(session, caller.tenant, caller.key_id)
            session.add(row)
            session.flush()
            if held:
                finish(session, held, row.id)
            chain.append("keep", assessment_id=row.id, model=row.model, text=row.text)
            session.commit()
        return kept_answer(row)

    def delete(self, caller: Caller, identifier: str) -> None:
        """Erase one assessment with its feedback and idempotency key. Raises NotFound."""
        with Session(self.engine) as session:
            chain = Chain(session, caller.tenant, caller.key_id)
            row = find(session, caller.tenant, identifier)
            session.delete(row)
            chain.append("delete", assessment_id=row.id, model=row.model)
            session.commit()
        clear_traces(self.engine)


def _release(engine: Engine, held: Claim) -> None:
    with Session(engine) as session:
        release(session, held)
        session.commit()


def _kept(tenant: str) -> ColumnElement[bool]:
    """What a tenant can see: its own, until the day that it expires."""
    return and_(col(KeptAssessment.tenant) == tenant, col(KeptAssessment.expires_at) > datetime.now(UTC))


def find(session: Session, tenant: str, identifier: str) -> KeptAssessment:
    """The assessment of this tenant with this id. Raises NotFound, alike for unknown ids and those of others."""
    row = None
    if _ID.fullmatch(identifier):
        row = session.exec(select(KeptAssessment).where(_kept(tenant), KeptAssessment.id == identifier)).first()
    if row is None:
        raise NotFound("There is no such assessment; it may have been erased. The list is at /v1/assessments.")
    return row


def of_subject(session: Session, tenant: str, subject_ref: str) -> list[KeptAssessment]:
    """What is kept under a pseudonym, oldest first."""
    own = select(KeptAssessment).where(_kept(tenant), KeptAssessment.subject_ref == subject_ref)
    return list(session.exec(own.order_by(col(KeptAssessment.created_at), col(KeptAssessment.id))))


def page(session: Session, tenant: str, query: AssessmentQuery, links: str) -> dict[str, Any]:
    """One page of what a tenant keeps, newest first."""
    statement = select(KeptAssessment).where(_kept(tenant))
    if query.verdict:
        statement = statement.where(col(KeptAssessment.verdict).in_(query.verdict))
    if query.status:
        statement = statement.where(col(KeptAssessment.status).in_(query.status))
    if query.model is not None:
        statement = statement.where(KeptAssessment.model == query.model)
    if query.created_from is not None:
        statement = statement.where(col(KeptAssessment.created_at) >= query.created_from)
    if query.created_to is not None:
        statement = statement.where(col(KeptAssessment.created_at) < query.created_to)
    order = {"created_at": (KeptAssessment.created_at, True), "id": (KeptAssessment.id, False)}
    rows, info = page_of(session, statement, order, query, path="/v1/assessments", links=links)
    return {"items": [_summary(row) for row in rows], "page": info}


def _summary(row: KeptAssessment) -> dict[str, Any]:
    return {
        "id": row.id,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "status": row.status,
        "verdict": row.verdict,
        "demand": row.answer["demand"],
        "model": row.model,
        "href": f"/v1/assessments/{row.id}",
    }


def kept_answer(row: KeptAssessment) -> dict[str, Any]:
    """A kept assessment as it is answered."""
    return {
        "id": row.id,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "subject_ref": row.subject_ref,
        "text": row.text,
        "result": whole_answer(row.answer, row.text),
    }
