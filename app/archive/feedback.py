"""What readers say of kept assessments: stored as offsets, answered with words."""

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, select

from app.access.keys import Caller
from app.archive.audit import Chain
from app.archive.quotes import feedback_answer
from app.archive.requests import FeedbackRequest, ReaderTrait
from app.archive.store import find
from app.archive.tables import Feedback
from app.errors import InvalidParameter, ProblemDetail
from app.pagination import PageQuery, page_of


def give(engine: Engine, caller: Caller, identifier: str, request: FeedbackRequest) -> dict[str, Any]:
    """Append a reader's word to an assessment. Raises NotFound, and InvalidParameter for a quote that is not there."""
    with Session(engine, expire_on_commit=False) as session:
        chain = Chain(session, caller.tenant, caller.key_id)
        kept = find(session, caller.tenant, identifier)
        row = Feedback(
            id=uuid.uuid4().hex,
            assessment_id=kept.id,
            tenant=caller.tenant,
            key_id=caller.key_id or "",
            created_at=datetime.now(UTC),
            agree=request.agree,
            labels=None if request.agree else _labels(request, kept.text),
            reason=request.reason,
        )
        session.add(row)
        chain.append("feedback", assessment_id=kept.id, model=kept.model)
        answer = feedback_answer(row, kept.text)
        session.commit()
    return answer


def _labels(request: FeedbackRequest, text: str) -> dict[str, Any]:
    styles = request.recommendations.model_dump()
    return {
        "verdict": request.verdict,
        "criteria": [_trait(one, one.slug, text, f"/criteria/{n}") for n, one in enumerate(request.criteria)],
        "factors": [_trait(one, one.slug, text, f"/factors/{n}") for n, one in enumerate(request.factors)],
        "recommendations": styles,
    }


def _trait(said: ReaderTrait, slug: str, text: str, pointer: str) -> dict[str, Any]:
    evidence = []
    for number, words in enumerate(said.evidence):
        start = text.find(words.quote)
        if start < 0:
            message = "A quote must be an exact part of the text, sign for sign."
            where = f"{pointer}/evidence/{number}/quote"
            raise InvalidParameter(message, [ProblemDetail(pointer=where, code="quote_not_found", message=message)])
        evidence.append({"start": start, "end": start + len(words.quote)})
    return {"slug": slug, "present": said.present, "evidence": evidence}


def page(session: Session, tenant: str, identifier: str, query: PageQuery, links: str) -> dict[str, Any]:
    """One page of the feedback to an assessment, newest first. Raises NotFound."""
    kept = find(session, tenant, identifier)
    statement = select(Feedback).where(Feedback.tenant == tenant, Feedback.assessment_id == kept.id)
    order = {"created_at": (Feedback.created_at, True), "id": (Feedback.id, False)}
    path = f"/v1/assessments/{kept.id}/feedback"
    rows, info = page_of(session, statement, order, query, path=path, links=links)
    return {"items": [feedback_answer(row, kept.text) for row in rows], "page": info}
