"""What the documentation shows holds on every class of processor: its numbers stand well away from every threshold."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from app.assessments.requests import EXAMPLE
from app.docs.examples import HERE, REQUESTS
from app.scoring.scorer import UNCLEAR
from tests.snapshots.requests import JOB
from tests.support.apps import scorer
from tests.support.paths import ROOT

TRAIT, VERDICT, BAND = 0.05, 0.05, 0.01
"""How far from a threshold a trait, the distance between two verdicts and a confidence must be. Between processor
classes no trait of 100 texts moved by more than 0.027; probabilities near one, which the bands part, move less."""
GUIDES = (
    ROOT / "README.md",
    HERE / "quickstart.md",
    ROOT / "client" / "README.md",
    ROOT / "client" / "generators" / "try.py",
    ROOT / "client" / "generators" / "try.ts",
)
TEXT = re.compile(r'(?:"text": |\btext = |TEXT = |^    |\[)"([A-Z][^"\n]*[ .][^"\n]*\.)"', re.MULTILINE)


def situations(value: Any) -> Iterator[str]:
    """Every text to be judged in the body of a request."""
    if isinstance(value, dict):
        yield from (found for found in [value.get("text")] if found)
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from situations(part)


def shown() -> set[str]:
    """Every text that a reader is invited to send."""
    found = {EXAMPLE, *situations(json.loads(REQUESTS.read_text("utf-8")))}
    found |= {json.loads(line)["text"] for line in JOB.splitlines()}
    for guide in GUIDES:
        here = set(TEXT.findall(guide.read_text("utf-8")))
        assert here, guide
        found |= here
    return {text for text in found if text.strip()}


@pytest.mark.parametrize("text", sorted(shown()))
def test_no_example_stands_near_a_threshold(text: str) -> None:
    judge = scorer()
    stated, present_from = judge.card["confidence"], judge.card["present_from"]
    found = judge.assess(text)
    best, second, *_ = sorted(found.probabilities.values(), reverse=True)
    assert best - second > VERDICT and abs(best - second - stated["uncertain_margin"]) > VERDICT, "status or verdict"
    for band in ("medium", "high"):
        assert abs(best - stated[band]) > BAND, band
    for trait in (*found.criteria, *found.factors):
        assert trait.probability is not None
        unclear = [UNCLEAR, 1 - UNCLEAR] if trait.side else []
        for threshold in (present_from[trait.slug], *unclear):
            assert abs(trait.probability - threshold) > TRAIT, (trait.slug, threshold)
