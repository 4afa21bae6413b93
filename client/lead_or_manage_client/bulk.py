"""Jobs: the methods of both clients."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from contextlib import aclosing, closing
from pathlib import Path
from typing import Unpack

import httpx

from lead_or_manage_client import calls
from lead_or_manage_client.calls import Format
from lead_or_manage_client.job_items import FileOptions, JobItem, JobOptions, JobText
from lead_or_manage_client.jobs import JobAnswer
from lead_or_manage_client.retries import no_answer
from lead_or_manage_client.sending import AsyncSending, Sending
from lead_or_manage_client.summaries import JobSummary
from lead_or_manage_client.uploads import ItemReader, Patience


class Bulk(Sending):
    """Scores up to a million texts in the background."""

    def create_job(
        self, texts: Iterable[str | JobText], *, idempotency_key: str | None = None, **options: Unpack[JobOptions]
    ) -> JobAnswer:
        """Score texts in the background; they are streamed, so that no more than a block of them is held.

        The same idempotency key with the same texts gives the same job; one is made unless you give one. Texts that can
        be read only once, such as a generator, are sent once: where that fails it is for you to try again.
        """
        return self._answer(calls.create_job(texts, idempotency_key, options))

    def upload_job(
        self,
        file: Path | str | bytes,
        *,
        format: Format | None = None,
        idempotency_key: str | None = None,
        **options: Unpack[FileOptions],
    ) -> JobAnswer:
        """Score the texts of a file, given by path or as bytes: a JSON object a line, or CSV with a header.

        Unless you name the format it is CSV where the path ends in `.csv`, and NDJSON everywhere else.
        The same idempotency key with the same file gives the same job; one is made unless you give one.
        """
        return self._answer(calls.upload_job(file, format, idempotency_key, options))

    def jobs(self) -> Iterator[JobAnswer]:
        """The jobs of your organisation, newest first."""
        return self._items(calls.JOBS, {})

    def job(self, job: JobAnswer | str) -> JobAnswer:
        """How far a job is."""
        return self._answer(calls.job(job))

    def wait_for_job(self, job: JobAnswer | str, *, timeout: float | None = None) -> JobAnswer:
        """The job, once it is done or cancelled. Raises StillRunning after `timeout` seconds; the job goes on then."""
        patience = Patience(timeout)
        while (found := self.job(job))["finished_at"] is None:
            self._pause(patience.pause(found))
        return found

    def job_results(self, job: JobAnswer | str, *, start: int = 0) -> Iterator[JobItem]:
        """The finished items from index `start` on, in the order of your texts, as they come in.

        While the job runs this ends before the first text that is not finished. A stream that breaks is taken up again.
        """
        reader = ItemReader(start)
        while True:
            with closing(self._send(calls.job_results(job, reader.next, "ndjson"), stream=True)) as response:
                try:
                    for block in response.iter_bytes():
                        yield from reader.feed(block)
                    return
                except httpx.TransportError as failure:
                    wait = self._retries.after_failure(reader.broken(), True, failure)
            self._pause(wait)

    def save_job_results(self, job: JobAnswer | str, path: Path | str, *, format: Format = "ndjson") -> None:
        """Write the finished items to a file, as NDJSON or CSV. A stream that breaks raises and leaves a part there."""
        response = self._send(calls.job_results(job, 0, format), stream=True)
        with closing(response), Path(path).open("wb") as file:
            try:
                for block in response.iter_bytes():
                    file.write(block)
            except httpx.TransportError as failure:
                raise no_answer(failure) from failure

    def job_summary(self, job: JobAnswer | str) -> JobSummary:
        """The texts of a job that has ended, taken together, in all and by group. Raises Conflict before its end."""
        return self._answer(calls.job_summary(job))

    def cancel_job(self, job: JobAnswer | str) -> JobAnswer:
        """End a job. Texts that were not scored are erased, finished results stay."""
        return self._answer(calls.cancel_job(job))

    def delete_job(self, job: JobAnswer | str) -> None:
        """Delete a job with its texts and results, ended or not. Raises NotFound where it is gone already."""
        self._send(calls.delete_job(job))


class AsyncBulk(AsyncSending):
    """Scores up to a million texts in the background."""

    async def create_job(
        self,
        texts: Iterable[str | JobText] | AsyncIterable[str | JobText],
        *,
        idempotency_key: str | None = None,
        **options: Unpack[JobOptions],
    ) -> JobAnswer:
        """Score texts in the background; they are streamed, so that no more than a block of them is held.

        The same idempotency key with the same texts gives the same job; one is made unless you give one. Texts that can
        be read only once, such as a generator, are sent once: where that fails it is for you to try again.
        """
        return await self._answer(calls.create_job(texts, idempotency_key, options))

    async def upload_job(
        self,
        file: Path | str | bytes,
        *,
        format: Format | None = None,
        idempotency_key: str | None = None,
        **options: Unpack[FileOptions],
    ) -> JobAnswer:
        """Score the texts of a file, given by path or as bytes: a JSON object a line, or CSV with a header.

        Unless you name the format it is CSV where the path ends in `.csv`, and NDJSON everywhere else.
        The same idempotency key with the same file gives the same job; one is made unless you give one.
        """
        return await self._answer(calls.upload_job(file, format, idempotency_key, options))

    def jobs(self) -> AsyncIterator[JobAnswer]:
        """The jobs of your organisation, newest first."""
        return self._items(calls.JOBS, {})

    async def job(self, job: JobAnswer | str) -> JobAnswer:
        """How far a job is."""
        return await self._answer(calls.job(job))

    async def wait_for_job(
        self,
        job: JobAnswer | str,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  # the request itself must not be cut off
    ) -> JobAnswer:
        """The job, once it is done or cancelled. Raises StillRunning after `timeout` seconds; the job goes on then."""
        patience = Patience(timeout)
        while (found := await self.job(job))["finished_at"] is None:
            await self._pause(patience.pause(found))
        return found

    async def job_results(self, job: JobAnswer | str, *, start: int = 0) -> AsyncIterator[JobItem]:
        """The finished items from index `start` on, in the order of your texts, as they come in.

        While the job runs this ends before the first text that is not finished. A stream that breaks is taken up again.
        """
        reader = ItemReader(start)
        while True:
            async with aclosing(
                await self._send(calls.job_results(job, reader.next, "ndjson"), stream=True)
            ) as response:
                try:
                    async for block in response.aiter_bytes():
                        for item in reader.feed(block):
                            yield item
                    return
                except httpx.TransportError as failure:
                    wait = self._retries.after_failure(reader.broken(), True, failure)
            await self._pause(wait)

    async def save_job_results(self, job: JobAnswer | str, path: Path | str, *, format: Format = "ndjson") -> None:
        """Write the finished items to a file, as NDJSON or CSV. A stream that breaks raises and leaves a part there."""
        response = await self._send(calls.job_results(job, 0, format), stream=True)
        with Path(path).open("wb") as file:  # noqa: ASYNC230  # a block is written in no time
            try:
                async for block in response.aiter_bytes():
                    file.write(block)
            except httpx.TransportError as failure:
                raise no_answer(failure) from failure
            finally:
                await response.aclose()

    async def job_summary(self, job: JobAnswer | str) -> JobSummary:
        """The texts of a job that has ended, taken together, in all and by group. Raises Conflict before its end."""
        return await self._answer(calls.job_summary(job))

    async def cancel_job(self, job: JobAnswer | str) -> JobAnswer:
        """End a job. Texts that were not scored are erased, finished results stay."""
        return await self._answer(calls.cancel_job(job))

    async def delete_job(self, job: JobAnswer | str) -> None:
        """Delete a job with its texts and results, ended or not. Raises NotFound where it is gone already."""
        await self._send(calls.delete_job(job))
