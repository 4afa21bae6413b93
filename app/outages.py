"""Which errors of the database are outages, which pass, and which are faults of this program, which do not."""

import sqlite3

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import InterfaceError as AlchemyInterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

SOON = 1
LATER = 60
"""Seconds after which to come again where somebody has to mend something first, such as a full disk."""

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_SQLITE = dict.fromkeys({*_BUSY, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_INTERRUPT}, SOON) | dict.fromkeys(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOTADB,
    },
    LATER,
)
_SQLSTATES = {
    "25006": LATER,  # read only: a standby, or a server that was told to refuse writing
    "28": LATER,  # this role may not enter
    "3D000": LATER,  # there is no such database
    "08": SOON,  # the connection
    "40": SOON,  # serialization failure, deadlock
    "53100": LATER,  # disk full
    "53": SOON,  # too many connections, out of memory
    "55006": SOON,  # object in use
    "55P03": SOON,  # lock timeout
    "57": SOON,  # statement timeout, shutdown, start
    "58": LATER,  # input and output
    "XX001": LATER,  # damaged data
    "XX002": LATER,  # damaged index
}


def retry_after(error: Exception) -> int | None:
    """Seconds after which the same request may succeed; None where no retry cures the error."""
    if isinstance(error, PoolTimeoutError):
        return SOON
    if not isinstance(error, DBAPIError):
        return None
    if isinstance(error.orig, sqlite3.Error):
        code = _sqlite_code(error.orig)
        return _SQLITE.get(code & 0xFF) if code is not None else None
    state = _sqlstate(error)
    if state is None:  # none was received, so the connection is at fault
        gone = error.connection_invalidated or isinstance(error, (OperationalError, AlchemyInterfaceError))
        return SOON if gone else None
    return next((_SQLSTATES[part] for part in (state, state[:2]) if part in _SQLSTATES), None)


def is_busy(error: DBAPIError) -> bool:
    """Whether another process held the lock of an SQLite file for longer than we waited."""
    code = _sqlite_code(error.orig) if isinstance(error.orig, sqlite3.Error) else None
    return code is not None and code & 0xFF in _BUSY


def reason(error: BaseException) -> str | None:
    """The name of an error in its database: an SQLSTATE, or a name such as `SQLITE_BUSY`; never its text."""
    cause = getattr(error, "orig", error)
    return getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)


def _sqlite_code(error: sqlite3.Error) -> int | None:
    return getattr(error, "sqlite_errorcode", None)


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)
