"""Kept assessments: the methods of both clients."""

from collections.abc import AsyncIterator, Iterator
from typing import Unpack

from lead_or_manage_client import calls
from lead_or_manage_client.filters import AssessmentFilters
from lead_or_manage_client.kept import (
    ErasureReceipt,
    FeedbackAnswer,
    FeedbackRequest,
    KeptAnswer,
    KeptSummary,
    SubjectExport,
)
from lead_or_manage_client.scoring import Options
from lead_or_manage_client.sending import AsyncSending, Sending

Kept = KeptAnswer | KeptSummary | str
"""A kept assessment, whole, from a list, or its id."""


class Keeping(Sending):
    """Keeps, reads and erases assessments. All of it needs an API key."""

    def keep_assessment(
        self,
        text: str,
        *,
        id: str | None = None,
        subject_ref: str | None = None,
        retention_days: int | None = None,
        idempotency_key: str | None = None,
        **options: Unpack[Options],
    ) -> KeptAnswer:
        """Judge one situation as `score` does, and keep text and answer. `subject_ref` is a pseudonym, never a name.

        The same idempotency key with the same request gives the first answer again; one is made unless you give one.
        """
        more = {"id": id, "subject_ref": subject_ref, "retention_days": retention_days}
        return self._answer(calls.keep(text, options, idempotency_key, **more))

    def assessments(self, **chosen: Unpack[AssessmentFilters]) -> Iterator[KeptSummary]:
        """What your organisation keeps, newest first, without texts."""
        return self._items(calls.KEPT, chosen)

    def assessment(self, assessment: Kept) -> KeptAnswer:
        """The text and the whole answer of one, as they were."""
        return self._answer(calls.kept(assessment))

    def draw_assessment(self, assessment: Kept) -> str:
        """A picture of one for a report, as SVG."""
        return self._send(calls.draw(assessment)).text

    def delete_assessment(self, assessment: Kept) -> None:
        """Erase one: text, answer and feedback. Raises NotFound where it is gone already."""
        self._send(calls.delete_kept(assessment))

    def give_feedback(self, assessment: Kept, **said: Unpack[FeedbackRequest]) -> FeedbackAnswer:
        """Agree, or say what a careful reader would answer. Each call adds to what was said, so none is tried again."""
        return self._answer(calls.give_feedback(assessment, said))

    def feedback(self, assessment: Kept) -> Iterator[FeedbackAnswer]:
        """What readers said of one, newest first."""
        return self._items(calls.feedback(assessment), {})

    def export_subject(self, ref: str) -> SubjectExport:
        """Everything that is kept under a pseudonym."""
        return self._answer(calls.export_subject(ref))

    def erase_subject(self, ref: str) -> ErasureReceipt:
        """Erase everything that is kept under a pseudonym, for a receipt."""
        return self._answer(calls.erase_subject(ref))


class AsyncKeeping(AsyncSending):
    """Keeps, reads and erases assessments. All of it needs an API key."""

    async def keep_assessment(
        self,
        text: str,
        *,
        id: str | None = None,
        subject_ref: str | None = None,
        retention_days: int | None = None,
        idempotency_key: str | None = None,
        **options: Unpack[Options],
    ) -> KeptAnswer:
        """Judge one situation as `score` does, and keep text and answer. `subject_ref` is a pseudonym, never a name.

        The same idempotency key with the same request gives the first answer again; one is made unless you give one.
        """
        more = {"id": id, "subject_ref": subject_ref, "retention_days": retention_days}
        return await self._answer(calls.keep(text, options, idempotency_key, **more))

    def assessments(self, **chosen: Unpack[AssessmentFilters]) -> AsyncIterator[KeptSummary]:
        """What your organisation keeps, newest first, without texts."""
        return self._items(calls.KEPT, chosen)

    async def assessment(self, assessment: Kept) -> KeptAnswer:
        """The text and the whole answer of one, as they were."""
        return await self._answer(calls.kept(assessment))

    async def draw_assessment(self, assessment: Kept) -> str:
        """A picture of one for a report, as SVG."""
        return (await self._send(calls.draw(assessment))).text

    async def delete_assessment(self, assessment: Kept) -> None:
        """Erase one: text, answer and feedback. Raises NotFound where it is gone already."""
        await self._send(calls.delete_kept(assessment))

    async def give_feedback(self, assessment: Kept, **said: Unpack[FeedbackRequest]) -> FeedbackAnswer:
        """Agree, or say what a careful reader would answer. Each call adds to what was said, so none is tried again."""
        return await self._answer(calls.give_feedback(assessment, said))

    def feedback(self, assessment: Kept) -> AsyncIterator[FeedbackAnswer]:
        """What readers said of one, newest first."""
        return self._items(calls.feedback(assessment), {})

    async def export_subject(self, ref: str) -> SubjectExport:
        """Everything that is kept under a pseudonym."""
        return await self._answer(calls.export_subject(ref))

    async def erase_subject(self, ref: str) -> ErasureReceipt:
        """Erase everything that is kept under a pseudonym, for a receipt."""
        return await self._answer(calls.erase_subject(ref))
