"""What routes need of a request: the engine of the application, a session, links between pages, no parameters."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import Engine
from sqlmodel import Session

from app.errors import InvalidParameter, ProblemDetail


async def get_engine(request: Request) -> Engine:
    """The engine that the application holds."""
    engine: Engine = request.app.state.engine
    return engine


EngineDep = Annotated[Engine, Depends(get_engine)]


def get_session(engine: EngineDep) -> Iterator[Session]:
    """A read-only session for the length of the route function."""
    with Session(engine.execution_options(readonly=True)) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session, scope="function")]


async def refuse_parameters(request: Request) -> None:
    """For operations without query parameters: 422 if there are any."""
    if request.query_params:
        raise InvalidParameter(
            "This operation takes no query parameters; leave them out.",
            [ProblemDetail(pointer="?", code="extra_forbidden", message="no query parameter is known here")],
        )


NoParameters = Depends(refuse_parameters)


async def page_links(request: Request) -> str:
    """The query string of this request without its cursor, for links to the neighbouring pages."""
    return str(request.url.remove_query_params("cursor").query)


PageLinks = Annotated[str, Depends(page_links)]
