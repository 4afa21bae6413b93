"""When a call is tried again, and how long to wait before: exponential backoff with jitter, and Retry-After."""

import random
from dataclasses import dataclass

import httpx

from lead_or_manage_client.errors import ConnectionFailed, TimedOut, error_from, retry_after

RETRIED_STATUSES = frozenset({429, 502, 503, 504})
_RETRIED_FAILURES = (httpx.NetworkError, httpx.RemoteProtocolError, httpx.ConnectTimeout)


@dataclass(frozen=True)
class Retries:
    """How often to try again and how long to wait. Only calls that may be repeated without harm are."""

    times: int = 4
    """How often to try again after the first time; 0 turns retries off."""
    first_wait: float = 0.5
    """The longest wait before the first retry, in seconds; it doubles with each. The wait is drawn between half and
    all of it, so that many clients do not come back at once."""
    longest_wait: float = 60.0
    """Never wait longer than this; if the service asks for more, the error is raised at once."""

    def after_failure(self, tried: int, repeatable: bool, failure: httpx.TransportError) -> float:
        """Seconds to wait after no answer came. Raises ConnectionFailed where another try is not due."""
        if repeatable and tried < self.times and isinstance(failure, _RETRIED_FAILURES):
            return self._backoff(tried)
        raise no_answer(failure) from failure

    def after_answer(self, tried: int, repeatable: bool, response: httpx.Response) -> float:
        """Seconds to wait after an answer that is no success. Raises its error where another try is not due."""
        asked = retry_after(response) or 0.0
        passes = response.status_code in RETRIED_STATUSES or (response.status_code == 409 and asked)
        if repeatable and tried < self.times and passes and asked <= self.longest_wait:
            return asked + self._backoff(tried) if asked else self._backoff(tried)
        raise error_from(response)

    def _backoff(self, tried: int) -> float:
        top = min(self.first_wait * 2**tried, self.longest_wait)
        return random.uniform(top / 2, top)  # noqa: S311  # spreads load, guards nothing


def no_answer(failure: httpx.TransportError) -> ConnectionFailed:
    """The exception for an answer that did not come, or not whole."""
    kind = TimedOut if isinstance(failure, httpx.TimeoutException) else ConnectionFailed
    return kind(f"No answer from the service: {type(failure).__name__} {failure}".rstrip())
