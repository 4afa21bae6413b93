"""Times in queries."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator, WithJsonSchema

EXAMPLE = "2026-11-25T08:00:00Z"
_CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d"
_FORM = re.compile(rf"(\d{{4}}-\d\d-\d\d)[Tt]({_CLOCK}):(\d\d)(\.\d+)?([Zz]|[+-]{_CLOCK})", re.ASCII)
_LONGEST = 40
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


def _read(value: Any) -> Any:
    """A time as RFC 3339 writes it and in no other form, in UTC. What lies before 1970 or after 9000, where nothing is
    kept, is brought to the nearer of the two, so that every offset can be reckoned with."""
    found = _FORM.fullmatch(value) if isinstance(value, str) and len(value) <= _LONGEST else None
    try:
        if found:
            day, minute, second, fraction, offset = found.groups()
            leap = second == "60"  # RFC 3339 has leap seconds, datetime has none
            plain = f"{day}T{minute}:{'59' if leap else second}{(fraction or '')[:7]}{offset.upper()}"
            moment = datetime.fromisoformat(plain)
            if moment.year < _FIRST.year or moment.year >= _LAST.year:
                return _FIRST if moment.year < _FIRST.year else _LAST
            return max(moment.astimezone(UTC) + timedelta(seconds=leap), _FIRST)
    except ValueError:  # no such day, hour, minute or second
        pass
    raise ValueError(f"give a time as {EXAMPLE}, a plus sign written as %2B")


_SCHEMA = {"type": "string", "format": "date-time", "maxLength": _LONGEST}
Moment = Annotated[AwareDatetime, BeforeValidator(_read), WithJsonSchema(_SCHEMA)]
"""A time in a query."""
