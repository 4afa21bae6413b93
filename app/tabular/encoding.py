"""Bytes of a file as UTF-8, and the name of what is not."""

import codecs
from collections.abc import Iterator

from app.tabular.faults import EncodingUnsupported

MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
SAMPLE_ROWS = 100
"""The encoding is judged by as many rows, after the header."""
SAMPLE_BYTES = 64 * 1024
SINGLE_BYTE = (("cp1252", "Windows-1252"), ("mac_roman", "Mac Roman"), ("cp850", "DOS code page 850"))
NO_TEXT = {
    b"PK\x03\x04": "an Excel workbook (.xlsx) or another ZIP file",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"%PDF-": "a PDF",
    b"\x1f\x8b": "a file compressed by gzip",
}
"""How files begin that are no text."""
_LIKELY = frozenset("äöüÄÖÜßéèêëàâçñáíóúôîïûåæøœœÉÈÀÇ“”‘’„‚–—…€£§°«»¿¡")


class Transcoder:
    """Turns blocks of UTF-8 or, with a mark, UTF-16 into UTF-8 without a mark."""

    def __init__(self) -> None:
        self._first = b""
        self._decoder: codecs.IncrementalDecoder | None = None
        self._begun = False

    def feed(self, block: bytes) -> bytes:
        """The next bytes; few of the first may come later. Raises EncodingUnsupported for UTF-32."""
        if self._begun:
            return self._turned(block)
        self._first += block
        return self._begin() if len(self._first) >= 4 else b""

    def end(self) -> bytes:
        """What is left."""
        left = b"" if self._begun else self._begin()
        return left + self._turned(b"", final=True)

    def _begin(self) -> bytes:
        self._begun, first = True, self._first
        if first.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
            raise EncodingUnsupported("UTF-32")
        for mark, name in MARKS:
            if first.startswith(mark):
                first = first[len(mark) :]
                if name != "utf-8":
                    self._decoder = codecs.getincrementaldecoder(name)("surrogatepass")
                break
        return self._turned(first)

    def _turned(self, block: bytes, final: bool = False) -> bytes:
        if self._decoder is None:
            return block
        try:
            return self._decoder.decode(block, final).encode("utf-8", "surrogatepass")
        except UnicodeDecodeError:  # an odd number of bytes
            return b"\xff"


class Sample:
    """Whether the first rows of a file are UTF-8."""

    def __init__(self) -> None:
        self._rows = self._broken = self._sound = 0
        self._bytes = b""

    def first(self, line: bytes) -> None:
        """Look at the first line. Raises EncodingUnsupported where it is no text, or letters have two bytes."""
        for magic, name in NO_TEXT.items():
            if line.startswith(magic):
                raise EncodingUnsupported(name)
        if line.count(0) * 4 > len(line):
            raise EncodingUnsupported("UTF-16 without a byte order mark")

    def header(self, line: bytes) -> None:
        """Look at the row that names the columns. Raises EncodingUnsupported."""
        if not is_utf8(line):
            raise EncodingUnsupported(name_of(line))

    def add(self, record: bytes) -> None:
        """Look at a row. Raises EncodingUnsupported once enough are seen that are something else."""
        if self._rows == SAMPLE_ROWS:
            return
        self._rows += 1
        if not record.isascii():
            if is_utf8(record):
                self._sound += 1
            else:
                self._broken += 1
                self._bytes = (self._bytes + record)[:SAMPLE_BYTES]
        if self._rows == SAMPLE_ROWS:
            self.judge()

    def judge(self) -> None:
        """Raises EncodingUnsupported where most of the rows are not UTF-8, or all of many that could tell."""
        most = self._broken * 2 > self._rows
        all_that_tell = self._broken >= 3 and self._broken * 10 >= self._rows and not self._sound
        if most or all_that_tell:
            raise EncodingUnsupported(name_of(self._bytes))


def is_utf8(content: bytes) -> bool:
    """Whether these bytes are UTF-8."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def name_of(content: bytes) -> str:
    """The most likely name of an encoding that is not UTF-8, by the letters and signs that it gives."""
    scores = {name: sum(_points(content, codec)) for codec, name in SINGLE_BYTE}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] > 0 else "another encoding"


def _points(content: bytes, codec: str) -> Iterator[int]:
    """For each character beyond ASCII 1 where it is a likely one, else -1."""
    text = content.decode(codec, "replace")
    return (1 if sign in _LIKELY else -1 for sign in text if not sign.isascii())
