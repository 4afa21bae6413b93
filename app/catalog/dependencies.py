"""What routes of the catalogue need of a request: a session with the eyes of its caller, and the ETag it knows."""

from typing import Annotated

from fastapi import Depends, Header
from sqlmodel import Session

from app.access.dependencies import READ
from app.access.keys import Caller
from app.catalog.visibility import see_as
from app.dependencies import SessionDep


def get_catalogue_session(session: SessionDep, caller: Annotated[Caller, READ]) -> Session:
    """The session of the request, with the eyes of its caller."""
    return see_as(session, caller.tenant)


CatalogueDep = Annotated[Session, Depends(get_catalogue_session, scope="function")]
IfMatch = Annotated[
    str | None,
    Header(max_length=2000, description="The ETag of the item as you know it, from GET; needed for every change."),
]
