"""Records as tensors: token ids, labels, and which tokens the labeller quoted."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from app.scoring.encoder import WINDOW
from app.scoring.labels import STYLES, TRAITS, VERDICTS
from app.scoring.records import Record
from app.scoring.text import readable_copy
from app.training.augment import Augmenter


@dataclass
class Batch:
    """A padded batch; `quoted` has shape (batch, tokens, traits), `counted` marks texts with style labels."""

    ids: Tensor
    mask: Tensor
    inner: Tensor
    verdict: Tensor
    traits: Tensor
    styles: Tensor
    counted: Tensor
    quoted: Tensor
    index: Tensor


def quoted_spans(record: Record, text: str) -> list[tuple[int, int, int]]:
    """(trait, start, end) of every quote, for and against, that still stands in the text."""
    spans = []
    for labels in (record.criteria, record.counter, record.factors):
        for slug, quotes in labels.items():
            for quote in quotes:
                start = text.find(quote)
                if start >= 0:
                    spans.append((TRAITS.index(slug), start, start + len(quote)))
    return spans


def batches(
    records: list[Record],
    tokenizer: Tokenizer,
    size: int,
    seed: int | None = None,
    augmenter: Augmenter | None = None,
) -> Iterator[Batch]:
    """Batches of texts of similar length; shuffled and varied when a seed is given."""
    shuffler = random.Random(seed)
    prepared = []
    for index, record in enumerate(records):
        text = augmenter(record, shuffler) if augmenter else record.text
        tokens = tokenizer.encode(readable_copy(text), add_special_tokens=False)
        prepared.append((index, text, tokens.ids[: WINDOW - 2] or [tokenizer.token_to_id("[UNK]")], tokens.offsets))
    if seed is not None:
        shuffler.shuffle(prepared)
    chunk = size * 16 if seed is not None else max(len(prepared), 1)
    groups = []
    for first in range(0, len(prepared), chunk):
        part = sorted(prepared[first : first + chunk], key=lambda item: len(item[2]))
        groups += [part[i : i + size] for i in range(0, len(part), size)]
    if seed is not None:
        shuffler.shuffle(groups)
    for group in groups:
        yield _batch(records, group, tokenizer)


def _batch(
    records: list[Record], group: list[tuple[int, str, list[int], list[tuple[int, int]]]], t: Tokenizer
) -> Batch:
    longest = max(len(ids) for _, _, ids, _ in group) + 2
    shape = (len(group), longest)
    ids = np.full(shape, t.token_to_id("[PAD]"), np.int64)
    inner = np.zeros(shape, bool)
    mask = np.zeros(shape, np.int64)
    quoted = np.zeros((*shape, len(TRAITS)), np.float32)
    traits = np.zeros((len(group), len(TRAITS)), np.float32)
    styles = np.zeros((len(group), len(STYLES)), np.float32)
    for row, (index, text, tokens, offsets) in enumerate(group):
        record = records[index]
        ids[row, : len(tokens) + 2] = [t.token_to_id("[CLS]"), *tokens, t.token_to_id("[SEP]")]
        mask[row, : len(tokens) + 2] = 1
        inner[row, 1 : len(tokens) + 1] = True
        for trait, start, end in quoted_spans(record, text):
            for place, (left, right) in enumerate(offsets[: len(tokens)]):
                if left < end and right > start:
                    quoted[row, place + 1, trait] = 1
        for slug in (*record.criteria, *record.factors):
            traits[row, TRAITS.index(slug)] = 1
        for slug in (*record.leadership_styles, *record.management_styles):
            styles[row, STYLES.index(slug)] = 1
    chosen = [records[index] for index, *_ in group]
    return Batch(
        torch.from_numpy(ids),
        torch.from_numpy(mask),
        torch.from_numpy(inner),
        torch.tensor([VERDICTS.index(record.verdict) for record in chosen]),
        torch.from_numpy(traits),
        torch.from_numpy(styles),
        torch.tensor([record.verdict != "insufficient" for record in chosen]),
        torch.from_numpy(quoted),
        torch.tensor([index for index, *_ in group]),
    )
