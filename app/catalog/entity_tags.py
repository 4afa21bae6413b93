"""Strong ETags of single items, and the If-Match that a change has to show."""

import hashlib
import re
from typing import TypeVar

from pydantic import BaseModel
from starlette.responses import Response

from app.errors import AppError

A = TypeVar("A", bound=BaseModel)
_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS = re.compile(rf"\s*{_TAG}\s*(?:,\s*{_TAG}\s*)*")


class PreconditionRequired(AppError):
    """428: a change must say which state of the item it changes."""

    status, code = 428, "if_match_required"


class PreconditionFailed(AppError):
    """412: the item has changed since."""

    status, code = 412, "item_changed"


def tag_of(answer: BaseModel) -> str:
    """The strong ETag of an item: it changes whenever the answer does."""
    return f'"{hashlib.sha256(answer.model_dump_json().encode()).hexdigest()[:32]}"'


def tagged(response: Response, answer: A) -> A:
    """The answer, its ETag in the response."""
    response.headers["ETag"] = tag_of(answer)
    return answer


def require_match(if_match: str | None, answer: BaseModel) -> None:
    """Raises PreconditionRequired without If-Match, and PreconditionFailed when it does not name this very state;
    a weak tag never does."""
    if if_match is None:
        raise PreconditionRequired("Send the ETag of the item, as GET gives it, in If-Match.")
    tags = re.findall(_TAG, if_match) if _TAGS.fullmatch(if_match) else []
    if if_match.strip() != "*" and tag_of(answer) not in tags:
        raise PreconditionFailed(
            "The item is not as you know it. GET it again and repeat the change on what it is now."
        )
