"""The sentence encoder: an int8 ONNX transformer that gives one vector per token, in the context of its window."""

import ctypes
from bisect import bisect_left, bisect_right
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from tokenizers import Tokenizer

from app.scoring.blinding import blinded
from app.scoring.folding import Span
from app.scoring.text import sentences

WINDOW = 384
OVERLAP = 64
MOST_TOKENS = 7500
"""What a text has beyond this is not read. 10,000 characters of prose have about 2,000, of program code or of tables of
numbers up to 7,000; `_a` again and again has one for each character, and would cost as much as five texts of prose."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token ids, for each the part of the caller's text that it stands for, how many the whole text has, and whether
    somebody is named there."""

    ids: list[int]
    offsets: list[Span]
    total: int
    somebody: bool

    def __len__(self) -> int:
        return len(self.ids)


def give_back() -> None:
    """Return memory that is free to the system: what reading the model took, 25 MB. Only glibc must be asked to."""
    with suppress(AttributeError, OSError, TypeError):  # another C library, another system
        ctypes.CDLL(None).malloc_trim(0)


def special_tokens(tokenizer: Tokenizer) -> tuple[int, int, int]:
    """The ids of what starts, ends and pads a sequence, in MPNet's vocabulary or BERT's."""
    start, stop, pad = (
        next(place for name in names if (place := tokenizer.token_to_id(name)) is not None)
        for names in (("<s>", "[CLS]"), ("</s>", "[SEP]"), ("<pad>", "[PAD]"))
    )
    return start, stop, pad


def tokenize(tokenizer: Tokenizer, text: str) -> Tokens:
    """The first MOST_TOKENS tokens of a text as the encoder reads it, without special tokens; there may be none."""
    read = blinded(text)
    encoding = tokenizer.encode(read.copy, add_special_tokens=False)
    ids, offsets = encoding.ids, encoding.offsets[:MOST_TOKENS]
    return Tokens(ids[:MOST_TOKENS], read.spans(offsets), len(ids), read.names_somebody)


class Encoder:
    """Reads texts of any length in overlapping windows of whole sentences, one window per call."""

    def __init__(self, folder: Path) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = ort.InferenceSession(str(folder / "encoder.onnx"), options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._start, self._stop, _ = special_tokens(self._tokenizer)
        give_back()

    def tokenize(self, text: str) -> Tokens:
        """The tokens of a text; there may be none."""
        return tokenize(self._tokenizer, text)

    def encode(self, text: str, tokens: Tokens) -> Floats:
        """One vector for each token of a text, shape (tokens, width); there must be at least one token."""
        vectors = [self._run(tokens.ids[start:stop])[skip:] for start, skip, stop in windows(text, tokens)]
        return np.concatenate(vectors)

    def _run(self, ids: list[int]) -> Floats:
        sequence = np.array([[self._start, *ids, self._stop]], dtype=np.int64)
        feed = {"input_ids": sequence, "attention_mask": np.ones_like(sequence)}
        hidden: Floats = self._session.run(None, feed)[0][0]
        return hidden[1:-1]


def windows(text: str, tokens: Tokens) -> list[tuple[int, int, int]]:
    """Windows over the tokens as (first, how many of them the window before has already read, end).

    Each starts and ends with a whole sentence where sentences are short enough.
    """
    count, room = len(tokens.ids), WINDOW - 2
    if count <= room:
        return [(0, 0, count)] if count else []
    starts = {start for start, _ in sentences(text)}
    breaks = [index for index, (start, _) in enumerate(tokens.offsets) if start in starts] + [count]
    found: list[tuple[int, int, int]] = []
    read = 0
    while read < count:
        overlap = bisect_left(breaks, read - OVERLAP)
        start = breaks[overlap] if breaks[overlap] < read else read
        fitting = breaks[bisect_right(breaks, start + room) - 1]
        stop = fitting if read < fitting <= start + room else min(start + room, count)
        found.append((start, read - start, stop))
        read = stop
    return found
