"""Request bodies: routes that take JSON of one media type, and bodies sent again."""

from collections.abc import Callable, Coroutine
from email.message import Message
from typing import Annotated, Any, ClassVar

from fastapi import Header, Request, Response
from fastapi.routing import APIRoute

from app.errors import MalformedBody, UnsupportedMediaType

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


class JSONRoute(APIRoute):
    """A route that takes plain JSON in UTF-8 and nothing else."""

    media_type: ClassVar[str] = "application/json"

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            declared = Message()
            declared["content-type"] = request.headers.get("content-type", "none/none")
            charset = str(declared.get_param("charset", "utf-8")).strip().lower()
            plain = request.headers.get("content-encoding", "identity").lower() == "identity"
            if declared.get_content_type() != self.media_type or charset != "utf-8" or not plain:
                raise UnsupportedMediaType(f"Send the body as {self.media_type} in UTF-8, without content encoding.")
            try:
                (await request.body()).decode()
            except UnicodeDecodeError:
                raise MalformedBody("The body is not UTF-8. Send one JSON document in UTF-8.") from None
            return await handle(request)

        return checked


class MergePatchRoute(JSONRoute):
    """A route that takes a merge patch (RFC 7396)."""

    media_type: ClassVar[str] = "application/merge-patch+json"
