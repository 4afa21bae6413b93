"""Receives an upload in bounded memory: bytes in, chunks of items into the database."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session, select

from app.assessments.earlier_forms import JOB, earlier_forms
from app.cleanup import Cleanup
from app.errors import AppError, InvalidParameter, KeyReused, ProblemDetail, StillRunning, TooLarge
from app.jobs import store, webhooks
from app.jobs.items import CHUNK_ITEMS, MAX_GROUPS, Item, refused
from app.jobs.reading import texts
from app.jobs.schemas import NewJob
from app.jobs.tables import Job
from app.tabular.faults import ColumnError, TableEmpty, TableError

MAX_TEXTS = 1_000_000
RENEW_SECONDS = 10.0
"""How often an upload says that it goes on, at most."""
MAX_BYTES = 1024**3
BLOCK = 256 * 1024
"""Bytes that are handed over at a time."""


class Conflict(AppError):
    """409: not as things stand."""

    status, code = 409, "conflict"


class Empty(AppError):
    """422: a job without texts."""

    status, code = 422, "job_empty"


class Unreadable(AppError):
    """422: the body as a whole cannot be read; `code` says why."""

    status = 422

    def __init__(self, error: TableError) -> None:
        super().__init__(str(error))
        self.code = error.code


@contextmanager
def _told() -> Iterator[None]:
    """Turn what is wrong with a body into the answer for it."""
    try:
        yield
    except ColumnError as error:
        place = f"?{error.role}_column"
        found = [ProblemDetail(pointer=place, code=error.code, message=str(error))]
        raise InvalidParameter(f"{place}: {error}", found) from None
    except TableEmpty as error:
        raise Empty(str(error)) from None
    except TableError as error:
        raise Unreadable(error) from None


@dataclass(frozen=True)
class Upload:
    """Whose upload it is and how to read it; `key` makes it safe to send again."""

    tenant: str
    key: str | None
    request_id: str
    media_type: str
    wanted: NewJob


class Intake:
    """One upload. `open` it, `feed` it all blocks, then `end` or `abandon` it."""

    def __init__(self, engine: Engine, upload: Upload, cleanup: Cleanup) -> None:
        self._engine, self._upload, self._cleanup = engine, upload, cleanup
        self._reader = texts(upload.wanted, upload.media_type)
        former = {"delimiter"} if upload.wanted.delimiter == "comma" else None  # the default of earlier releases
        # a later release may add parameters
        wanted = upload.wanted.model_dump_json(exclude_defaults=True, exclude=former)
        self._digests = [self._begun(wanted)]
        self._bytes = self._texts = self._chunks = 0
        self._pending: list[Item] = []
        self._groups: set[str] = set()
        self._earlier: Job | None = None
        self._renewed = time.monotonic()
        self.job_id = store.new_id()

    def open(self) -> None:
        """Begin a job, unless the key names an earlier one: then the body is only compared with that one's. One whose
        upload broke off makes room.

        Raises StillRunning while that one is being uploaded.
        """
        if broken_off := self._begin():
            store.abandon(self._engine, broken_off)
            if self._begin():
                raise StillRunning

    def _begin(self) -> str | None:
        """Begin, or find the earlier job; the id of an upload that broke off, where one holds the key."""
        now = datetime.now(UTC)
        job = Job(
            id=self.job_id,
            tenant=self._upload.tenant,
            status="receiving",
            options=self._upload.wanted.options.model_dump(mode="json"),
            request_id=self._upload.request_id,
            created_at=now,
            expires_at=now + store.UPLOAD_PATIENCE,
            idempotency_key=self._upload.key,
        )
        if self._upload.wanted.webhook:
            job.webhook_url, job.webhook_state = self._upload.wanted.webhook, "waiting"
            job.webhook_host, job.webhook_secret = webhooks.place(job.webhook_url), webhooks.new_secret()
        with Session(self._engine, expire_on_commit=False) as session:
            try:
                session.add(job)
                session.commit()
                return None
            except IntegrityError:
                session.rollback()
            except DBAPIError:  # it may be there, and only the word of it lost
                self.abandon()
                raise
            same = select(Job).where(Job.tenant == self._upload.tenant, Job.idempotency_key == self._upload.key)
            earlier = session.exec(same).first()
        if earlier and earlier.status == "receiving" and earlier.expires_at <= now:
            return earlier.id
        if earlier is None or earlier.status == "receiving":
            raise StillRunning
        self._earlier = earlier
        self._digests += map(self._begun, earlier_forms(self._upload.wanted, JOB))
        return None

    def feed(self, block: bytes) -> None:
        """Take the next bytes of the body. Raises TooLarge beyond the limits, InvalidParameter at a wrong header, and
        Unreadable."""
        if self._bytes == 0:
            block = block.removeprefix(b"\xef\xbb\xbf")
        self._bytes += len(block)
        for digest in self._digests:
            digest.update(block)
        if self._bytes > MAX_BYTES:
            raise TooLarge(f"The body is larger than {MAX_BYTES} bytes, the limit of a job. Split it.")
        if self._earlier is None:
            with _told():
                for item in self._reader.feed(block):
                    self._take(item)
            if time.monotonic() - self._renewed > RENEW_SECONDS:
                store.renew_upload(self._engine, self.job_id)
                self._renewed = time.monotonic()

    def end(self) -> tuple[str, bool]:
        """The id of the job, and whether it is an earlier one. Raises KeyReused, Empty, and what `feed` raises."""
        if self._earlier is not None:
            if self._earlier.digest not in {digest.hexdigest() for digest in self._digests}:
                raise KeyReused
            return self._earlier.id, True
        with _told():
            for item in self._reader.end():
                self._take(item)
        if self._pending:
            self._write()
        if not self._texts:
            raise Empty("The body has no text. Send one JSON object a line, or CSV with a header and a row for each.")
        now = datetime.now(UTC)
        with Session(self._engine) as session:
            whole = {"status": "queued", "total": self._texts, "digest": self._digests[0].hexdigest()}
            store.change_upload(session, self.job_id, **whole, expires_at=now + store.KEPT)
            session.commit()
        return self.job_id, False

    def abandon(self) -> None:
        """Forget what has arrived, and give the key back: now, or as soon as the database answers again."""
        self._cleanup.do(partial(store.abandon, job_id=self.job_id), within=store.UPLOAD_PATIENCE)

    def _begun(self, wanted: str) -> Any:
        """The digest of an upload with these parameters, before its body."""
        return hashlib.sha256(
            f"{self._upload.tenant}\n{self._upload.key}\n{self._upload.media_type}\n{wanted}\n".encode()
        )

    def _take(self, item: Item) -> None:
        self._texts += 1
        if self._texts > MAX_TEXTS:
            raise TooLarge(f"The job has more than {MAX_TEXTS} texts, the limit. Split it.")
        self._pending.append(self._in_group(item))
        if len(self._pending) == CHUNK_ITEMS:
            self._write()

    def _in_group(self, item: Item) -> Item:
        if item.group is None or item.group in self._groups:
            return item
        if len(self._groups) == MAX_GROUPS:
            return refused("too_many_groups", f"A job has at most {MAX_GROUPS} groups.", "/group", (item.id, None))
        self._groups.add(item.group)
        return item

    def _write(self) -> None:
        store.add_chunk(self._engine, self.job_id, self._chunks, self._pending)
        self._chunks, self._pending = self._chunks + 1, []
