"""Scorer: loads an artefact once and judges any number of texts, from any number of threads."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from app.scoring import language as languages
from app.scoring.assessment import Assessment, Confidence, Evidence, MissingInput, StyleFit, Trait, Warned
from app.scoring.card import ARTEFACT, read_card
from app.scoring.encoder import Encoder, Floats, Tokens
from app.scoring.evidence import Quoter
from app.scoring.explanation import explain, unread
from app.scoring.heads import Heads, Reading, sigmoid
from app.scoring.labels import (
    CRITERIA,
    FACTORS,
    LEADERSHIP_STYLES,
    MANAGEMENT_STYLES,
    SIDES,
    STYLES,
    TRAITS,
    VERDICTS,
    Band,
    Side,
    Verdict,
    side,
)
from app.scoring.processor import processor_class
from app.scoring.tags import UNKNOWN, canonical
from app.scoring.text import words

ENGINE = f"onnxruntime {ort.__version__} {processor_class()}"
"""Runtime, its version and the processor class: within one of these, the same text gives the same bytes."""

SHORT = 6
"""Fewer words than this earn the hint `too_short` where the verdict is not sure."""
STATED = 0.6
"""The probability from which on a clause that denies nothing shows a criterion."""
UNCLEAR = 0.25
"""A criterion whose probability lies between this and its complement is worth a question."""


class Scorer:
    """The model of one artefact folder. Pure: the same text gives the same assessment."""

    def __init__(self, folder: Path) -> None:
        self.card = read_card(folder)
        self._encoder = Encoder(folder)
        self._heads = Heads(folder)
        self._thresholds = self._heads.thresholds
        self.assess("Whatever loads at its first use loads now, so that no caller waits for it.")

    @classmethod
    def load(cls, folder: Path = ARTEFACT) -> "Scorer":
        """Load the artefact that the package carries, or another folder of the same form."""
        return cls(folder)

    @property
    def version(self) -> str:
        """The model version, as answers name it."""
        return str(self.card["version"])

    def assess(self, text: str, language: str | None = None, max_evidence: int = 3) -> Assessment:
        """Judge one text of at least one visible character.

        `language` is a hint, a BCP 47 tag or an ISO 639 code, that wins over detection; `max_evidence` limits the
        quotes per trait, and what it cuts is counted in `omitted`.
        """
        found = (canonical(language) or language) if language else languages.detect(text)
        readable = found == UNKNOWN or found.split("-")[0].lower() == languages.READABLE
        tokens = self._encoder.tokenize(text)
        counts: dict[str, Any] = {
            "characters": len(text),
            "words": len(words(text)),
            "tokens": len(tokens),
            "language": found,
        }
        if not (readable and len(tokens) and languages.in_latin_letters(text)):
            return _unreadable(
                counts, unread(None if readable else found, language is not None), any(map(str.isalpha, text))
            )
        reading = self._heads.read(self._encoder.encode(text, tokens))
        quoter = Quoter(text, tokens.offsets)
        traits = [_trait(index, reading, quoter, self._thresholds[index]) for index in range(len(TRAITS))]
        criteria = self._with_denials(traits[: len(CRITERIA)], reading, quoter)
        factors = tuple(traits[len(CRITERIA) :])
        probabilities = dict(zip(VERDICTS, map(float, reading.verdict), strict=True))
        ranked = sorted(VERDICTS, key=lambda name: -probabilities[name])
        verdict: Verdict = ranked[0]  # type: ignore[assignment]
        close = probabilities[ranked[0]] - probabilities[ranked[1]] < self.card["confidence"]["uncertain_margin"]
        styles = verdict != "insufficient"
        passages = _passages(quoter, reading, criteria) if styles else {}
        rival: Verdict | None = ranked[1] if close else None  # type: ignore[assignment]
        return Assessment(
            status="uncertain" if close else "judged",
            verdict=verdict,
            probabilities=probabilities,
            confidence=self._confidence(probabilities[verdict], close),
            criteria=tuple(_cut(trait, max_evidence) for trait in criteria),
            factors=tuple(_cut(trait, max_evidence) for trait in factors),
            missing=_missing(verdict, close, criteria, reading, counts["words"]),
            leadership_styles=_styles(LEADERSHIP_STYLES, reading, traits) if styles else (),
            management_styles=_styles(MANAGEMENT_STYLES, reading, traits) if styles else (),
            warnings=self._warnings(tokens),
            explanation=explain(verdict, criteria, passages, rival),
            **counts,
        )

    def _with_denials(self, criteria: list[Trait], reading: Reading, quoter: Quoter) -> tuple[Trait, ...]:
        """The criteria, with evidence against those that the text denies: read as if it denied nothing, the same
        clause would show them."""
        denied: dict[int, Evidence] = {}
        for clause, bare in quoter.denials([quote for trait in criteria for quote in trait.evidence]):
            tokens = self._encoder.tokenize(bare)
            if not tokens.ids:
                continue
            stated = self._heads.read(self._encoder.encode(bare, tokens))
            for index, trait in enumerate(criteria):
                if not trait.present and float(sigmoid(stated.logits)[index]) >= STATED:
                    quote = quoter.denying(clause, reading.shares[:, index])
                    if quote.weight < 0:
                        denied.setdefault(index, quote)
        return tuple(
            replace(trait, evidence=(denied[index],), omitted=(trait.omitted or 0.0) - denied[index].weight)
            if index in denied
            else trait
            for index, trait in enumerate(criteria)
        )

    def _confidence(self, value: float, close: bool) -> Confidence:
        stated = self.card["confidence"]
        name: Band = "high" if value >= stated["high"] else "medium" if value >= stated["medium"] else "low"
        if close and "uncertain" in stated["bands"]:  # earlier cards have three bands, over all texts
            name = "uncertain"
        band = stated["bands"][name]
        return Confidence(value, name, band["accuracy"], band["n"], stated["population"])

    def _warnings(self, tokens: Tokens) -> tuple[Warned, ...]:
        found = []
        if tokens.somebody:
            detail = "The text names a person. This service judges situations, not people; it reads no names."
            found.append(Warned("about_a_person", detail))
        most = self.card["evaluated_tokens"]
        if len(tokens) > most:
            detail = f"The text has {tokens.total} tokens; the model was evaluated on texts of up to {most}."
            found.append(Warned("outside_evaluated_length", detail))
        if tokens.total > len(tokens):
            detail = (
                f"The text has {tokens.total} tokens, more than the {len(tokens)} that are read of one text: what "
                f"comes after its first {tokens.offsets[-1][1]} characters (code points) was not read. Split it."
            )
            found.append(Warned("read_in_part", detail))
        return tuple(found)


def _trait(index: int, reading: Reading, quoter: Quoter, threshold: float) -> Trait:
    slug = TRAITS[index]
    logit, bias = float(reading.logits[index]), float(reading.bias[index])
    probability = float(sigmoid(np.float32(logit)))  # type: ignore[arg-type]
    present = round(probability, 4) >= threshold  # answers show four decimals, and must not contradict themselves
    shares = reading.shares[:, index]
    evidence = tuple(quoter.supporting(shares)) if present else ()
    return Trait(
        slug=slug,
        side=side(slug) if slug in CRITERIA else None,
        probability=probability,
        present=present,
        present_from=threshold,
        bias=bias,
        omitted=logit - bias - sum(quote.weight for quote in evidence),
        evidence=evidence,
    )


def _passages(quoter: Quoter, reading: Reading, criteria: Sequence[Trait]) -> dict[Side, str]:
    """For each side the words that set it off most from a text that says too little, beside the evidence."""
    taken = [quote for trait in criteria if trait.present for quote in trait.evidence]
    against = reading.verdict_shares[:, VERDICTS.index("insufficient")]
    return {name: quoter.strongest(reading.verdict_shares[:, VERDICTS.index(name)] - against, taken) for name in SIDES}


def _cut(trait: Trait, most: int) -> Trait:
    """The trait with its strongest evidence only; what is cut is counted in `omitted`."""
    cut = sum(quote.weight for quote in trait.evidence[most:])
    return replace(trait, omitted=(trait.omitted or 0.0) + cut, evidence=trait.evidence[:most])


def _styles(names: tuple[str, ...], reading: Reading, traits: list[Trait]) -> tuple[StyleFit, ...]:
    """Styles best first; each names the present traits that speak for it, and without any it is left out."""
    fits = []
    for name in names:
        index = STYLES.index(name)
        reasons: Floats = reading.style_reasons[index]
        behind = [k for k in np.argsort(-reasons, kind="stable") if reasons[k] > 0 and traits[k].present]
        if behind:
            fits.append(StyleFit(name, float(reading.styles[index]), tuple(TRAITS[k] for k in behind[:3])))
    return tuple(sorted(fits, key=lambda fit: (-fit.score, fit.slug)))


def _missing(
    verdict: Verdict, close: bool, criteria: tuple[Trait, ...], reading: Reading, count: int
) -> tuple[MissingInput, ...]:
    """What would settle the case, first what would move the verdict most."""
    hints: list[MissingInput] = []
    if verdict == "insufficient":
        hints.append(MissingInput("too_short" if count < SHORT else "no_work_situation", None))
    elif close:
        hints.append(MissingInput("verdict_close", None))
    unclear = [k for k, trait in enumerate(criteria) if UNCLEAR <= (trait.probability or 0.0) <= 1 - UNCLEAR]
    unclear.sort(key=lambda k: -float(reading.informative[k]))
    return (*hints, *(MissingInput("criterion_unclear", criteria[k].slug) for k in unclear))


def _unreadable(counts: dict[str, Any], explanation: str, written: bool) -> Assessment:
    """Nothing is asked of what is written in letters that the model cannot read."""

    def blank(slug: str) -> Trait:
        return Trait(slug, side(slug) if slug in CRITERIA else None, None, False, None, None, None, ())

    return Assessment(
        status="unreadable",
        verdict="insufficient",
        probabilities={name: float(name == "insufficient") for name in VERDICTS},
        confidence=None,
        criteria=tuple(map(blank, CRITERIA)),
        factors=tuple(map(blank, FACTORS)),
        missing=() if written else (MissingInput("no_work_situation", None),),
        leadership_styles=(),
        management_styles=(),
        warnings=(),
        explanation=explanation,
        **counts,
    )
