"""A larger teacher reads every view of the training texts; the student learns from what it says and from the labels."""

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from app.training.augment import Augmenter
from app.training.examples import Example, Reader
from app.training.fit import read
from app.training.network import Network

TRUST = 0.5
"""How far a target follows the teacher where there is a label too."""


def views(examples: list[Example], epochs: int, seed: int) -> list[list[Example]]:
    """A new view of every text for each epoch."""
    augment, chance = Augmenter(examples), random.Random(seed)
    return [[augment(example, chance) for example in examples] for _ in range(epochs)]


def taught(teacher: Network, reader: Reader, examples: Sequence[Example]) -> list[Example]:
    """The examples with targets between the label and the teacher; the teacher's alone where there is no label."""
    out = read(teacher, examples, reader)
    verdicts, traits, styles = torch.softmax(out.verdict, -1), torch.sigmoid(out.traits), torch.sigmoid(out.styles)
    found = []
    for example, verdict, trait, style in zip(examples, verdicts.numpy(), traits.numpy(), styles.numpy(), strict=True):
        mixed = {"verdict": (example.verdict, verdict), "traits": (example.traits, trait)}
        if example.styles is not None:
            mixed["styles"] = (example.styles, style)
        targets = {
            name: said if label is None else np.asarray(TRUST * said + (1 - TRUST) * label, np.float32)
            for name, (label, said) in mixed.items()
        }
        found.append(replace(example, **targets))
    return found
