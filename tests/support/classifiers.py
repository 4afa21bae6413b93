"""What stands in the model's place where a test is not about what the model says."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from app.scoring import Assessment, Scorer, Trait
from app.scoring.labels import CRITERIA, VERDICTS, Verdict, side


class StandIn:
    """Says the verdict that it is given for a text; of other texts one that hangs on their length alone."""

    version = "stand-in"

    def __init__(self, verdicts: Mapping[str, Verdict] | None = None) -> None:
        self.verdicts = dict(verdicts or {})

    def assess(self, text: str, language: str | None = None, max_evidence: int = 3) -> Assessment:
        """An answer without evidence, styles and hints."""
        verdict: Verdict = self.verdicts.get(text) or VERDICTS[len(text) % len(VERDICTS)]
        chances = {slug: (len(text) * place % 7) / 7 for place, slug in enumerate(CRITERIA, start=1)}
        return Assessment(
            status="judged",
            verdict=verdict,
            probabilities={name: 0.7 if name == verdict else 0.1 for name in VERDICTS},
            confidence=None,
            criteria=tuple(
                Trait(slug, side(slug), chance, chance >= 0.5, 0.5, 0.0, 0.0, ()) for slug, chance in chances.items()
            ),
            factors=(),
            missing=(),
            leadership_styles=(),
            management_styles=(),
            warnings=(),
            explanation="",
            characters=len(text),
            words=len(text.split()),
            tokens=len(text.split()),
            language=language or "en",
        )

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Commands load this instead of the model."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Scorer, "load", lambda: self)
            yield
