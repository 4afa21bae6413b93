"""Whether the evidence is what moved the score, measured as ERASER does (DeYoung et al. 2020)."""

import random
from dataclasses import dataclass

import numpy as np

from app.scoring.assessment import Assessment, Classifier
from app.scoring.folding import Span
from app.scoring.records import Record
from app.scoring.text import sentences, words


@dataclass(frozen=True)
class Faithfulness:
    """`token_f1`: quoted words against the labeller's words, over criteria that both mark. `comprehensiveness`: how far
    a criterion's probability falls without its evidence (more is better). `sufficiency`: how far it falls with nothing
    else (less is better). `*_random`: the same with a random sentence instead."""

    token_f1: float
    token_f1_random: float
    comprehensiveness: float
    comprehensiveness_random: float
    sufficiency: float
    sufficiency_random: float


def measure(scorer: Classifier, records: list[Record]) -> Faithfulness:
    """Over every criterion that the model finds present in a text of at least two sentences."""
    chance = random.Random(7)  # noqa: S311 - nothing secret
    agreement: list[list[float]] = []
    without: list[list[float]] = []
    alone: list[list[float]] = []
    for record in records:
        places = sentences(record.text)
        if len(places) < 2:
            continue
        answer = scorer.assess(record.text, "en")
        for index, trait in enumerate(answer.criteria):
            ours = [(quote.start, quote.end) for quote in trait.evidence if quote.polarity == "supports"]
            if not (trait.present and ours):
                continue
            both = (ours, [chance.choice(places)])
            if trait.slug in record.criteria:
                quoted = record.criteria[trait.slug]
                theirs = [(record.text.index(quote), record.text.index(quote) + len(quote)) for quote in quoted]
                agreement.append([_token_f1(record.text, spans, theirs) for spans in both])
            before = trait.probability or 0.0
            without.append([before - _probability(scorer, _removed(record.text, spans), index) for spans in both])
            alone.append([before - _probability(scorer, _kept(record.text, spans), index) for spans in both])
    means = [np.mean(found, axis=0) if found else np.zeros(2) for found in (agreement, without, alone)]
    return Faithfulness(*(float(value) for pair in means for value in pair))


def _probability(scorer: Classifier, text: str, index: int) -> float:
    if not text.strip():
        return 0.0
    answer: Assessment = scorer.assess(text, "en", 0)
    return answer.criteria[index].probability or 0.0


def _kept(text: str, spans: list[Span]) -> str:
    return " ".join(text[start:end] for start, end in sorted(spans))


def _removed(text: str, spans: list[Span]) -> str:
    for start, end in sorted(spans, reverse=True):
        text = f"{text[:start]} {text[end:]}"
    return text


def _token_f1(text: str, ours: list[Span], theirs: list[Span]) -> float:
    def covered(spans: list[Span]) -> set[Span]:
        return {word for word in words(text) if any(word[0] < end and word[1] > start for start, end in spans)}

    one, other = covered(ours), covered(theirs)
    total = len(one) + len(other)
    return 2 * len(one & other) / total if total else 0.0
