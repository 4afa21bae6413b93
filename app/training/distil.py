"""A larger teacher reads the training texts; the student learns from what it says and from the labels."""

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from app.training.augment import Augmenter, View
from app.training.examples import Example, Reader
from app.training.fit import read
from app.training.network import Network

TRUST = 0.5
"""How far a target follows the teacher where there is a label too."""


def views(examples: list[Example], epochs: int, seed: int) -> list[list[View]]:
    """A new view of every text for each epoch."""
    augment, chance = Augmenter(examples), random.Random(seed)
    return [[augment(example, chance) for example in examples] for _ in range(epochs)]


def labelled(epochs: Sequence[Sequence[View]]) -> list[list[Example]]:
    """The views as the labels alone teach them."""
    return [[view.disturbed for view in epoch] for epoch in epochs]


def taught(teacher: Network, reader: Reader, epochs: Sequence[Sequence[View]]) -> list[list[Example]]:
    """The views with targets between the label and the teacher; the teacher's alone where there is no label.

    The teacher reads each text clean and once, so what it says is the same whatever stands around the text.
    """
    clean = {view.clean.text: view.clean for epoch in epochs for view in epoch}
    out = read(teacher, list(clean.values()), reader)
    said = zip(
        torch.softmax(out.verdict, -1).numpy(),
        torch.sigmoid(out.traits).numpy(),
        torch.sigmoid(out.styles).numpy(),
        strict=True,
    )
    answers = dict(zip(clean, said, strict=True))
    return [[_between(view.disturbed, *answers[view.clean.text]) for view in epoch] for epoch in epochs]


def _between(example: Example, *said: np.ndarray) -> Example:
    verdict, traits, styles = said
    return replace(
        example,
        verdict=verdict if example.verdict is None else _mean(verdict, example.verdict),
        traits=_mean(traits, example.traits),
        styles=None if example.styles is None else _mean(styles, example.styles),
    )


def _mean(said: np.ndarray, label: np.ndarray) -> np.ndarray:
    return np.asarray(TRUST * said + (1 - TRUST) * label, np.float32)
