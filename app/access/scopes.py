"""What a caller may do, by the scopes of its key."""

from app.access.keys import Caller
from app.errors import CHALLENGE, AppError, Unauthorized


class Forbidden(AppError):
    """403: the key has no such scope."""

    status, code = 403, "forbidden"


def demand(caller: Caller, *scopes: str) -> None:
    """Raises Unauthorized or Forbidden where the caller lacks a scope."""
    lacking = " ".join(scope for scope in scopes if scope not in caller.scopes)
    if lacking and caller.key_id is None:
        raise Unauthorized(f"This needs an API key with the scope {lacking}; `lead-or-manage keys create` makes one.")
    if lacking:
        challenge = f'{CHALLENGE}, error="insufficient_scope", scope="{lacking}"'
        detail = f"This needs the scope {lacking}, which the API key has not."
        raise Forbidden(detail, headers={"WWW-Authenticate": challenge})
