"""/metrics: for this machine, or with an admin key. Outside of the contract: its text is Prometheus' own format."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from app.access.scopes import demand
from app.metrics import exposition
from app.settings import is_loopback

router = APIRouter(include_in_schema=False)

_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-real-ip")


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """The numbers of all workers, in the text format of Prometheus."""
    if not _from_this_machine(request):
        demand(request.scope["state"]["caller"], "admin")
    return Response(exposition(), media_type=CONTENT_TYPE_PLAIN_0_0_4)


def _from_this_machine(request: Request) -> bool:
    """Whether the request came straight from this machine; a proxy that runs here brings those of others."""
    forwarded = any(name in request.headers for name in _FORWARDED)
    return not forwarded and request.client is not None and is_loopback(request.client.host)
