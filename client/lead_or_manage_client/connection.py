"""What both clients have in common about their connection."""

import platform
from typing import TypeVar, cast

import httpx

from lead_or_manage_client._version import __version__
from lead_or_manage_client.calls import Call
from lead_or_manage_client.errors import UnexpectedAnswer
from lead_or_manage_client.retries import Retries

T = TypeVar("T")

BASE_URL = "http://127.0.0.1:8000"
RETRIES = Retries()
TIMEOUT = httpx.Timeout(60.0, connect=5.0)
BATCH_SIZE = 250
"""Smaller than the service allows, so that results come as they are made and no answer takes a minute."""
USER_AGENT = f"lead-or-manage-client/{__version__} python/{platform.python_version()} httpx/{httpx.__version__}"


def headers_of(api_key: str | None) -> dict[str, str]:
    """The headers of every request."""
    headers = {"User-Agent": USER_AGENT, "Accept": "application/json, application/problem+json"}
    return headers | ({"X-API-Key": api_key} if api_key else {})


def content_of(call: Call[T], response: httpx.Response) -> T:
    """What a success holds. It is not checked field by field: new fields and values are welcome."""
    try:
        return cast(T, response.json())
    except ValueError:
        raise UnexpectedAnswer(f"{response.status_code} to {call.path} without JSON: is this the service?") from None
