"""Cuts a stream of bytes into lines."""

from collections.abc import Iterator

WINDOW = 1024 * 1024
"""Bytes that are held at most; a line beyond that is skipped, and comes as None."""


class Lines:
    """Lines with their ends: LF and CRLF, and CR where the first line ends in a lone one."""

    def __init__(self) -> None:
        self._rest = b""
        self._returns: bool | None = None
        self._skipping = False

    @property
    def ended(self) -> bool:
        """Whether any line has ended so far."""
        return self._returns is not None

    def feed(self, block: bytes) -> Iterator[bytes | None]:
        """Every line that ends in this block."""
        self._rest += block
        self._rest, found = self._cut(self._rest)
        for line in found:
            if self._skipping:
                self._skipping = False
            else:
                yield line
        if len(self._rest) > WINDOW:
            if not self._skipping:
                yield None
            self._skipping, self._rest = True, self._rest[-1:] if self._rest.endswith(b"\r") else b""

    def end(self) -> Iterator[bytes | None]:
        """The last line, where no line end follows it."""
        rest, self._rest = self._rest, b""
        for line in rest.splitlines(keepends=True) if self._cuts_at_returns(rest) else [rest]:
            if self._skipping:
                self._skipping = False
            elif line:
                yield line

    def _cut(self, content: bytes) -> tuple[bytes, list[bytes]]:
        """What has no end yet, and the lines before it."""
        if self._returns is None:
            place = _first_end(content)
            if place is None:
                return content, []
            self._returns = content[place : place + 2] != b"\r\n" and content[place] == ord("\r")
        if not self._returns:
            *lines, rest = content.split(b"\n")
            return rest, [line + b"\n" for line in lines]
        held = content.endswith(b"\r")  # LF may follow
        lines = content[: len(content) - held].splitlines(keepends=True)
        rest = lines.pop() if lines and not lines[-1].endswith((b"\n", b"\r")) else b""
        return rest + b"\r" * held, lines

    def _cuts_at_returns(self, content: bytes) -> bool:
        if self._returns is None and b"\r" in content:
            self._returns = True
        return bool(self._returns)


def _first_end(content: bytes) -> int | None:
    """Where the first line ends; None where that cannot be told yet."""
    ends = [place for place in (content.find(b"\n"), content.find(b"\r")) if place >= 0]
    if not ends:
        return None
    place = min(ends)
    return None if content[place:] == b"\r" else place
