"""A signed message at the end of a job (Standard Webhooks), to hosts that the settings allow and nowhere else."""

import base64
import hashlib
import hmac
import http.client
import json
import secrets
import socket
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

from sqlalchemy import Engine, update
from sqlmodel import Session, col, select

from app.errors import AppError, ProblemDetail
from app.jobs.tables import Job
from app.settings import is_loopback

SECONDS = 10.0
PAUSES = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10))
"""How long to wait after each attempt that failed; after the last there is one more."""


class WebhookRefused(AppError):
    """422: the webhook does not lead where the settings allow."""

    status, code = 422, "webhook_refused"


def check(url: str, hosts: tuple[str, ...]) -> None:
    """Raises WebhookRefused unless the address may be called."""
    if _target(url, hosts) is None:
        detail = (
            "The webhook must be an https address, without a user, at a host that this service allows "
            "(LOM_WEBHOOK_HOSTS)."
        )
        raise WebhookRefused(detail, [ProblemDetail(pointer="?webhook", code="webhook_refused", message=detail)])


def _target(url: str, hosts: tuple[str, ...]) -> SplitResult | None:
    """The parts of an address that may be called. A host that is listed without a port is called at 443; only a
    loopback host may be called without TLS."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    named = host if port is None else f"{host}:{port}"
    plain = parts.scheme == "http" and is_loopback(host)
    if named not in {name.lower() for name in hosts} or not (parts.scheme == "https" or plain):
        return None
    sound = url.isascii() and url.isprintable() and " " not in url
    return parts if sound and "@" not in parts.netloc else None


def new_secret() -> str:
    """A secret to sign with, as Standard Webhooks writes it."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"


def signature(secret: str, message_id: str, timestamp: int, body: str) -> str:
    """The header `webhook-signature`."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.new(key, f"{message_id}.{timestamp}.{body}".encode(), hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


def deliver_one(engine: Engine, hosts: tuple[str, ...]) -> bool:
    """Send the message that is most overdue. False where there is none."""
    now = datetime.now(UTC)
    due = select(Job).where(Job.webhook_state == "due", col(Job.webhook_due) <= now).order_by(col(Job.webhook_due))
    due = due.limit(1)
    with Session(engine.execution_options(readonly=True)) as session:
        if session.exec(due).first() is None:
            return False
    with Session(engine, expire_on_commit=False) as session:
        job = session.exec(due.with_for_update(skip_locked=True)).first()
        if job is None:
            return False
        pause = PAUSES[job.webhook_attempts] if job.webhook_attempts < len(PAUSES) else None
        job.webhook_attempts += 1
        job.webhook_due = now + (timedelta(minutes=1) if pause is None else pause)
        session.commit()
    sent = _send(job, hosts)
    if sent or pause is None:
        with Session(engine) as session:
            ended = update(Job).where(col(Job.id) == job.id)
            session.execute(ended.values(webhook_state="delivered" if sent else "failed", webhook_secret=None))
            session.commit()
    return True


def _send(job: Job, hosts: tuple[str, ...]) -> bool:
    """Whether the receiver took it. Redirects are not followed; the name is resolved once, and the address that was
    checked is the one that is called."""
    parts = _target(job.webhook_url or "", hosts)
    if parts is None or parts.hostname is None:
        return False
    now = datetime.now(UTC)
    data = {"id": job.id, "status": job.status, "texts": job.total, "done": job.done, "errors": job.errors}
    body = json.dumps({"type": f"job.{job.status}", "timestamp": now.isoformat(), "data": data})
    stamp = int(now.timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "lead-or-manage",
        "webhook-id": f"job_{job.id}",
        "webhook-timestamp": str(stamp),
        "webhook-signature": signature(job.webhook_secret or "", f"job_{job.id}", stamp, body),
    }
    connection: http.client.HTTPConnection | None = None
    try:
        address = _resolved(parts.hostname, parts.port or 443)
        connection = _Pinned(parts, address) if parts.scheme == "https" else _plain(parts, address)
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        connection.request("POST", path, body, headers)
        return 200 <= connection.getresponse().status < 300
    except (OSError, http.client.HTTPException):
        return False
    finally:
        if connection:
            connection.close()


def _resolved(host: str, port: int) -> str:
    """The address of a host. Raises OSError where any of its addresses is not public, unless the host itself is
    loopback, which only the settings can have allowed."""
    found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    if not found or not all(_public(ip_address(one)) or (is_loopback(host) and is_loopback(one)) for one in found):
        raise OSError("not a public address")
    return sorted(found)[0]


def _public(address: IPv4Address | IPv6Address) -> bool:
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    return address.is_global and not address.is_multicast and (inner is None or _public(inner))


def _plain(parts: SplitResult, address: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(address, parts.port or 80, timeout=SECONDS)


class _Pinned(http.client.HTTPSConnection):
    """TLS to an address, with the certificate of a name."""

    def __init__(self, parts: SplitResult, address: str) -> None:
        super().__init__(parts.hostname or "", parts.port or 443, timeout=SECONDS)
        self._address, self._tls = address, ssl.create_default_context()

    def connect(self) -> None:
        raw = socket.create_connection((self._address, self.port), SECONDS)
        self.sock = self._tls.wrap_socket(raw, server_hostname=self.host)
