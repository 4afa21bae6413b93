"""What is sent for each method of the clients, and how its answer reads; nothing here sends anything."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypedDict, TypeVar
from urllib.parse import parse_qs, quote, urlsplit

from lead_or_manage_client import catalogue as items
from lead_or_manage_client.scoring import (
    Alive,
    BatchItem,
    ModelCard,
    Options,
    Ready,
    RefusedItem,
    ScoreAnswer,
    ScoredItem,
)

T = TypeVar("T")
PAGE_SIZE = 100


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request whose answer is a T. `repeatable`: sending it twice does no more than sending it once."""

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    body: bytes | None = None
    repeatable: bool = True

    @property
    def headers(self) -> dict[str, str]:
        """The headers of this request besides those of every request."""
        return {} if self.body is None else {"Content-Type": "application/json"}


class PageInfo(TypedDict):
    """Where a page stands in its list."""

    next: str | None


class Page(TypedDict, Generic[T]):
    """One page of a list."""

    items: list[T]
    page: PageInfo


class ModelList(TypedDict):
    """The answer of /v1/models."""

    items: list[ModelCard]


class BatchAnswer(TypedDict):
    """The answer of /v1/score/batch."""

    results: list[ScoredItem | RefusedItem]


@dataclass(frozen=True)
class Resource(Generic[T]):
    """A list of T under a path, and each T under its slug."""

    path: str

    def get(self, slug: str) -> Call[T]:
        return Call("GET", f"{self.path}/{quote(slug, safe='')}")

    def page(self, filters: Mapping[str, Any], cursor: str | None) -> Call[Page[T]]:
        return Call("GET", self.path, {**filters, "limit": PAGE_SIZE} | ({"cursor": cursor} if cursor else {}))


CONCEPTS = Resource[items.Concept]("/v1/concepts")
DIFFERENCES = Resource[items.Difference]("/v1/differences")
CRITERIA = Resource[items.Criterion]("/v1/criteria")
FACTORS = Resource[items.Factor]("/v1/factors")
STYLES = Resource[items.Style]("/v1/styles")
SKILLS = Resource[items.Skill]("/v1/skills")
PROGRAMS = Resource[items.Program]("/v1/programs")
FACTS = Resource[items.Fact]("/v1/facts")
CATALOGUE = Call[items.Catalogue]("GET", "/v1/catalogue")
MODELS = Call[ModelList]("GET", "/v1/models")
ALIVE = Call[Alive]("GET", "/healthz")
READY = Call[Ready]("GET", "/readyz")


def next_cursor(page: Page[Any]) -> str | None:
    """The cursor of the page after this one. The rest of the link is known, and a proxy may have moved the path."""
    link = page["page"]["next"]
    return parse_qs(urlsplit(link).query)["cursor"][0] if link else None


def model(version: str) -> Call[ModelCard]:
    return Call("GET", f"/v1/models/{quote(version, safe='')}")


def score(text: str, identifier: str | None, options: Options) -> Call[ScoreAnswer]:
    named = {} if identifier is None else {"id": identifier}
    return Call("POST", "/v1/score", body=_json({"text": text, **named, "options": options}))


def score_batch(chunk: list[BatchItem], options: Options) -> Call[BatchAnswer]:
    return Call("POST", "/v1/score/batch", body=_json({"items": chunk, "options": options}))


def _json(value: Any) -> bytes:
    """In ASCII, so that half a surrogate pair in one text is refused by the service, not here and for all."""
    return json.dumps(value, allow_nan=False).encode("ascii")
