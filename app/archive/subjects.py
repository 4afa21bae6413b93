"""What is kept under a pseudonym: handed out whole, and erased in every copy."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, delete, func
from sqlmodel import Session, col, select

from app.access.keys import Caller
from app.archive.audit import Chain
from app.archive.quotes import feedback_answer
from app.archive.store import kept_answer, of_subject
from app.archive.tables import Feedback, IdempotencyKey, KeptAssessment
from app.database import clear_traces


def export(engine: Engine, caller: Caller, subject_ref: str) -> dict[str, Any]:
    """Everything that a tenant keeps under this pseudonym; the audit knows that it was handed out."""
    with Session(engine) as session:
        Chain(session, caller.tenant, caller.key_id).append("export_subject", text=subject_ref)
        rows, said = of_subject(session, caller.tenant, subject_ref), _said(session, caller.tenant, subject_ref)
        assessments = [
            {**kept_answer(row), "feedback": [feedback_answer(one, row.text) for one in said[row.id]]} for row in rows
        ]
        session.commit()
    return {"subject_ref": subject_ref, "exported_at": datetime.now(UTC), "assessments": assessments}


def _said(session: Session, tenant: str, subject_ref: str) -> dict[str, list[Feedback]]:
    """All feedback to what a tenant keeps under a pseudonym, by assessment, oldest first."""
    found: dict[str, list[Feedback]] = defaultdict(list)
    statement = select(Feedback).where(Feedback.tenant == tenant)
    statement = statement.where(
        col(Feedback.assessment_id).in_(select(KeptAssessment.id).where(_theirs(tenant, subject_ref)))
    )
    for one in session.exec(statement.order_by(col(Feedback.created_at), col(Feedback.id))):
        found[one.assessment_id].append(one)
    return found


def _theirs(tenant: str, subject_ref: str) -> ColumnElement[bool]:
    return and_(col(KeptAssessment.tenant) == tenant, col(KeptAssessment.subject_ref) == subject_ref)


def erase(engine: Engine, caller: Caller, subject_ref: str) -> dict[str, Any]:
    """Erase everything that a tenant keeps under this pseudonym, and say how much it was. Again: nothing is left."""
    with Session(engine) as session:
        chain = Chain(session, caller.tenant, caller.key_id)
        theirs = _theirs(caller.tenant, subject_ref)
        rows = session.exec(select(KeptAssessment.id, KeptAssessment.model).where(theirs)).all()
        counts = {
            "assessments": len(rows),
            "feedback": _count(session, Feedback, theirs),
            "idempotency_keys": _count(session, IdempotencyKey, theirs),
        }
        session.execute(delete(KeptAssessment).where(theirs))  # the rest goes with it
        for identifier, model in rows:
            chain.append("delete", assessment_id=identifier, model=model)
        chain.append("erase_subject", text=subject_ref)
        receipt = {
            "subject_ref": subject_ref,
            "erased_at": datetime.now(UTC),
            **counts,
            "audit_entry": chain.head.number,
            "audit_hash": chain.head.hash,
        }
        session.commit()
    clear_traces(engine)
    return receipt


def _count(session: Session, table: type[Feedback] | type[IdempotencyKey], theirs: ColumnElement[bool]) -> int:
    reached = select(KeptAssessment.id).where(theirs)
    return session.exec(select(func.count()).select_from(table).where(col(table.assessment_id).in_(reached))).one()
