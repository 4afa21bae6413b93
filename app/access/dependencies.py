"""What a route needs of its caller: a scope. The key itself was checked before the body was read.

Use them as `caller: Annotated[Caller, READ]`, or in a router's `dependencies`. Without a key a caller has read and
score, unless LOM_REQUIRE_KEY takes them away; what stands under OWN_PATHS of the middleware always needs a key.
"""

from typing import Annotated, Any

from fastapi import Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer, SecurityScopes

from app.access.keys import Caller
from app.access.scopes import demand

_header = APIKeyHeader(name="X-API-Key", scheme_name="ApiKey", auto_error=False, description="An API key.")
_bearer = HTTPBearer(scheme_name="Bearer", auto_error=False, description="The same API key as a bearer token.")


async def _allowed(
    request: Request,
    scopes: SecurityScopes,
    header: Annotated[str | None, Security(_header)],
    bearer: Annotated[object, Security(_bearer)],
) -> Caller:
    """The caller, if it has every scope that the route asks for."""
    caller: Caller = request.scope["state"]["caller"]
    demand(caller, *scopes.scopes)
    return caller


READ: Any = Security(_allowed, scopes=["read"])
SCORE: Any = Security(_allowed, scopes=["score"])
WRITE: Any = Security(_allowed, scopes=["write"])
ADMIN: Any = Security(_allowed, scopes=["admin"])
