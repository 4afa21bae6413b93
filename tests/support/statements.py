"""What is asked of a database, and how it finds the answer."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event

_SQLITE = re.compile(r"(SCAN|SEARCH) (\w+)(?: USING (?:COVERING )?INDEX (\w+))?")
_POSTGRES = re.compile(r"(Seq|Index|Bitmap Heap|Bitmap Index)(?: Only)? Scan(?: Backward)?(?: using (\w+))? on (\w+)")


class Statement(str):
    """A statement that was sent, with its parameters."""

    parameters: Any

    def __new__(cls, text: str, parameters: Any) -> "Statement":
        made = super().__new__(cls, text)
        made.parameters = parameters
        return made


@contextmanager
def statements(engine: Engine) -> Iterator[list[Statement]]:
    """The statements that are sent to the database of an engine meanwhile, by whichever engine of this process; one
    that is sent with many rows at once is one."""
    sent: list[Statement] = []

    def note(connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if connection.engine.url == engine.url:
            sent.append(Statement(statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def accesses(engine: Engine, sent: Iterable[Statement]) -> set[tuple[str, str]]:
    """The tables that these statements read, each with the index by which its rows are found: `key` for the primary
    key, and "" where the whole table is gone through."""
    found: set[tuple[str, str]] = set()
    postgres = engine.dialect.name == "postgresql"
    with engine.execution_options(readonly=True).connect() as connection:
        for one in sent:
            if not one.startswith(("SELECT", "DELETE", "UPDATE", "WITH")):
                continue
            plan = connection.exec_driver_sql(f"EXPLAIN {'' if postgres else 'QUERY PLAN '}{one}", one.parameters)
            lines = "\n".join(line[-1] for line in plan)
            found |= set(_in_postgres(lines) if postgres else _in_sqlite(lines))
        connection.rollback()
    return found


def _in_sqlite(plan: str) -> Iterator[tuple[str, str]]:
    for how, table, index in _SQLITE.findall(plan):
        yield table, "" if how == "SCAN" else _named(index or "pk_")


def _in_postgres(plan: str) -> Iterator[tuple[str, str]]:
    heap = ""
    for how, index, table in _POSTGRES.findall(plan):
        if how == "Bitmap Heap":
            heap = table
        elif how == "Bitmap Index":
            yield heap, _named(table)
        else:
            yield table, _named(index)


def _named(index: str) -> str:
    return "key" if index.startswith(("pk_", "sqlite_autoindex_")) else index
