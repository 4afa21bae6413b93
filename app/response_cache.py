"""Answers kept as bytes in this worker, so that what has not changed is neither read nor written anew."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.types import Scope

from app.errors import path_of

LARGEST_PART = 8
"""An answer larger than the whole room by this is not kept."""
OVERHEAD = 500
"""Bytes that an answer takes beside its body, its path and its query."""
CONSTANT = frozenset({"/healthz"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer of status 200: headers, body, the ETag if it has one, and the route that gave it."""

    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    tag: str | None
    route: Any


class Versions(Protocol):
    async def now(self, tenant: str) -> Hashable | None:
        """The version of what the tenant sees; None where it cannot be told at once."""

    def changed(self) -> None:
        """This worker has changed something."""


class ResponseCache:
    """The answers of some paths, by caller's tenant, version of what they show, path and query; what was used longest
    ago goes first. Used from the event loop alone.

    `size` is in bytes. `prefixes` are the paths that show what has a version; `versions` tells it, once the application
    has started.
    """

    def __init__(self, size: int, prefixes: tuple[str, ...], versions: Callable[[], Versions]) -> None:
        self._room, self._largest, self._prefixes, self._versions = size, size // LARGEST_PART, prefixes, versions
        self._kept: OrderedDict[Hashable, Answer] = OrderedDict()

    async def key(self, scope: Scope) -> Hashable | None:
        """Under which name the answer to a GET or HEAD is kept; None where it is not."""
        path = path_of(scope)
        if not (path in CONSTANT or path.startswith(self._prefixes)) or _has_body(scope):
            return None
        if path in CONSTANT:
            return path, scope["query_string"]
        caller = scope["state"]["caller"]
        if "read" not in caller.scopes:
            return None
        version = await self._versions().now(caller.tenant)
        return None if version is None else (caller.tenant, version, path, scope["query_string"])

    def changed(self) -> None:
        """This worker has changed something."""
        self._versions().changed()

    def get(self, key: Hashable) -> Answer | None:
        """The answer that is kept under this name."""
        found = self._kept.get(key)
        if found:
            self._kept.move_to_end(key)
        return found

    def put(self, key: Hashable, answer: Answer) -> None:
        """Keep an answer, and let go of the oldest where there is no room."""
        if _size(key, answer) > self._largest:
            return
        if former := self._kept.pop(key, None):
            self._room += _size(key, former)
        self._kept[key] = answer
        self._room -= _size(key, answer)
        while self._room < 0:
            self._room += _size(*self._kept.popitem(last=False))


def _size(key: Any, answer: Answer) -> int:
    return len(answer.body) + sum(len(part) for part in key if isinstance(part, (bytes, str))) + OVERHEAD


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )
