"""What readers say of kept assessments: stored as offsets, answered with words, exported to train on."""

import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from app.access.keys import Caller
from app.archive.audit import Chain
from app.archive.quotes import whole_answer
from app.archive.requests import FeedbackRequest, ReaderTrait
from app.archive.store import find
from app.archive.tables import Feedback, KeptAssessment
from app.errors import InvalidParameter, ProblemDetail
from app.pagination import PageQuery, page_of
from app.scoring.records import Record

NOTHING: dict[str, Any] = {
    "verdict": None,
    "criteria": [],
    "factors": [],
    "recommendations": {"leadership_styles": [], "management_styles": []},
}


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


def feedback_answer(row: Feedback, text: str) -> dict[str, Any]:
    """Feedback as it is answered, with the words of the text in it."""
    said = row.labels or NOTHING

    def words(trait: dict[str, Any]) -> dict[str, Any]:
        quotes = [{"quote": text[place["start"] : place["end"]], **place} for place in trait["evidence"]]
        return {**trait, "evidence": quotes}

    return {
        "id": row.id,
        "created_at": row.created_at,
        "key_id": row.key_id,
        "agree": row.agree,
        **said,
        "criteria": [words(trait) for trait in said["criteria"]],
        "factors": [words(trait) for trait in said["factors"]],
        "reason": row.reason,
    }


def page(session: Session, tenant: str, identifier: str, query: PageQuery, links: str) -> dict[str, Any]:
    """One page of the feedback to an assessment, newest first. Raises NotFound."""
    kept = find(session, tenant, identifier)
    statement = select(Feedback).where(Feedback.tenant == tenant, Feedback.assessment_id == kept.id)
    order = {"created_at": (Feedback.created_at, True), "id": (Feedback.id, False)}
    path = f"/v1/assessments/{kept.id}/feedback"
    rows, info = page_of(session, statement, order, query, path=path, links=links)
    return {"items": [feedback_answer(row, kept.text) for row in rows], "page": info}


def training_records(session: Session, tenant: str, left_out: Counter[str]) -> Iterator[dict[str, Any]]:
    """The last word on every assessment of a tenant as a labelled situation; what cannot be one is counted."""
    statement = (
        select(KeptAssessment, Feedback)
        .where(KeptAssessment.tenant == tenant, col(Feedback.assessment_id) == col(KeptAssessment.id))
        .order_by(col(KeptAssessment.created_at), col(KeptAssessment.id), col(Feedback.created_at), col(Feedback.id))
    )
    last: tuple[KeptAssessment, Feedback] | None = None
    for kept, said in [*session.exec(statement), (None, None)]:
        if last and (kept is None or kept.id != last[0].id):
            record = _record(*last)
            if record is None:
                left_out["agreed, but the answer was kept without the quotes that show why"] += 1
            else:
                yield asdict(record)
        last = (kept, said) if kept else None


def _record(kept: KeptAssessment, said: Feedback) -> Record | None:
    """The labelled situation, or None where a trait is present and nothing is quoted for it."""
    answer = _agreed(whole_answer(kept.answer, kept.text)) if said.agree else feedback_answer(said, kept.text)
    present = [trait for trait in (*answer["criteria"], *answer["factors"]) if trait["present"]]
    if not all(trait["evidence"] for trait in present):
        return None
    styles = answer["recommendations"]
    return Record(
        id=f"feedback-{kept.id}",
        text=kept.text,
        verdict=answer["verdict"],
        criteria=_quotes(answer["criteria"], present=True),
        counter=_quotes(answer["criteria"], present=False),
        factors=_quotes(answer["factors"], present=True),
        leadership_styles=[style["slug"] for style in styles["leadership_styles"]],
        management_styles=[style["slug"] for style in styles["management_styles"]],
        writer=f"feedback-{kept.tenant}",
        form="kept assessment",
        industry="not told",
        traps=[],
        source=None,
    )


def _agreed(answer: dict[str, Any]) -> dict[str, Any]:
    """What a reader has said who agrees: the traits that are present, with the quotes that support them."""
    nothing_to_tell = answer["verdict"] == "insufficient"

    def marked(traits: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {**trait, "evidence": [part for part in trait.get("evidence", ()) if part["polarity"] == "supports"]}
            for trait in traits
            if trait["present"] and not nothing_to_tell
        ]

    advised = answer.get("recommendations", NOTHING["recommendations"])
    return {
        "verdict": answer["verdict"],
        "criteria": marked(answer["criteria"]),
        "factors": marked(answer["factors"]),
        "recommendations": {side: advised[side][:2] for side in ("leadership_styles", "management_styles")},
    }


def _quotes(traits: list[dict[str, Any]], *, present: bool) -> dict[str, list[str]]:
    return {
        trait["slug"]: [part["quote"] for part in trait["evidence"]]
        for trait in traits
        if trait["present"] == present and trait["evidence"]
    }
