"""Lists: the query parameters that all share, word search, sorting, and pages by an opaque cursor."""

import base64
import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from snowballstemmer import stemmer
from sqlalchemy import ColumnElement, and_, case, false, func, or_, union_all
from sqlalchemy.orm import InstrumentedAttribute
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar
from sqlmodel.sql.sqltypes import UTCDateTime

from app.errors import BadCursor, InvalidParameter, ProblemDetail

T = TypeVar("T")
Columns = Mapping[str, InstrumentedAttribute[Any]]

_START = datetime(1970, 1, 1, tzinfo=UTC)
_WORD = re.compile(r"[^\W_]+")
PRINTABLE = r"^[^\x00]*$"
KEPT_STEMS, KEPT_WORD = 20_000, 40
"""How many stems are kept, of words up to how many characters."""
CURSOR = r"^[A-Za-z0-9_-]+$"


def cursor(most: int) -> Any:
    """The `cursor` parameter of a list. A list begins without one."""
    described = "Opaque, from `page.next` or `page.prev`."
    return Field(default=None, max_length=most, description=described, json_schema_extra=_cursor_schema)


def _cursor_schema(schema: dict[str, Any]) -> None:
    """What is no cursor at all is 400 like one of another list, so the pattern stands in the document alone."""
    next(choice for choice in schema["anyOf"] if choice["type"] == "string").update(minLength=1, pattern=CURSOR)


class PageInfo(BaseModel):
    """Where this page stands in the list."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    limit: int
    """How many items a page holds at most."""
    total: int
    """How many items the list has over all pages."""
    next: str | None
    """Link to the next page, or null on the last."""
    prev: str | None
    """Link to the page before, or null on the first."""


class Page(BaseModel, Generic[T]):
    """One page of a list. `next` and `prev` are relative links, or null at the ends."""

    # not as docstrings: for each list, those would be looked for in the source of every module that is loaded
    items: list[T] = Field(description="The items of this page.")
    page: PageInfo = Field(description="Where this page stands, and its neighbours.")
    catalogue_version: int = Field(
        description="Rises with every change of the catalogue; the same number, the same items."
    )


def sort_by(*fields: str) -> Any:
    """The `sort` parameter of a list that sorts by these fields besides name and slug."""
    names = "|".join(("name", "slug", *fields))
    return Field(
        default=None,
        max_length=200,
        description=f"Fields with commas, `-` for descending, nulls last: {names.replace('|', ', ')}.",
        json_schema_extra={"pattern": f"^-?({names})(,-?({names}))*$"},
    )


class PageQuery(BaseModel):
    """Query parameters of every list. Unknown parameters are refused."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=20, ge=1, le=100, description="Items per page, 1 to 100.")
    cursor: str | None = cursor(2000)


class ListQuery(PageQuery):
    """Query parameters of the lists of the catalogue; a list adds its own facets."""

    q: str | None = Field(
        default=None,
        max_length=200,
        pattern=PRINTABLE,
        description="All words must occur in the item's own texts, in any English inflection.",
    )
    sort: str | None = sort_by()


def stems(text: str) -> list[str]:
    """The English stems of the words of a text, in order."""
    return [_kept_stem(word) if len(word) <= KEPT_WORD else _stem(word) for word in _WORD.findall(_fold(text))]


def _stem(word: str) -> str:
    stem: str = stemmer("english").stemWord(word)
    return stem


_kept_stem = lru_cache(maxsize=KEPT_STEMS)(_stem)
"""A stem takes 25 microseconds to find, and the texts of a catalogue share most of their words."""


def search_text(*texts: str | None) -> str:
    """What the `search` column holds: all stems between spaces, then the folded text itself for literal signs."""
    whole = " ".join(text for text in texts if text)
    return f" {' '.join(stems(whole))} \n{_fold(whole)}"


def search_words(query: str) -> list[str]:
    """The stems of the plain words of a query; terms with other signs are not among them."""
    return [stems(term)[0] for term in _fold(query).split() if _WORD.fullmatch(term)]


def search_filter(column: InstrumentedAttribute[str], query: str) -> ColumnElement[bool]:
    """Every term of the query occurs: plain words by their stem, terms with other signs literally."""
    conditions = []
    for term in _fold(query).split():
        needle = f" {stems(term)[0]} " if _WORD.fullmatch(term) else term
        conditions.append(column.contains(needle, autoescape=True))
    return and_(True, *conditions)


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


Sort = list[tuple[str, bool]]


def _parse_sort(query: ListQuery, columns: Columns) -> Sort:
    sort: Sort = []
    allowed = [name for name in columns if name != "position"]
    for part in query.sort.split(",") if query.sort is not None else []:
        name = part.removeprefix("-")
        if name not in allowed:
            message = f"Sort by these, with `-` for descending: {', '.join(allowed)}."
            raise InvalidParameter(message, [ProblemDetail(pointer="?sort", code="sort_unknown", message=message)])
        sort.append((name, part.startswith("-")))
    return sort


def _scope(path: str, query: PageQuery) -> str:
    """What a cursor is bound to: the path, the filters and the order, but not the page size."""
    bound = query.model_dump(mode="json", exclude={"cursor", "limit"})
    return hashlib.sha256(json.dumps([path, bound], sort_keys=True).encode()).hexdigest()[:16]


def _encode(keys: list[Any], backwards: bool, scope: str) -> str:
    payload = json.dumps([keys, backwards], separators=(",", ":"), default=_microseconds)
    check = hashlib.sha256(f"{scope}{payload}".encode()).hexdigest()[:16]
    return base64.urlsafe_b64encode(f"{check}{payload}".encode()).decode().rstrip("=")


def _decode(cursor: str, scope: str, kinds: list[type]) -> tuple[list[Any], bool]:
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        check, payload = raw[:16], raw[16:]
        keys, backwards = json.loads(payload)
        sound = isinstance(keys, list) and len(keys) == len(kinds) and isinstance(backwards, bool)
        keys = [_moment(key) if kind is datetime else key for key, kind in zip(keys, kinds, strict=True)]
        sound = sound and all(map(_fits, keys, kinds))
    except (ValueError, TypeError, OverflowError, RecursionError):
        check, payload, keys, backwards, sound = "", "", [], False, False
    if not sound or hashlib.sha256(f"{scope}{payload}".encode()).hexdigest()[:16] != check:
        raise BadCursor("This cursor does not belong to this list and these filters. Start again without a cursor.")
    return keys, backwards


def _microseconds(moment: datetime) -> int:
    """A time as cursors write it: microseconds since 1970."""
    return (moment - _START) // timedelta(microseconds=1)


def _moment(key: str) -> datetime:
    """The time that a cursor means."""
    return _START + timedelta(microseconds=int(key))


def _fits(value: Any, kind: type) -> bool:
    """Whether a column of this kind can be compared with a value: printable text, a number of 32 bits, or null."""
    if isinstance(value, datetime):
        return kind is datetime
    if isinstance(value, str):
        return kind is str and value.isprintable()
    return value is None or (kind is int and type(value) is int and abs(value) < 2**31)


def _kind(term: ColumnElement[Any]) -> type:
    """What the keys of a sort term are: times, whole numbers or text."""
    if isinstance(term.type, UTCDateTime):
        return datetime
    return int if term.type.python_type is int else str


def _after(terms: list[tuple[ColumnElement[Any], bool]], keys: list[Any], backwards: bool) -> ColumnElement[bool]:
    """Rows strictly after the keys in the order of the terms (before them when going backwards)."""
    choices: list[ColumnElement[bool]] = [false()]
    for index, (term, descending) in enumerate(terms):
        ties = [_equal(earlier, key) for (earlier, _), key in zip(terms[:index], keys, strict=False)]
        if keys[index] is None:
            continue  # null takes part through the "is null" term before it
        beyond = term < keys[index] if descending != backwards else term > keys[index]
        choices.append(and_(*ties, beyond))
    (first, descending), key = terms[0], keys[0]
    if key is None:
        return or_(*choices)
    return and_(first <= key if descending != backwards else first >= key, or_(*choices))  # where an index begins


def _equal(term: ColumnElement[Any], key: Any) -> ColumnElement[bool]:
    return term.is_(None) if key is None else term == key


@dataclass(frozen=True)
class Parts:
    """What the rows of a list fall into, each of it with an index of its own; `key` is their primary key."""

    key: InstrumentedAttribute[Any]
    conditions: tuple[ColumnElement[bool], ...]

    def count(self, statement: Any) -> Any:
        """A select of how many rows of a statement there are."""
        counted = statement.with_only_columns(func.count(), maintain_column_froms=True)
        return select(sum(counted.where(one).scalar_subquery() for one in self.conditions))

    def first(self, statement: Any, terms: list[tuple[ColumnElement[Any], bool]], limit: int) -> Any:
        """A select of the keys of the first rows of a statement in the order of terms, each with whether it descends:
        the first of each part, and of these the first."""
        names = [f"term_{place}" for place in range(len(terms))]
        named = [term.label(name) for name, (term, _) in zip(names, terms, strict=True)]
        keys = statement.with_only_columns(col(self.key).label("key"), *named).order_by(*map(_direct, terms))
        parts = [select(keys.where(one).limit(limit).subquery()) for one in self.conditions]
        found = union_all(*parts).subquery().c
        order = [_direct((found[name], descending)) for name, (_, descending) in zip(names, terms, strict=True)]
        return select(found["key"]).order_by(*order).limit(limit)


def _direct(term: tuple[ColumnElement[Any], bool]) -> ColumnElement[Any]:
    column, descending = term
    return column.desc() if descending else column.asc()


def paginate(
    session: Session,
    statement: SelectOfScalar[T],
    columns: Columns,
    query: ListQuery,
    *,
    path: str,
    links: str,
    parts: Parts | None = None,
) -> tuple[list[T], PageInfo]:
    """One page of a select, its total, and links to the neighbours. `columns` are the fields to sort by, `slug`
    and `position` among them; nulls come last in either direction.

    Raises BadCursor for a foreign or edited cursor and InvalidParameter for an unknown sort field.
    """
    sort = _parse_sort(query, columns) or [("position", False)]
    order = {name: (columns[name], descending) for name, descending in sort}
    order.setdefault("slug", (columns["slug"], False))
    return page_of(session, statement, order, query, path=path, links=links, parts=parts)


def page_of(
    session: Session,
    statement: SelectOfScalar[T],
    order_by: Mapping[str, tuple[Any, bool]],
    query: PageQuery,
    *,
    path: str,
    links: str,
    parts: Parts | None = None,
) -> tuple[list[T], PageInfo]:
    """One page of a select, its total, and links to the neighbours. `order_by` names columns and whether each
    descends, a unique one last; nulls come last in either direction. `parts` cover what the statement selects.

    Raises BadCursor for a foreign or edited cursor.
    """
    counted = parts.count(statement) if parts else select(func.count()).select_from(statement.subquery())
    total: int = session.exec(counted).one()
    terms: list[tuple[ColumnElement[Any], bool]] = []
    places: list[int] = []
    kinds: list[type] = []
    for place, (column, descending) in enumerate(order_by.values()):
        if column.expression.nullable:
            terms.append((case((col(column).is_(None), 1), else_=0), False))
            places.append(2 * place)
        terms.append((column.expression, descending))
        places.append(2 * place + 1)
        kinds += [int, _kind(column.expression)]
    scope = _scope(path, query)
    keys, backwards = _decode(query.cursor, scope, kinds) if query.cursor is not None else (None, False)
    if keys is not None:
        statement = statement.where(_after(terms, [keys[place] for place in places], backwards))
    order = [(term, descending != backwards) for term, descending in terms]
    if parts:
        statement = statement.where(col(parts.key).in_(parts.first(statement, order, query.limit + 1)))
    rows = list(session.exec(statement.order_by(*map(_direct, order)).limit(query.limit + 1)).all())
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    if backwards:
        rows.reverse()

    def link(row: T, back: bool) -> str:
        key = [part for name in order_by for part in (int(getattr(row, name) is None), getattr(row, name))]
        join = "&" if links else ""
        return f"{path}?{links}{join}cursor={_encode(key, back, scope)}"

    ahead, behind = (True, more) if backwards else (more, keys is not None)
    return rows, PageInfo(
        limit=query.limit,
        total=total,
        next=link(rows[-1], False) if rows and ahead else None,
        prev=link(rows[0], True) if rows and behind else None,
    )
