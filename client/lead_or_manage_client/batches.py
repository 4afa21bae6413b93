"""Splits any number of texts into batches that the service takes, and numbers the results through."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import cast

from lead_or_manage_client.errors import TooLarge
from lead_or_manage_client.problems import Problem
from lead_or_manage_client.scoring import BatchItem, RefusedItem, ScoredItem
from lead_or_manage_client.summaries import BatchAnswer

MAX_ITEMS = 1_000
MAX_CHARACTERS = 200_000


class _Batch:
    """Items that go together; `full_with` says that another one would be too many."""

    def __init__(self, size: int) -> None:
        if not 1 <= size <= MAX_ITEMS:
            raise ValueError(f"batch_size is 1 to {MAX_ITEMS}.")
        self.size, self.items, self.characters = size, list[BatchItem](), 0

    def full_with(self, item: BatchItem) -> bool:
        over = len(self.items) == self.size or self.characters + len(item["text"]) > MAX_CHARACTERS
        return bool(self.items) and over

    def add(self, item: BatchItem) -> None:
        self.items.append(item)
        self.characters += len(item["text"])


def item_of(given: str | BatchItem) -> BatchItem:
    """The item; a bare text is one without id and group."""
    return {"text": given} if isinstance(given, str) else given


def batches(texts: Iterable[str | BatchItem], size: int) -> Iterator[list[BatchItem]]:
    """The items in order, as few batches as the limits allow; never more than one batch is held."""
    batch = _Batch(size)
    for item in map(item_of, texts):
        if batch.full_with(item):
            yield batch.items
            batch = _Batch(size)
        batch.add(item)
    if batch.items:
        yield batch.items


async def async_batches(
    texts: Iterable[str | BatchItem] | AsyncIterable[str | BatchItem], size: int
) -> AsyncIterator[list[BatchItem]]:
    """The same over an iterable of either kind."""
    if not isinstance(texts, AsyncIterable):
        for items in batches(texts, size):
            yield items
        return
    batch = _Batch(size)
    async for given in texts:
        item = item_of(given)
        if batch.full_with(item):
            yield batch.items
            batch = _Batch(size)
        batch.add(item)
    if batch.items:
        yield batch.items


def numbered(answer: BatchAnswer, before: int) -> Iterator[ScoredItem | RefusedItem]:
    """The results of a batch with their places in the whole, `before` items having gone before."""
    for result in answer["results"]:
        result["index"] += before
        yield result


def alone_too_large(batch: list[BatchItem], error: TooLarge, before: int) -> RefusedItem:
    """The result of an item that is too large for a batch of its own. Raises the error if it is about more items."""
    if len(batch) > 1:
        raise error
    problem = cast(Problem, {"type": "about:blank", "errors": [], **error.problem})
    return {"index": before, "id": batch[0].get("id"), "status": "error", "error": problem}
