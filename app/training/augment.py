"""Variations of a training text that must not change its labels: slips, lost punctuation, idle talk around it."""

import random
import re

from app.scoring.records import Record

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WORD = re.compile(r"[A-Za-z]{4,}")


class Augmenter:
    """Varies texts at random. `asides` are texts that say nothing about work, taken from the training split."""

    def __init__(self, records: list[Record]) -> None:
        self._asides = [r.text for r in records if r.verdict == "insufficient" and 4 <= len(r.text.split()) <= 25]

    def __call__(self, record: Record, chance: random.Random) -> str:
        text = record.text
        if self._asides and chance.random() < 0.12:
            aside = chance.choice(self._asides)
            text = f"{aside} {text}" if chance.random() < 0.4 else f"{text} {aside}"
        if chance.random() < 0.2:
            text = self._slips(text, chance)
        if chance.random() < 0.1:
            text = re.sub(r"[.,;:!?()\"“”—-]", "", text)
        return text

    def _slips(self, text: str, chance: random.Random) -> str:
        def slip(match: re.Match[str]) -> str:
            word = match.group()
            if chance.random() > 0.1:
                return word
            place = chance.randrange(1, len(word) - 1)
            kind = chance.randrange(4)
            if kind == 0:
                return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
            if kind == 1:
                return word[:place] + word[place + 1 :]
            if kind == 2:
                return word[:place] + word[place] + word[place:]
            return word[:place] + chance.choice(_LETTERS) + word[place + 1 :]

        return _WORD.sub(slip, text)
