"""Request bodies: routes that take JSON of one media type, and bodies sent again."""

import codecs
from collections.abc import Callable, Coroutine
from email.message import Message
from typing import Annotated, Any, ClassVar

from anyio import to_thread
from fastapi import Header, Request, Response
from fastapi.routing import APIRoute

from app.errors import UnsupportedMediaType
from app.json_limits import Limits, limits, parse

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Yours, new for each request, such as a UUID: sent again within 24 hours with the same body it "
        "makes nothing new and answers with what the first request made.",
    ),
]
LONGEST_MEDIA_TYPE = 200
"""Characters of a Content-Type header with its parameters."""
IN_A_THREAD = 64 * 1024
"""Bytes from which a body is parsed in a thread, so that the event loop goes on."""


def media_type(request: Request, *accepted: str) -> str:
    """The media type of the body, one of those accepted, whatever its parameters.

    Raises UnsupportedMediaType where it is another one, has a charset that is not UTF-8, or is encoded.
    """
    declared = Message()
    header = request.headers.get("content-type", "")
    declared["content-type"] = header if 0 < len(header) <= LONGEST_MEDIA_TYPE else "none/none"
    found = declared.get_content_type()
    encodings = request.headers.get("content-encoding", "").lower().replace(" ", "").split(",")
    plain = {"", "identity"}.issuperset(encodings) and _is_utf8(declared.get_param("charset"))
    if found not in accepted or not plain:
        raise UnsupportedMediaType(f"Send the body as {' or '.join(accepted)} in UTF-8, without content encoding.")
    return found


def _is_utf8(charset: str | tuple[str | None, str | None, str] | None) -> bool:
    """Whether a charset parameter, if there is one, names UTF-8 or a part of it, in whichever spelling."""
    name = charset[2] if isinstance(charset, tuple) else charset
    if not name or not name.strip():
        return True
    try:
        return codecs.lookup(name.strip()).name in {"utf-8", "ascii"}
    except LookupError:
        return False


class ParsedRequest(Request):
    """A request whose JSON body has been parsed; the body itself is let go."""

    def __init__(self, request: Request, value: Any) -> None:
        super().__init__(request.scope, request.receive)
        self._value = value

    async def body(self) -> bytes:
        """Not empty: there was a body."""
        return b"parsed"

    async def json(self) -> Any:
        """The value of the body."""
        return self._value


class JSONRoute(APIRoute):
    """A route that takes plain JSON in UTF-8 and nothing else, and no more values than its limits allow."""

    media_type: ClassVar[str] = "application/json"
    limits: ClassVar[Limits] = limits(values=2_000)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            media_type(request, self.media_type)
            body = await request.body()
            if not body:
                return await handle(request)
            value = await parse_json(body, self.limits)
            del body, request._body
            return await handle(ParsedRequest(request, value))

        return checked


async def parse_json(body: bytes, allowed: Limits) -> Any:
    """As `json_limits.parse`, where a large body is parsed in a thread."""
    if len(body) < IN_A_THREAD:
        return parse(body, allowed)
    return await to_thread.run_sync(parse, body, allowed)


class MergePatchRoute(JSONRoute):
    """A route that takes a merge patch (RFC 7396)."""

    media_type: ClassVar[str] = "application/merge-patch+json"
