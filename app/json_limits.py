"""Counts what a JSON body holds before it is parsed, so that no body costs more than it may hold.

The body is read in pieces; the first one that is too much ends the reading. Texts are not looked into: brackets and
commas inside of strings do not count.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from app.errors import MalformedBody, TooLarge

PIECE = 64 * 1024
MAX_DEPTH = 32
MAX_DIGITS = 1_000
_WHITE = b" \t\r\n"
_LONG_NUMBER = re.compile(rb"[0-9]{%d}" % (MAX_DIGITS + 1))
_CONTINUATION = bytes(range(0x80, 0xC0))
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


@dataclass(frozen=True)
class Limits:
    """What a body may hold. `told` is said where it holds more."""

    values: int
    """Members of objects, elements of lists, objects and lists, all together."""
    characters: int
    """Characters of all strings; an escape such as `\\n` counts as two."""
    told: str


def limits(values: int, characters: int = 256 * 1024, told: str = "") -> Limits:
    """Limits that name the number of values where nothing else is told."""
    return Limits(values, characters, told or f"The body holds more than {values} values, the limit. Send less.")


def parse(body: bytes, allowed: Limits) -> Any:
    """The value of a JSON document in UTF-8.

    Raises TooLarge where it holds more than allowed, MalformedBody where it is no JSON, nests deeper than MAX_DEPTH or
    has a number of more than MAX_DIGITS digits.
    """
    check(body, allowed)
    try:
        return json.loads(body.strip(_WHITE).decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise MalformedBody("The body is not UTF-8. Send one JSON document in UTF-8.") from None
    except (ValueError, RecursionError):
        raise MalformedBody("The body is not valid JSON. Send one JSON document in UTF-8.") from None


def check(body: bytes, allowed: Limits) -> None:
    """Raises TooLarge or MalformedBody as `parse` does, but does not look whether it is JSON.

    What is counted is exact up to the first byte that no JSON document has there, which is as far as a parser reads.
    """
    count = _Count(allowed)
    start = 0
    while start < len(body):
        piece = body[start : start + PIECE]
        if (len(piece) - len(piece.rstrip(b"\\"))) % 2 and start + PIECE < len(body):
            piece = piece[:-1]  # an escape is not cut in two
        start += len(piece)
        count.add(piece)


class _Count:
    def __init__(self, allowed: Limits) -> None:
        self._allowed = allowed
        self._values = self._characters = self._depth = 0
        self._in_string = False

    def add(self, piece: bytes) -> None:
        """Count the next piece."""
        if b"\\" in piece:
            piece = piece.replace(b"\\\\", b"xx").replace(b'\\"', b"xx")
        parts = piece.split(b'"')
        outside, inside = parts[self._in_string :: 2], parts[not self._in_string :: 2]
        self._in_string ^= len(parts) % 2 == 0
        self._add_structure(b'"'.join(outside))
        strings = b"".join(inside)
        self._characters += len(strings.translate(None, _CONTINUATION)) - 5 * strings.count(b"\\u")
        if self._values > self._allowed.values or self._characters > self._allowed.characters:
            raise TooLarge(self._allowed.told)

    def _add_structure(self, outside: bytes) -> None:
        if _LONG_NUMBER.search(outside):
            raise MalformedBody(f"A number has more than {MAX_DIGITS} digits. Send a number that a computer can hold.")
        brackets = outside.translate(None, _NO_BRACKETS)
        for bracket in brackets[: 2 * (self._allowed.values - self._values) + 2]:
            self._depth += 1 if bracket in b"[{" else -1
            if self._depth > MAX_DEPTH:
                raise MalformedBody(f"The body nests deeper than {MAX_DEPTH} levels.")
        self._values += outside.count(b",") + outside.count(b"[") + outside.count(b"{")
