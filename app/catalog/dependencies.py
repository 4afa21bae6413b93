"""What routes of the catalogue need of a request: a session with the eyes of its caller, and the ETag it knows."""

from typing import Annotated, Any

from fastapi import Depends, Header
from sqlmodel import Session

from app.access.dependencies import READ
from app.access.keys import Caller
from app.catalog.visibility import see_as
from app.dependencies import SessionDep

MATCHING = r'^(\*|(W/)?"[\x21\x23-\x7e]*"( *, *(W/)?"[\x21\x23-\x7e]*")*)$'


def get_catalogue_session(session: SessionDep, caller: Annotated[Caller, READ]) -> Session:
    """The session of the request, with the eyes of its caller."""
    return see_as(session, caller.tenant)


def _if_match_schema(schema: dict[str, Any]) -> None:
    """`*` or entity tags. What else comes names no state and is 412, so the pattern stands in the document alone."""
    next(choice for choice in schema["anyOf"] if choice["type"] == "string").update(minLength=1, pattern=MATCHING)


CatalogueDep = Annotated[Session, Depends(get_catalogue_session, scope="function")]
IfMatch = Annotated[
    str | None,
    Header(
        max_length=2000,
        description="The ETag of the item as you know it, from GET; needed for every change.",
        json_schema_extra=_if_match_schema,
    ),
]
