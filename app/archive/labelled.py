"""What readers corrected, as labelled situations to train on."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby
from typing import Any

from sqlmodel import Session, col, select

from app.archive.quotes import NOTHING, feedback_answer, whole_answer
from app.archive.tables import Feedback, KeptAssessment
from app.scoring.records import Record

AT_ONCE = 500
"""Assessments that are held in memory together."""


def training_records(session: Session, tenant: str, left_out: Counter[str]) -> Iterator[dict[str, Any]]:
    """The last word on every assessment of a tenant as a labelled situation; what cannot be one is counted."""
    statement = (
        select(KeptAssessment, Feedback)
        .where(KeptAssessment.tenant == tenant, col(Feedback.assessment_id) == col(KeptAssessment.id))
        .order_by(col(KeptAssessment.created_at), col(KeptAssessment.id), col(Feedback.created_at), col(Feedback.id))
    )
    rows = session.exec(statement).yield_per(AT_ONCE)
    for _, pairs in groupby(rows, key=lambda pair: pair[0].id):
        *_, last = pairs
        record = _record(*last)
        if record is None:
            left_out["agreed, but the answer was kept without the quotes that show why"] += 1
        else:
            yield asdict(record)


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
