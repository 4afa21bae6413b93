"""Programs of an organisation, and requests that change them."""

from collections.abc import Callable
from typing import Any

import httpx

MakeKey = Callable[..., str]
MERGE = {"content-type": "application/merge-patch+json"}
ALL = ("read", "score", "admin")


def key(value: str, tag: str | None = None) -> dict[str, str]:
    return {"X-API-Key": value} | ({"If-Match": tag} if tag else {})


def program(slug: str, **more: Any) -> dict[str, Any]:
    return {
        "slug": slug,
        "name": "Leading a merger",
        "school": "Acme Academy",
        "description": "For those whose team is merged.",
        "audience": "Team leaders.",
        "criteria": [{"slug": "change", "why": "It is about mergers."}],
    } | more


async def patch(client: httpx.AsyncClient, path: str, body: Any, headers: dict[str, str]) -> httpx.Response:
    return await client.patch(path, json=body, headers=headers | MERGE)
