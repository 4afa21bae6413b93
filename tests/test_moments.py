"""Times in queries: whatever RFC 3339 allows is taken, as the document says."""

from datetime import UTC, datetime

import httpx
import pytest
from pydantic import TypeAdapter

from app.moments import Moment

READ = TypeAdapter(Moment)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-25T08:00:00Z", datetime(2026, 11, 25, 8, tzinfo=UTC)),
        ("2026-11-25t08:00:00.5z", datetime(2026, 11, 25, 8, 0, 0, 500_000, UTC)),
        ("2026-11-25T08:00:00.123456789Z", datetime(2026, 11, 25, 8, 0, 0, 123_456, UTC)),
        ("2026-11-25T08:00:00-22:42", datetime(2026, 11, 26, 6, 42, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("0107-11-18T01:12:50-17:25", datetime(1970, 1, 1, tzinfo=UTC)),
        ("0001-01-01T00:00:00+23:59", datetime(1970, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59-23:59", datetime(9000, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_in_utc_and_brought_into_our_era(written: str, meant: datetime) -> None:
    assert READ.validate_python(written) == meant


@pytest.mark.anyio
@pytest.mark.both_databases
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00-23:59", "1969-12-31T00:00:00Z", "2026-11-25T08:00:00-22:42"])
async def test_a_list_takes_any_such_time(client: httpx.AsyncClient, moment: str) -> None:
    assert (await client.get("/v1/skills", params={"modified_since": moment})).status_code == 200
