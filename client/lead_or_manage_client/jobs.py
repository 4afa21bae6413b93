"""How far jobs are: plain dictionaries, exactly as the service sent them."""

from typing import Literal, TypedDict


class Estimate(TypedDict):
    """How long it will go on, from the speed of the last chunks that were finished."""

    texts_per_second: float
    """Measured up to this moment, so it falls while nothing is finished."""
    seconds_left: int
    """What is left at that speed."""


class Webhook(TypedDict):
    """The message at the end of the job, signed as Standard Webhooks describe."""

    url: str
    """The address that is called."""
    state: Literal["waiting", "due", "delivered", "failed"] | str
    """`waiting` for the end of the job, `due` until a try succeeds, `delivered`, or `failed` after five tries."""
    secret: str | None
    """What the signature is made with: in the answer to the creation only, null elsewhere."""
    attempts: int
    """How often it was tried."""
    last_failure: str | None
    """Why the last try failed, in words; null where none did."""
    next_attempt_at: str | None
    """From when it is tried next (RFC 3339); null unless `state` is `due`."""


class JobWarning(TypedDict):
    """Something about a job that its owner should know."""

    code: Literal["all_failed"] | str
    """`all_failed`: the job has ended, and every text has an error instead of a result."""
    detail: str
    """The same for people."""


class JobAnswer(TypedDict):
    """How far a job is."""

    id: str
    """Its id."""
    status: Literal["receiving", "queued", "running", "done", "cancelled"] | str
    """`receiving` until the body has arrived whole; `done` also where single texts have errors."""
    texts: int
    """How many texts the job has."""
    done: int
    """How many of them are finished, with a result or an error."""
    errors: int
    """How many of the finished have an error instead of a result."""
    warnings: list[JobWarning]
    """What to look at before you rest on the results; mostly empty."""
    estimate: Estimate | None
    """How long it will go on; null until two chunks are finished, and after the end."""
    created_at: str
    """When the upload began (RFC 3339)."""
    started_at: str | None
    """When the first text was scored; null before."""
    finished_at: str | None
    """When it ended; null before."""
    expires_at: str
    """When everything of it is deleted."""
    webhook: Webhook | None
    """The message at its end; null if none was asked for."""
    href: str
    """Where to look how far it is."""
