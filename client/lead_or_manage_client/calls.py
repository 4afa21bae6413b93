"""What is sent for each method of the clients, and how its answer reads; nothing here sends anything."""

import json
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, Literal, TypeAlias, TypedDict, TypeVar
from urllib.parse import parse_qs, quote, urlsplit

from lead_or_manage_client import catalogue as items
from lead_or_manage_client.batches import item_of
from lead_or_manage_client.edits import Tombstone
from lead_or_manage_client.job_items import JobOptions, JobText
from lead_or_manage_client.jobs import JobAnswer
from lead_or_manage_client.kept import (
    ErasureReceipt,
    FeedbackAnswer,
    FeedbackRequest,
    KeptAnswer,
    KeptSummary,
    SubjectExport,
)
from lead_or_manage_client.scoring import (
    Alive,
    BatchItem,
    ModelCard,
    Options,
    Ready,
    ScoreAnswer,
)
from lead_or_manage_client.summaries import BatchAnswer, JobSummary
from lead_or_manage_client.uploads import async_ndjson, file_blocks, ndjson

T = TypeVar("T")
PAGE_SIZE = 100
NDJSON, CSV = "application/x-ndjson", "text/csv"
MERGE_PATCH = "application/merge-patch+json"
Format: TypeAlias = Literal["ndjson", "csv"]
Blocks: TypeAlias = Iterable[bytes] | AsyncIterable[bytes]


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request whose answer is a T. `repeatable`: sending it twice does no more than sending it once.

    A body that is streamed is made anew for each try.
    """

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    body: bytes | Callable[[], Blocks] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True


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


@dataclass(frozen=True)
class Resource(Generic[T]):
    """A list of T under a path, and each T under its slug."""

    path: str

    def get(self, slug: str) -> Call[T]:
        return Call("GET", f"{self.path}/{quote(slug, safe='')}")

    def page(self, filters: Mapping[str, Any], cursor: str | None) -> Call[Page[T]]:
        return Call("GET", self.path, {**filters, "limit": PAGE_SIZE} | ({"cursor": cursor} if cursor else {}))

    def get_tag(self, slug: str) -> Call[T]:
        """As `get`; whatever compresses an answer on its way takes its strong ETag away."""
        return replace(self.get(slug), headers={"Accept-Encoding": "identity"})

    def create(self, given: Mapping[str, Any]) -> Call[T]:
        return _json("POST", self.path, given)

    def change(self, slug: str, tag: str, change: Mapping[str, Any]) -> Call[T]:
        return _json("PATCH", self.get(slug).path, change, {"Content-Type": MERGE_PATCH, "If-Match": tag})

    def retire(self, slug: str, tag: str, successor: str | None) -> Call[Tombstone]:
        named = {} if successor is None else {"successor": successor}
        return Call("DELETE", self.get(slug).path, named, headers={"If-Match": tag})


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
KEPT = Resource[KeptSummary]("/v1/assessments")
JOBS = Resource[JobAnswer]("/v1/jobs")


def next_cursor(page: Page[Any]) -> str | None:
    """The cursor of the page after this one. The rest of the link is known, and a proxy may have moved the path."""
    link = page["page"]["next"]
    return parse_qs(urlsplit(link).query)["cursor"][0] if link else None


def model(version: str) -> Call[ModelCard]:
    return Call("GET", f"/v1/models/{quote(version, safe='')}")


def score(text: str, identifier: str | None, options: Options) -> Call[ScoreAnswer]:
    named = {} if identifier is None else {"id": identifier}
    return _json("POST", "/v1/score", {"text": text, **named, "options": options})


def score_batch(chunk: list[BatchItem], options: Options) -> Call[BatchAnswer]:
    return _json("POST", "/v1/score/batch", {"items": chunk, "options": options})


def summarise_batch(texts: Iterable[str | BatchItem], options: Options) -> Call[BatchAnswer]:
    items = [item_of(given) for given in texts]
    return _json("POST", "/v1/score/batch", {"items": items, "options": options, "summarise": True})


def keep(text: str, options: Options, key: str | None, **more: Any) -> Call[KeptAnswer]:
    named = {name: value for name, value in more.items() if value is not None}
    return _json("POST", KEPT.path, {"text": text, **named, "options": options}, _idempotent(key))


def kept(assessment: Mapping[str, object] | str) -> Call[KeptAnswer]:
    return Call("GET", _under(KEPT, assessment))


def delete_kept(assessment: Mapping[str, object] | str) -> Call[None]:
    return Call("DELETE", _under(KEPT, assessment))


def draw(assessment: Mapping[str, object] | str) -> Call[str]:
    return Call("GET", f"{_under(KEPT, assessment)}.svg", headers={"Accept": "image/svg+xml, application/problem+json"})


def feedback(assessment: Mapping[str, object] | str) -> Resource[FeedbackAnswer]:
    return Resource(f"{_under(KEPT, assessment)}/feedback")


def give_feedback(assessment: Mapping[str, object] | str, said: FeedbackRequest) -> Call[FeedbackAnswer]:
    return replace(feedback(assessment).create(said), repeatable=False)


def export_subject(ref: str) -> Call[SubjectExport]:
    return Call("GET", f"/v1/subjects/{quote(ref, safe='')}/export")


def erase_subject(ref: str) -> Call[ErasureReceipt]:
    return Call("DELETE", f"/v1/subjects/{quote(ref, safe='')}")


def create_job(
    texts: Iterable[str | JobText] | AsyncIterable[str | JobText], key: str | None, options: JobOptions
) -> Call[JobAnswer]:
    if isinstance(texts, str | bytes | Path):
        raise TypeError("Give a list of texts, or any other iterable. A file goes to upload_job.")
    body = (lambda: async_ndjson(texts)) if isinstance(texts, AsyncIterable) else (lambda: ndjson(texts))
    again = not isinstance(texts, Iterator | AsyncIterator)
    return Call("POST", JOBS.path, options, body, {"Content-Type": NDJSON, **_idempotent(key)}, repeatable=again)


def upload_job(file: Path | str | bytes, kind: Format | None, key: str | None, options: JobOptions) -> Call[JobAnswer]:
    kind = kind or ("csv" if not isinstance(file, bytes) and str(file).lower().endswith(".csv") else "ndjson")
    headers = {"Content-Type": CSV if kind == "csv" else NDJSON, **_idempotent(key)}
    return Call("POST", JOBS.path, options, lambda: file_blocks(file), headers)


def job(job: Mapping[str, object] | str) -> Call[JobAnswer]:
    return Call("GET", _under(JOBS, job))


def job_results(job: Mapping[str, object] | str, start: int, kind: Format) -> Call[Any]:
    return Call("GET", f"{_under(JOBS, job)}/results", {"format": kind, "start": start})


def job_summary(job: Mapping[str, object] | str) -> Call[JobSummary]:
    return Call("GET", f"{_under(JOBS, job)}/summary")


def cancel_job(job: Mapping[str, object] | str) -> Call[JobAnswer]:
    return Call("POST", f"{_under(JOBS, job)}/cancel")


def delete_job(job: Mapping[str, object] | str) -> Call[None]:
    return Call("DELETE", _under(JOBS, job))


def _under(resource: Resource[Any], one: Mapping[str, object] | str) -> str:
    """The path of an item that is given whole or by its id."""
    return resource.get(one if isinstance(one, str) else str(one["id"])).path


def _idempotent(key: str | None) -> dict[str, str]:
    return {"Idempotency-Key": key or uuid.uuid4().hex}


def _json(method: str, path: str, value: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Call[Any]:
    """In ASCII, so that half a surrogate pair in one text is refused by the service, not here and for all."""
    body = json.dumps(value, allow_nan=False).encode("ascii")
    return Call(method, path, body=body, headers={"Content-Type": "application/json"} | dict(headers or {}))
