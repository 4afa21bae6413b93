"""From a request to an answer: the engine's judgement, joined with what the catalogue knows."""

import time
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import Session

from app.assessments.requests import Options, Preferences
from app.assessments.slots import Slots, Threads
from app.catalog.queries import everything
from app.catalog.tables import Criterion, Program, Style
from app.catalog.visibility import see_as, versions
from app.database import BRIEFLY, LOCK_SECONDS
from app.errors import InvalidText
from app.metrics import count_text, time_scoring
from app.outages import retry_after
from app.scoring import Assessment, Evidence, MissingInput, Scorer, StyleFit, Trait
from app.scoring.labels import OffsetUnit, Side
from app.scoring.scorer import ENGINE

API_VERSION = "1"
KEPT_CATALOGUES = 1000
SCORING_THREADS, BATCH_THREADS = 40, 16
AWAY_SECONDS = 1.0
"""After the database has not answered, how long nobody waits for it who can do without."""
ASKS = {
    "no_work_situation": "What is going on at work, what has to be done, and who is involved?",
    "too_short": "Can you tell it in two or three sentences: what is going on, what has to be done, who is involved?",
    "verdict_close": "What would fail first if nobody saw to it: direction and people, or plan and work?",
}


@dataclass(frozen=True)
class Known:
    """What an answer needs of the catalogue as one tenant sees it, read once per version. `versions` counts the changes
    of the shared catalogue and of the tenant's own."""

    versions: tuple[int, int]
    questions: dict[str, str]
    styles: dict[str, tuple[str, str]]
    programs: tuple["KnownProgram", ...]


@dataclass(frozen=True)
class KnownProgram:
    slug: str
    name: str
    href: str
    catalogue: Literal["own", "shared"]
    criteria: tuple[str, ...]
    focus: tuple[str, ...]
    delivery: tuple[str, ...]
    pace: tuple[str, ...]
    months: int | None


class Assessor:
    """Judges texts with one model, a bounded number at a time, and words the answers."""

    def __init__(self, scorer: Scorer, slots: int) -> None:
        self.scorer = scorer
        self._slots = Slots(slots)
        self.threads, self.batch_threads = Threads(SCORING_THREADS), Threads(BATCH_THREADS)
        self._known: dict[str, Known] = {}
        self._shared: Known | None = None
        self._away_until = 0.0

    def known(self, engine: Engine, tenant: str) -> Known:
        """The catalogue as answers to this tenant need it, fresh whenever its version has moved; the last one while
        the database does not answer. The connection is given back before anything is scored."""
        known, now = self._known.get(tenant), time.monotonic()
        if known and now < self._away_until:
            return known
        if self._away_until:
            self._away_until = now + AWAY_SECONDS  # whoever asks, asks alone
        patience = BRIEFLY if known else LOCK_SECONDS
        try:
            with Session(engine.execution_options(readonly=True, patience=patience)) as session:
                current = versions(session, tenant)
                if known is None or known.versions != current:
                    known = self._read(see_as(session, tenant), current)
                    self._keep(tenant, known)
        except (DBAPIError, PoolTimeoutError) as error:
            if known is None or retry_after(error) is None:
                raise
            self._away_until = time.monotonic() + AWAY_SECONDS
        else:
            self._away_until = 0.0
        return known

    def _read(self, session: Session, current: tuple[int, int]) -> Known:
        """Tenants without a catalogue of their own share what is read."""
        shared = self._shared
        if not current[1] and shared is not None and shared.versions == current:
            return shared
        known = _read_catalogue(session, current)
        if not current[1]:
            self._shared = known
        return known

    def _keep(self, tenant: str, known: Known) -> None:
        if len(self._known) >= KEPT_CATALOGUES:
            self._known.clear()
        self._known[tenant] = known

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


def _read_catalogue(session: Session, current: tuple[int, int]) -> Known:
    return Known(
        versions=current,
        questions={row.slug: row.question for row in everything(session, Criterion)},
        styles={row.slug: (row.name, row.href) for row in everything(session, Style)},
        programs=tuple(
            KnownProgram(
                row.slug,
                row.name,
                row.href,
                row.catalogue,
                tuple(link.criterion_slug for link in row.criteria),
                tuple(row.focus or ()),
                tuple(row.delivery or ()),
                tuple(row.pace or ()),
                row.months,
            )
            for row in everything(session, Program)
        ),
    )


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
            "programs": _programs(assessment, known, options)[:most],
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
            "name": known.styles[fit.slug][0],
            "score": round(fit.score, 4),
            "because": list(fit.because),
            "href": known.styles[fit.slug][1],
        }
        for fit in fits
        if fit.slug in known.styles
    ]


def _programs(assessment: Assessment, known: Known, options: Options) -> list[dict[str, Any]]:
    """Programs whose criteria the situation shows: the score is the share of what is shown that they help with,
    weighed by probability, times how far their focus is what the situation calls for."""
    if assessment.verdict == "insufficient":
        return []
    present = {trait.slug: trait.probability or 0.0 for trait in assessment.criteria if trait.present}
    whole = sum(present.values())
    fits = []
    for program in known.programs:
        if options.catalogue not in {"both", program.catalogue}:
            continue
        because = sorted((slug for slug in program.criteria if slug in present), key=lambda slug: -present[slug])
        if not because or not _preferred(program, options.preferences):
            continue
        score = sum(present[slug] for slug in because) / whole
        sides: list[Side] = [side for side in ("leadership", "management") if side in program.focus]
        if sides:
            score *= max(assessment.demand[side] for side in sides)
        fits.append(
            {
                "slug": program.slug,
                "name": program.name,
                "score": round(score, 4),
                "because": because,
                "href": program.href,
                "catalogue": program.catalogue,
            }
        )
    return sorted(fits, key=lambda fit: (-float(str(fit["score"])), str(fit["slug"])))


def _preferred(program: KnownProgram, wanted: Preferences) -> bool:
    return (
        (wanted.focus is None or wanted.focus in program.focus)
        and (wanted.delivery is None or wanted.delivery in program.delivery)
        and (wanted.pace is None or wanted.pace in program.pace)
        and (wanted.max_months is None or (program.months is not None and program.months <= wanted.max_months))
    )


def _rounded(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 4) + 0.0 if isinstance(value, float) else value for name, value in fields.items()}
