"""From a request to an answer: the engine's judgement, joined with what the catalogue knows."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Engine

from app.assessments.known import Catalogues, Known
from app.assessments.requests import Options
from app.assessments.slots import Slots, Threads
from app.catalog.tables import Style
from app.errors import InvalidText
from app.metrics import count_text, time_scoring
from app.scoring import Assessment, Evidence, MissingInput, Scorer, StyleFit, Trait
from app.scoring.labels import OffsetUnit
from app.scoring.scorer import ENGINE

API_VERSION = "1"
SCORING_THREADS, BATCH_THREADS = 40, 16
ASKS = {
    "no_work_situation": "What is going on at work, what has to be done, and who is involved?",
    "too_short": "Can you tell it in two or three sentences: what is going on, what has to be done, who is involved?",
    "verdict_close": "What would fail first if nobody saw to it: direction and people, or plan and work?",
}


class Assessor:
    """Judges texts with one model, a bounded number at a time, and words the answers."""

    def __init__(self, scorer: Scorer, slots: int) -> None:
        self.scorer = scorer
        self._slots = Slots(slots)
        self.threads, self.batch_threads = Threads(SCORING_THREADS), Threads(BATCH_THREADS)
        self._catalogues = Catalogues()

    def known(self, engine: Engine, tenant: str) -> Known:
        """The catalogue as answers to this tenant need it; see `Catalogues.known`."""
        return self._catalogues.known(engine, tenant)

    def score(self, known: Known, text: str, identifier: str | None, options: Options) -> dict[str, Any]:
        """Judge one checked text. The dictionary holds what `options.include` asks for, in the shape of ScoreAnswer."""
        self.check_version(options)
        with self._slots.slot():
            return self.judge(known, text, identifier, options)

    def score_in_batch(self, known: Known, text: str, identifier: str | None, options: Options) -> dict[str, Any]:
        """As `score`, but in a slot of those that batches share."""
        with self._slots.slot(batch=True):
            return self.judge(known, text, identifier, options)

    def judge(self, known: Known, text: str, identifier: str | None, options: Options) -> dict[str, Any]:
        """As `score`, but without a slot: for work that is bounded otherwise and must not take turns from callers."""
        with time_scoring():
            assessment = self.scorer.assess(text, options.language, options.max_evidence)
        count_text(assessment.verdict, self.scorer.version)
        return _answer(assessment, known, text, options, model=self.scorer.version, identifier=identifier)

    def check_version(self, options: Options) -> None:
        """Raises InvalidText where the options pin another model."""
        if options.model_version not in {None, self.scorer.version}:
            detail = f"This service answers with model {self.scorer.version} only; leave model_version out or name it."
            raise InvalidText("unknown_model_version", detail, "/options/model_version")


def _answer(
    assessment: Assessment, known: Known, text: str, options: Options, *, model: str, identifier: str | None
) -> dict[str, Any]:
    offsets = Offsets(text, options.offset_unit)
    evidence = "evidence" in options.include
    chances = _rounded(assessment.probabilities)
    answer: dict[str, Any] = {
        "id": identifier,
        "status": assessment.status,
        "verdict": assessment.verdict,
        "probabilities": chances,
        "demand": {side: round(chances[side] + chances["both"], 4) for side in assessment.demand},
        "confidence": _rounded(asdict(assessment.confidence)) if assessment.confidence else None,
        "criteria": [
            {"slug": trait.slug, "side": trait.side} | _trait(trait, offsets, evidence) for trait in assessment.criteria
        ],
        "factors": [{"slug": trait.slug} | _trait(trait, offsets, evidence) for trait in assessment.factors],
    }
    if "explanation" in options.include:
        answer["explanation"] = assessment.explanation
    answer["missing"] = [_missing(hint, known) for hint in assessment.missing]
    if "recommendations" in options.include:
        most = options.max_recommendations
        answer["recommendations"] = {
            "leadership_styles": _styles(assessment.leadership_styles, known)[:most],
            "management_styles": _styles(assessment.management_styles, known)[:most],
            "programs": known.programs.recommended(assessment, options),
        }
    answer["input"] = {
        "characters": assessment.characters,
        "words": assessment.words,
        "tokens": assessment.tokens,
        "language": assessment.language,
        "offset_unit": options.offset_unit,
    }
    answer["warnings"] = [asdict(warning) | {"pointer": "/text"} for warning in assessment.warnings]
    answer["versions"] = {"api": API_VERSION, "model": model, "engine": ENGINE, "catalogue": sum(known.versions)}
    return answer


class Offsets:
    """Turns offsets in code points into the unit that the caller counts in."""

    def __init__(self, text: str, unit: OffsetUnit) -> None:
        self._text, self._unit = text, unit

    def convert(self, offset: int) -> int:
        """The same place, counted in the caller's unit."""
        if self._unit == "unicode_code_point":
            return offset
        if self._unit == "utf16":
            return len(self._text[:offset].encode("utf-16-le")) // 2
        return len(self._text[:offset].encode())


def _trait(trait: Trait, offsets: Offsets, evidence: bool) -> dict[str, Any]:
    fields = _rounded(
        {
            "probability": trait.probability,
            "present": trait.present,
            "present_from": trait.present_from,
            "bias": trait.bias,
            "omitted": trait.omitted,
        }
    )
    if evidence:
        fields["evidence"] = [_evidence(quote, offsets) for quote in trait.evidence]
    return fields


def _evidence(quote: Evidence, offsets: Offsets) -> dict[str, Any]:
    place = {"start": offsets.convert(quote.start), "end": offsets.convert(quote.end)}
    return {"quote": quote.quote, **place, "polarity": quote.polarity, "weight": round(quote.weight, 4) + 0.0}


def _missing(hint: MissingInput, known: Known) -> dict[str, Any]:
    ask = known.questions[hint.criterion] if hint.criterion else ASKS[hint.code]
    return {"code": hint.code, "criterion": hint.criterion, "ask": ask}


def _styles(fits: tuple[StyleFit, ...], known: Known) -> list[dict[str, Any]]:
    return [
        {
            "slug": fit.slug,
            "name": known.styles[fit.slug],
            "score": round(fit.score, 4),
            "because": list(fit.because),
            "href": f"/v1/{Style.path}/{fit.slug}",
        }
        for fit in fits
        if fit.slug in known.styles
    ]


def _rounded(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 4) + 0.0 if isinstance(value, float) else value for name, value in fields.items()}
