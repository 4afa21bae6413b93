"""Labelled texts as tensors: token ids, targets, and which tokens the labeller quoted."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from app.scoring.encoder import WINDOW, Tokens, special_tokens, tokenize
from app.scoring.labels import STYLES, TRAITS, VERDICTS
from app.scoring.records import Labels, Record

Floats = NDArray[np.float32]
Span = tuple[int, int, int]


@dataclass(frozen=True)
class Example:
    """A text with its targets as probabilities: `verdict` (4) and `styles` (9) may be unknown, `traits` (12) not.
    `spans` are the quoted words as (trait, start, end), for and against."""

    text: str
    verdict: Floats | None
    traits: Floats
    styles: Floats | None
    spans: tuple[Span, ...]


def example_of(record: Record, second: Labels | None = None) -> Example:
    """A record as an example; where a second hand has labelled it too, the mean of both."""
    hands: list[Record | Labels] = [record, second] if second else [record]
    spans = []
    for quoted in (record.criteria, record.counter, record.factors):
        for slug, quotes in quoted.items():
            for quote in quotes:
                start = record.text.index(quote)
                spans.append((TRAITS.index(slug), start, start + len(quote)))
    styled = [hand for hand in hands if hand.leadership_styles]
    return Example(
        record.text,
        _share(VERDICTS, [(hand.verdict,) for hand in hands]),
        _share(TRAITS, [(*hand.criteria, *hand.factors) for hand in hands]),
        _share(STYLES, [(*hand.leadership_styles, *hand.management_styles) for hand in styled]) if styled else None,
        tuple(spans),
    )


def example_of_hands(text: str, hands: list[dict[str, Any]]) -> Example:
    """A text of a stranger, as the mean of the hands that read it; see seed/corpus for the form of their labels."""
    styled = [hand for hand in hands if hand.get("leadership_styles")]
    return Example(
        text,
        _share(VERDICTS, [(hand["verdict"],) for hand in hands]),
        _share(TRAITS, [(*hand["criteria"], *hand.get("factors", ())) for hand in hands]),
        _share(STYLES, [(*hand["leadership_styles"], *hand["management_styles"]) for hand in styled])
        if styled
        else None,
        tuple(
            sorted(
                {
                    (TRAITS.index(slug), start, end)
                    for hand in hands
                    for slug, quotes in hand["criteria"].items()
                    for start, end in quotes
                }
            )
        ),
    )


def _share(names: Sequence[str], marked: list[tuple[str, ...]]) -> Floats:
    """How large a part of the hands marked each name."""
    return np.array([np.mean([name in marks for marks in marked]) for name in names], np.float32)


class Reader:
    """The tokenizer of a base model, BERT's or MPNet's, with its special tokens."""

    def __init__(self, base: str) -> None:
        self.tokenizer = Tokenizer.from_file(f"{base}/tokenizer.json")
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.start, self.stop, self.pad = special_tokens(self.tokenizer)

    def __call__(self, text: str) -> Tokens:
        """The tokens of a text as the service reads it."""
        return tokenize(self.tokenizer, text)


@dataclass
class Batch:
    """A padded batch; `quoted` has shape (batch, tokens, traits); `judged` and `styled` say whose targets are known."""

    ids: Tensor
    mask: Tensor
    inner: Tensor
    verdict: Tensor
    judged: Tensor
    traits: Tensor
    styles: Tensor
    styled: Tensor
    quoted: Tensor
    index: list[int]


def batches(examples: Sequence[Example], reader: Reader, size: int, seed: int | None = None) -> Iterator[Batch]:
    """Batches of texts of similar length; shuffled when a seed is given."""
    prepared = [(index, reader(example.text)) for index, example in enumerate(examples)]
    prepared = [(index, tokens) for index, tokens in prepared if tokens.ids]
    shuffler = random.Random(seed)
    chunk = size * 16 if seed is not None else max(len(prepared), 1)
    if seed is not None:
        shuffler.shuffle(prepared)
    groups = []
    for first in range(0, len(prepared), chunk):
        part = sorted(prepared[first : first + chunk], key=lambda item: len(item[1].ids))
        groups += [part[i : i + size] for i in range(0, len(part), size)]
    if seed is not None:
        shuffler.shuffle(groups)
    for group in groups:
        yield _batch(examples, group, reader)


def _batch(examples: Sequence[Example], group: list[tuple[int, Tokens]], reader: Reader) -> Batch:
    chosen = [examples[index] for index, _ in group]
    room = WINDOW - 2
    shape = (len(group), min(room, max(len(tokens.ids) for _, tokens in group)) + 2)
    ids = np.full(shape, reader.pad, np.int64)
    inner = np.zeros(shape, bool)
    quoted = np.zeros((*shape, len(TRAITS)), np.float32)
    for row, (example, (_, tokens)) in enumerate(zip(chosen, group, strict=True)):
        kept = tokens.ids[:room]
        ids[row, : len(kept) + 2] = [reader.start, *kept, reader.stop]
        inner[row, 1 : len(kept) + 1] = True
        for trait, start, end in example.spans:
            for place, (left, right) in enumerate(tokens.offsets[:room]):
                if left < end and right > start:
                    quoted[row, place + 1, trait] = 1
    blank = {"verdict": np.zeros(len(VERDICTS), np.float32), "styles": np.zeros(len(STYLES), np.float32)}
    return Batch(
        torch.from_numpy(ids),
        torch.from_numpy((ids != reader.pad).astype(np.int64)),
        torch.from_numpy(inner),
        torch.from_numpy(np.stack([blank["verdict"] if e.verdict is None else e.verdict for e in chosen])),
        torch.tensor([e.verdict is not None for e in chosen], dtype=torch.float32),
        torch.from_numpy(np.stack([e.traits for e in chosen])),
        torch.from_numpy(np.stack([blank["styles"] if e.styles is None else e.styles for e in chosen])),
        torch.tensor([e.styles is not None for e in chosen], dtype=torch.float32),
        torch.from_numpy(quoted),
        [index for index, _ in group],
    )
