"""The real answer to every request."""

import asyncio
from typing import Any

import httpx

from app.access.middleware import OWN_PATHS
from tests.snapshots.edits import edited
from tests.snapshots.requests import EDITS, REQUESTS, SHOWN_ID, send
from tests.snapshots.steady import settled, steady


async def job_answers(client: httpx.AsyncClient, key: str) -> dict[str, Any]:
    """The real answers about a job, once it is done; of its results the first line."""
    headers, found, made = SHOWN_ID | {"X-API-Key": key}, {}, ""
    for operation, (_, path, _) in REQUESTS.items():
        if path.startswith("/v1/jobs"):
            given = await send(client, operation, headers, made)
            if operation == "create_job":
                made = given.json()["id"]
                found[operation] = steady(given.json() | {"status": "queued", "done": 0, "started_at": None})
                for _ in range(600):
                    if (await send(client, "get_job_progress", headers, made)).json()["status"] == "done":
                        break
                    await asyncio.sleep(0.1)
            elif operation == "get_job_results":
                found[operation] = given.text.splitlines(keepends=True)[0]
            elif operation != "delete_job":  # it answers nothing
                found[operation] = steady(given.json())
    return found


async def answers(client: httpx.AsyncClient, key: str) -> dict[str, Any]:
    """The real answer to every request, the whole catalogue cut to one item a list. The key is of an organisation
    that keeps nothing yet."""
    found: dict[str, Any] = {}
    kept, (edits, _) = "", await edited()
    for operation, (method, path, body) in REQUESTS.items():
        if path.startswith("/v1/jobs"):
            continue
        if path.startswith(OWN_PATHS):
            headers = SHOWN_ID | {"X-API-Key": key}
            given = await client.request(method, path.replace("{id}", kept), json=body, headers=headers)
            if operation == "keep_assessment":
                kept = given.json()["id"]
            if operation != "delete_assessment":  # it answers nothing
                picture = given.headers["content-type"] == "image/svg+xml"
                found[operation] = steady(given.text if picture else given.json())
            continue
        if operation in EDITS:
            found[operation] = edits[operation]
            continue
        answer = settled((await client.request(method, path, json=body, headers=SHOWN_ID)).json())
        if operation == "get_catalogue":
            answer = {name: part[:1] if isinstance(part, list) else part for name, part in answer.items()}
        found[operation] = answer
    return found | await job_answers(client, key)
