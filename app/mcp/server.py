"""The MCP server at /mcp: stateless, JSON, tools only; and its answers to what cannot be done."""

import json
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from traceback import extract_tb
from typing import Any, get_type_hints

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from mcp_types import CallToolResult, InputRequiredResult, ToolAnnotations
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from app import __version__
from app.bodies import media_type
from app.errors import AppError, Misdirected, UnsupportedMediaType, problem_response
from app.json_limits import check, limits
from app.mcp.tools import TOOLS
from app.validation import fields_at, unknown

log = logging.getLogger("lead_or_manage.mcp")
logging.getLogger("mcp").setLevel(logging.CRITICAL + 1)  # its lines quote what callers send; crashes are logged here

INSTRUCTIONS = (
    "Tells whether a described work situation calls for leadership, for management, for both, or says too little to "
    "tell, with quotes as reasons and fitting styles and programs. It judges situations, not people: never use it to "
    "rank, hire, promote, dismiss or monitor anybody."
)
MAX_ARGUMENT = 2_000
"""Characters of an argument other than a text."""
LIMITS = limits(values=500)
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


class ForeignOrigin(AppError):
    """403: a web page of another site sent this."""

    status, code = 403, "foreign_origin"


class Tools(MCPServer[Any]):
    """Refuses in words that help an assistant, and never with what it was sent."""

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """The answer of a tool. Raises ToolError."""
        schemas = {tool.name: tool.input_schema for tool in await self.list_tools()}
        if name not in schemas:
            raise ToolError(f"There is no such tool. The tools are {', '.join(schemas)}.")
        allowed = schemas[name]["properties"]
        if not set(arguments) <= set(allowed):
            raise ToolError(f"An argument is not known here. {name} takes {', '.join(allowed) or 'none'}.")
        for argument, value in arguments.items():  # the library parses strings that may hold JSON
            if argument != "text" and isinstance(value, str) and len(value) > MAX_ARGUMENT:
                raise ToolError(f"{argument}: longer than {MAX_ARGUMENT} characters.")
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            raise ToolError(_worded(error.__cause__ or error, name)) from None


def _fault(fault: Any, tool: str) -> str:
    path, message = fault["loc"], fault["msg"]
    if fault["type"] == "extra_forbidden":  # the unknown name is the caller's: it is not repeated
        path = path[:-1]
        arguments = get_type_hints(next(one for one in TOOLS if one.__name__ == tool))
        message = unknown("field", fields_at(arguments[path[0]], path[1:]))
    return f"{'.'.join(map(str, path))}: {message}"


def _worded(cause: BaseException, tool: str) -> str:
    if isinstance(cause, AppError):
        return cause.detail
    if isinstance(cause, ValidationError):
        faults = cause.errors(include_input=False, include_url=False, include_context=False)
        return "; ".join(_fault(fault, tool) for fault in faults[:5])
    if isinstance(cause, (DBAPIError, PoolTimeoutError)):
        return "The database does not answer just now. Try again."
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in extract_tb(cause.__traceback__)]
    log.error(json.dumps({"event": "crash", "tool": tool, "error": type(cause).__name__, "frames": frames}))
    return "Something broke on our side; the log knows of it."


class Server:
    """What answers the calls of /mcp, while `run()` is entered.

    Refuses other Host headers than the names given (this machine's own where none are), and the pages of other
    origins: a browser on this machine must not lend them its reach.
    """

    def __init__(self, hosts: Iterable[str], origins: Iterable[str]) -> None:
        names = (*LOOPBACK, *(host.lower() for host in hosts))
        known = [form for name in names for form in (name, f"{name}:*")]
        mine = [f"{scheme}://{form}" for scheme in ("http", "https") for form in known]
        security = TransportSecuritySettings(allowed_hosts=known, allowed_origins=[*mine, *origins])
        self._security = TransportSecurityMiddleware(security)
        self._manager: StreamableHTTPSessionManager | None = None

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Take calls."""
        server = Tools("lead-or-manage", title="Lead or Manage", instructions=INSTRUCTIONS, version=__version__)
        for tool in TOOLS:
            server.add_tool(tool, annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False))
        server.streamable_http_app(stateless_http=True, json_response=True, transport_security=self._security.settings)
        self._manager = server.session_manager
        async with self._manager.run():
            yield
        self._manager = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._manager is not None
        request = Request(scope, receive)
        try:
            if refused := await self._refused(request):
                raise refused
            media_type(request, "application/json")
            body = await request.body()
            check(body, LIMITS)
        except AppError as error:
            return await problem_response(error, scope["state"]["request_id"])(scope, receive, send)
        pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return pending.pop() if pending else await receive()

        await self._manager.handle_request(scope, replay, send)

    async def _refused(self, request: Request) -> AppError | None:
        answer = await self._security.validate_request(request, is_post=True)
        if answer is None:
            return None
        if answer.status_code == 421:
            return Misdirected("MCP is not served under this name. LOM_ALLOWED_HOSTS takes the names that are yours.")
        if answer.status_code == 403:
            return ForeignOrigin("Pages of this origin may not call MCP. LOM_CORS_ORIGINS takes those that may.")
        return UnsupportedMediaType("Send MCP messages as application/json.")
