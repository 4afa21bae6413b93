"""One try to send a webhook: a name is resolved once, and the address that was judged is the one that is called."""

import asyncio
import logging
import socket
import ssl
import threading
from contextlib import suppress
from functools import cache

import httpx

from app.jobs.addresses import may_be_called
from app.jobs.webhooks import Target

SECONDS = 10.0
"""For the whole of it, from the name to the headers of the answer."""
CONNECT_SECONDS = 3.0
"""For each address of the host but the last, which has what is left."""
LOOKUPS = threading.BoundedSemaphore(32)
"""A lookup cannot be called off: so many may hang, each in a thread of its own."""

for name in ("httpx", "httpcore"):
    logging.getLogger(name).setLevel(logging.WARNING)  # below, they write down addresses and signatures


class NotSent(Exception):
    """The receiver did not take it. The message says why, in words for whoever made the job."""


class Pinned(httpx.AsyncHTTPTransport):
    """Connects to an address of the target that was judged; TLS still asks for a certificate of the target's name."""

    def __init__(self, target: Target, tls: ssl.SSLContext) -> None:
        super().__init__(verify=tls, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))
        self._target = target

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Try the addresses of the host in turn. Raises NotSent where one of them is shut."""
        addresses = await resolved(self._target)
        for address in addresses[:-1]:
            with suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await super().handle_async_request(self._to(address, request, CONNECT_SECONDS))
        return await super().handle_async_request(self._to(addresses[-1], request, None))

    def _to(self, address: str, request: httpx.Request, connect: float | None) -> httpx.Request:
        extensions = request.extensions | {"sni_hostname": self._target.host, "timeout": {"connect": connect}}
        url = request.url.copy_with(host=address)
        return httpx.Request(request.method, url, headers=request.headers, stream=request.stream, extensions=extensions)


@cache
def trusted() -> ssl.SSLContext:
    """The authorities that this machine trusts."""
    return ssl.create_default_context()


def send(target: Target, headers: dict[str, str], body: bytes, tls: ssl.SSLContext | None = None) -> None:
    """Raises NotSent unless the receiver answers 2xx in time. Redirects are not followed, the body is not read."""
    try:
        status = asyncio.run(_exchange(target, headers, body, tls or trusted()))
    except TimeoutError:
        raise NotSent(f"There was no answer within {SECONDS:g} seconds.") from None
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        tls_failed = isinstance(_root(error), ssl.SSLError)
        reason = "TLS failed, or the certificate is not trusted here." if tls_failed else "The host cannot be reached."
        raise NotSent(reason) from None
    except httpx.HTTPError:
        raise NotSent("The host broke off, or its answer was not HTTP.") from None
    if not 200 <= status < 300:
        raise NotSent(f"The host answered with status {status}; 2xx takes the message, redirects are not followed.")


async def _exchange(target: Target, headers: dict[str, str], body: bytes, tls: ssl.SSLContext) -> int:
    async with (
        asyncio.timeout(SECONDS),
        httpx.AsyncClient(transport=Pinned(target, tls), trust_env=False, timeout=httpx.Timeout(None)) as client,
        client.stream("POST", target.url, content=body, headers=headers) as answer,
    ):
        return answer.status_code


async def resolved(target: Target) -> list[str]:
    """The addresses of a host, in the order of the system. Raises NotSent where there is none, or one that is shut."""
    found = await _looked_up(target)
    if not found:
        raise NotSent("The host's name could not be resolved.")
    if not all(may_be_called(address, target.loopback) for address in found):
        raise NotSent("The host's name leads to an address that is never called (this machine, link, metadata, ...).")
    return found


async def _looked_up(target: Target) -> list[str]:
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[str]] = loop.create_future()

    def settle(addresses: list[str]) -> None:
        if not found.done():
            found.set_result(addresses)

    def look_up() -> None:
        try:
            entries = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            entries = []
        finally:
            LOOKUPS.release()
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, list(dict.fromkeys(str(entry[4][0]) for entry in entries)))

    if not LOOKUPS.acquire(blocking=False):
        return []
    threading.Thread(target=look_up, name="webhook-lookup", daemon=True).start()
    return await found


def _root(error: BaseException) -> BaseException:
    """What an error began with."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    return error
