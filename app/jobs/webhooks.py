"""A signed message at the end of a job (Standard Webhooks): where it may go, and what it says."""

import base64
import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass

import httpx

from app.errors import AppError, ProblemDetail
from app.jobs.tables import Job
from app.settings import is_loopback

PORTS = {"http": 80, "https": 443}
_URL = re.compile(
    r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?(?:[/?#][!-~]*)?", re.IGNORECASE | re.ASCII
)
"""No user, no backslash, no escape and no zone in the host: nothing that two readers could understand differently."""


class WebhookRefused(AppError):
    """422: the webhook does not lead where the settings allow."""

    status, code = 422, "webhook_refused"


@dataclass(frozen=True)
class Target:
    """Where a webhook goes. `host` is a name or an address, in lower case, an IPv6 address without brackets."""

    url: str
    scheme: str
    host: str
    port: int

    @property
    def place(self) -> str:
        """Host and port: what takes one message at a time."""
        return f"{self.host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Whether the host is this machine."""
        return is_loopback(self.host)


def check(url: str, hosts: tuple[str, ...]) -> None:
    """Raises WebhookRefused unless the address may be called."""
    if target(url, hosts) is None:
        detail = (
            "The webhook must be an https address, without a user, at a host that this service allows "
            "(LOM_WEBHOOK_HOSTS)."
        )
        raise WebhookRefused(detail, [ProblemDetail(pointer="?webhook", code="webhook_refused", message=detail)])


def target(url: str, hosts: tuple[str, ...]) -> Target | None:
    """Where the address leads, or None unless it may be called. A host that is listed without a port is called at 443;
    only a loopback host may be called without TLS."""
    found = parsed(url)
    if found is None or (found.scheme == "http" and not found.loopback):
        return None
    allowed = {place for listed in hosts for place in _places(listed)}
    return found if found.place in allowed else None


def parsed(url: str) -> Target | None:
    """The parts of a plain http or https address, or None."""
    match = _URL.fullmatch(url)
    if match is None:
        return None
    try:
        read = httpx.URL(url)
    except httpx.InvalidURL:
        return None
    port = int(match["port"] or PORTS[read.scheme])
    return Target(url, read.scheme, read.raw_host.decode(), port) if 0 < port < 65536 else None


def place(url: str) -> str | None:
    """Host and port of an address, which take one message at a time."""
    found = parsed(url)
    return found.place if found else None


def _places(listed: str) -> list[str]:
    """The hosts and ports that an entry of LOM_WEBHOOK_HOSTS allows."""
    bare = listed.count(":") > 1 and not listed.startswith("[")
    try:
        name = f"[{listed}]" if bare else listed.encode("idna").decode()
    except UnicodeError:
        return []
    found = parsed(f"https://{name}")
    if found is None:
        return []
    any_port = ":" not in name.rpartition("]")[2]
    return [found.place, *([f"{found.host}:{PORTS['http']}"] if any_port and found.loopback else [])]


def new_secret() -> str:
    """A secret to sign with, as Standard Webhooks writes it."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"


def message(job: Job) -> bytes:
    """What is told of a job that has ended: the same bytes at every try."""
    data = {"id": job.id, "status": job.status, "texts": job.total, "done": job.done, "errors": job.errors}
    ended = job.finished_at or job.created_at
    return json.dumps({"type": f"job.{job.status}", "timestamp": ended.isoformat(), "data": data}).encode()


def headers(job: Job, body: bytes, now: int) -> dict[str, str]:
    """The headers of one try, sent at `now` (seconds since 1970). The id is the same at every try."""
    message_id = f"job_{job.id}"
    return {
        "Content-Type": "application/json",
        "User-Agent": "lead-or-manage",
        "webhook-id": message_id,
        "webhook-timestamp": str(now),
        "webhook-signature": signature(job.webhook_secret or "", message_id, now, body),
    }


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"
