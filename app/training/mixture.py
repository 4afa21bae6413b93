"""What the model reads in each epoch: texts written for the purpose and texts of strangers, in balance."""

import random
from dataclasses import dataclass
from pathlib import Path

from app.scoring.contrast import read_contrast
from app.scoring.corpus import read_hands
from app.scoring.labels import TRAITS, VERDICTS
from app.scoring.records import Situations
from app.training.augment import Augmenter
from app.training.examples import Example, example_of, example_of_hands

SITUATIONS = 3400
"""How many of the situations an epoch reads, drawn anew each time; with the texts of NEWER all of them."""
NEWER = "n"
"""How the names of those writers begin who wrote in the manner of strangers."""
RARE = 600
"""How many texts of strangers that call for leadership or both, or show a criterion of SCARCE, are read once more."""
SCARCE = ("creativity", "complexity", "efficiency", "scale")
HEADS = (1500, 2200)
"""How many situations and texts of strangers the heads are fitted on first."""


@dataclass(frozen=True)
class Mixture:
    """The training texts by origin."""

    situations: list[Example]
    newer: list[Example]
    strangers: list[Example]
    contrast: list[Example]

    @classmethod
    def load(cls, situations: Situations, seed: Path, corpus: Path, share: float, chance: random.Random) -> "Mixture":
        """Read the train splits; of the texts of strangers, whose words stand in `corpus`, the part `share`."""
        read = [(r, example_of(r, situations.second.get(r.id))) for r in situations.splits["train"]]
        strangers = [example_of_hands(*row) for row in read_hands(seed / "corpus" / "labels.jsonl", corpus, "train")]
        return cls(
            [example for record, example in read if not record.writer.startswith(NEWER)],
            [example for record, example in read if record.writer.startswith(NEWER)],
            strangers if share == 1 else chance.sample(strangers, round(share * len(strangers))),
            [example_of(record) for found in read_contrast(seed / "contrast", "train") for record in found.siblings],
        )

    def heads(self, chance: random.Random) -> list[Example]:
        """The texts that the heads are fitted on while the encoder is frozen."""
        situations, strangers = (min(*pair) for pair in zip(HEADS, self._sizes(), strict=True))
        return [
            *chance.sample(self.situations, situations),
            *self.newer,
            *chance.sample(self.strangers, strangers),
            *self.contrast,
        ]

    def epochs(self, count: int, seed: int) -> list[list[Example]]:
        """New views of the texts of each epoch."""
        augment = Augmenter(self.situations + self.strangers)
        rare = [example for example in self.strangers if _rare(example)]
        found = []
        for number in range(count):
            chance = random.Random(seed * 100 + number)
            texts = [
                *chance.sample(self.situations, min(SITUATIONS, len(self.situations))),
                *self.newer,
                *self.strangers,
                *chance.sample(rare, min(RARE, len(rare))),
                *self.contrast,
            ]
            found.append([augment(example, chance) for example in texts])
        return found

    def _sizes(self) -> tuple[int, int]:
        return len(self.situations), len(self.strangers)


def _rare(example: Example) -> bool:
    """Whether at least half of the hands say leadership or both, or mark a criterion of SCARCE."""
    said = dict(zip(TRAITS, example.traits, strict=True))
    if example.verdict is not None:
        said |= dict(zip(VERDICTS, example.verdict, strict=True))
    return any(said.get(name, 0) >= 0.5 for name in ("leadership", "both", *SCARCE))
