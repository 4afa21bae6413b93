"""The words by which programs and skills are found: one row for each stem of an item, in the order of the key."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, inspect, select
from sqlmodel import col

from app.catalog.tables import WORD_LENGTH, Editable, SearchWord
from app.pagination import search_words

_WORDS: Any = inspect(SearchWord).local_table
_GONE = delete(_WORDS).where(*(column == bindparam(f"{column.name}_") for column in _WORDS.primary_key.columns))


class Searched(NamedTuple):
    """An item, whose it is, and its search column before and after a change."""

    id: str
    tenant: str | None
    before: str
    after: str


def keep_words(connection: Connection, table: type[Editable], items: Iterable[Searched]) -> None:
    """Write what the search columns of items of a table have gained and lost."""
    gained: list[dict[str, str]] = []
    lost: list[dict[str, str]] = []
    for item in items:
        before, after = _words(item.before), _words(item.after)
        gained += _rows(table, item, after - before)
        lost += ({f"{name}_": value for name, value in row.items()} for row in _rows(table, item, before - after))
    if lost:
        connection.execute(_GONE, lost)
    if gained:
        connection.execute(insert(_WORDS), gained)


def found_by(table: type[Editable], tenant: str, query: str) -> list[ColumnElement[bool]]:
    """For each plain word of a query, that an item has it. What has is still to be compared, as long words are cut."""
    return [
        col(table.id).in_(
            select(_WORDS.c.item_id).where(
                _WORDS.c.path == table.path, _WORDS.c.owner.in_(("", tenant)), _WORDS.c.word == word[:WORD_LENGTH]
            )
        )
        for word in sorted(set(search_words(query)))
    ]


def _words(search: str) -> set[str]:
    """The stems in a search column, which stand in its first line."""
    return {word[:WORD_LENGTH] for word in search.partition("\n")[0].split()}


def _rows(table: type[Editable], item: Searched, words: set[str]) -> Iterator[dict[str, str]]:
    same = {"path": table.path, "owner": item.tenant or ""}
    return (same | {"word": word, "item_id": item.id} for word in sorted(words))
