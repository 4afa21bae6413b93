"""Cuts quotes out of a text by the offsets of the service."""

from typing import TypedDict

from lead_or_manage_client.scoring import OffsetUnit

_ENCODINGS = {"utf8": ("utf-8", 1), "utf16": ("utf-16-le", 2)}


class Span(TypedDict):
    """A piece of a text; every Evidence is one."""

    start: int
    """Where it begins, counted in the offset unit."""
    end: int
    """Where it ends, exclusive."""


def quote(text: str, span: Span, offset_unit: OffsetUnit = "unicode_code_point") -> str:
    """The words of the text that a span means. `offset_unit` is the one that was asked for (`input.offset_unit`)."""
    if offset_unit == "unicode_code_point":
        return text[span["start"] : span["end"]]
    if offset_unit not in _ENCODINGS:
        raise ValueError(f"This client does not know the offset unit {offset_unit!r}.")
    encoding, width = _ENCODINGS[offset_unit]
    return text.encode(encoding)[span["start"] * width : span["end"] * width].decode(encoding)
