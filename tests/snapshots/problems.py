"""The real problems that a request can cause."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from anyio import to_thread
from sqlalchemy import Engine
from sqlmodel import Session

from app.access.keys import find
from app.access.middleware import OWN_PATHS
from app.jobs.store import new_id
from app.jobs.tables import Job
from tests.snapshots.requests import EDITS, JOB, NDJSON, REQUESTS, SHOWN_ID, Body, send

BAD_BODIES: dict[str, list[Body]] = {
    "400": [b"{"],
    "422": [
        {"text": " "},
        {"text": "work " * 2001},
        {"text": "A plan.", "options": {"model_version": "1999.1"}},
        {"text": "A plan.", "options": {"max_evidence": 50}},
        {"txt": "A plan."},
    ],
    "413": [b" " * (256 * 1024 + 1)],
}
BAD_BATCHES: dict[str, list[Body]] = {
    "400": [b"{"],
    "422": [{"items": []}, {"items": [{"text": "A plan."}], "options": {"model_version": "1999.1"}}],
    "413": [{"items": [{"text": "A plan."}] * 1001}, b" " * (8 * 1024 * 1024 + 1)],
}
BAD_KEPT: dict[str, list[Body]] = {
    "400": [b"{"],
    "422": [
        {"text": " "},
        {"text": "A plan.", "subject_ref": "Anna Berger"},
        {"text": "A plan.", "retention_days": 31},
    ],
    "413": BAD_BODIES["413"],
}
NOT_THERE = {"slug": "change", "present": True, "evidence": [{"quote": "words that nobody wrote"}]}
BAD_FEEDBACK: dict[str, list[Body]] = {
    "400": [b"{"],
    "422": [{"agree": False}, {"agree": False, "verdict": "both", "criteria": [NOT_THERE]}],
    "413": BAD_BODIES["413"],
}
BAD = {"score_batch": BAD_BATCHES, "keep_assessment": BAD_KEPT, "give_feedback": BAD_FEEDBACK}
NEVER_UNKNOWN = {"get_catalogue", "get_privacy", "export_subject", "erase_subject"}
BAD_QUERIES = {"400": ["cursor=nope"], "422": ["colour=red", "limit=500", "sort=price"]}


async def problems(client: httpx.AsyncClient, key: str) -> dict[str, dict[str, list[Any]]]:
    """The real problems of every operation that a request can cause, by status."""

    async def ask(method: str, path: str, body: Body | None = None, media_type: str | None = None) -> tuple[str, Any]:
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = SHOWN_ID | ({"content-type": media_type} if media_type else {})
        headers |= {"X-API-Key": key, "Idempotency-Key": "one"} if path.startswith(OWN_PATHS) else {}
        answer = await client.request(method, path, content=content, headers=headers)
        return str(answer.status_code), answer.json()

    found: dict[str, dict[str, list[Any]]] = {}
    _, first = await ask("POST", "/v1/assessments", REQUESTS["keep_assessment"][2], "application/json")
    for operation, (method, url, _) in REQUESTS.items():
        if operation in EDITS or url.startswith("/v1/jobs"):
            continue
        path = url.partition("?")[0].replace("{id}", first["id"])
        asked = [await ask("PUT", path)]
        if method == "POST":
            asked.append(await ask("POST", path, b"A plan.", "text/plain"))
            bodies = BAD.get(operation, BAD_BODIES)
            asked += [await ask("POST", path, body, "application/json") for part in bodies.values() for body in part]
            if operation == "keep_assessment":
                asked.append(await ask("POST", path, {"text": "Another plan."}, "application/json"))
        else:
            asked.append(await ask(method, path, b" " * (256 * 1024 + 1)))
            if operation not in {"healthz", "readyz"}:
                lists = operation.startswith("list_") and operation != "list_models"
                queries = [query for part in BAD_QUERIES.values() for query in part] if lists else ["colour=red"]
                asked += [await ask(method, f"{path}?{query}") for query in queries]
        if "{id}" in url:
            place = url.partition("?")[0].replace("{id}", "nope")
            asked.append(await ask(method, place, {"agree": True} if method == "POST" else None, "application/json"))
        elif operation.startswith("get_") and operation not in NEVER_UNKNOWN:
            asked.append(await ask("GET", f"{path.rpartition('/')[0]}/nope"))
        kinds: dict[str, list[Any]] = {}
        for status, body in asked:
            kinds.setdefault(status, []).append(body)
        found[operation] = kinds
    return found | await job_problems(client, key)


BAD_JOBS: list[tuple[str, bytes, dict[str, str]]] = [
    ("", JOB, {"Idempotency-Key": "on-its-way"}),
    ("", JOB, {"content-length": str(2**40)}),
    ("", JOB, {"content-type": "application/json"}),
    ("", b"\n", {}),
    ("?include=explanation", JOB, {}),
    ("?model_version=1999.1", JOB, {}),
    ("?webhook=https://evil.example.com/", JOB, {}),
    ("?text_column=comment", b"id,text\n1,A plan.\n", {"content-type": "text/csv"}),
    ("", b"id,text\n", {"content-type": "text/csv"}),
    ("", b"id,text1,A plan.2,Another.", {"content-type": "text/csv"}),
    ("", b'id,"text\n1,A plan.\n', {"content-type": "text/csv"}),
    ("", "id,text\n1,Die Fähre fährt früh.\n".encode("cp1252"), {"content-type": "text/csv"}),
    ("", JOB, {"content-type": "application/x-www-form-urlencoded"}),
    ("", JOB, {"Idempotency-Key": "known"}),
]


async def job_problems(client: httpx.AsyncClient, key: str) -> dict[str, dict[str, list[Any]]]:
    """The same of the operations on jobs; one job is always on its way, another has long ended."""
    headers, found = SHOWN_ID | {"X-API-Key": key}, {}
    early = await to_thread.run_sync(_jobs, client._transport.app.state.engine, key)  # type: ignore[attr-defined]
    for operation, (method, url, _) in REQUESTS.items():
        if not url.startswith("/v1/jobs"):
            continue
        path = url.replace("{id}", early)
        asked = [await client.put(path, headers=headers)]
        if operation == "create_job":
            asked += [await client.post(path + q, content=b, headers=headers | NDJSON | h) for q, b, h in BAD_JOBS]
        else:
            asked.append(await client.request(method, path, content=b" " * (256 * 1024 + 1), headers=headers))
            asked.append(await client.request(method, f"{path}?colour=red", headers=headers))
        if operation == "list_jobs":
            asked.append(await client.get(f"{path}?cursor=nope", headers=headers))
        if "{id}" in url:
            asked.append(await send(client, operation, headers, "nope"))
        if operation == "get_job_summary":
            asked.append(await client.get(path, headers=headers))
        found[operation] = by_status(asked)
    return found


def _jobs(engine: Engine, key: str) -> str:
    """Makes the two jobs; the id of the one that is on its way."""
    now = datetime.now(UTC)
    with Session(engine) as session:
        caller = find(session, key)
        assert caller
        same: dict[str, Any] = {"tenant": caller.tenant, "options": {}, "request_id": "shown", "created_at": now}
        same |= {"expires_at": now + timedelta(days=1), "digest": ""}
        early = new_id()
        session.add(Job(id=early, status="receiving", idempotency_key="on-its-way", **same))
        session.add(Job(id=new_id(), status="done", idempotency_key="known", **same))
        session.commit()
    return early


def by_status(asked: list[httpx.Response]) -> dict[str, list[Any]]:
    """The bodies of some answers by their status."""
    kinds: dict[str, list[Any]] = {}
    for given in asked:
        kinds.setdefault(str(given.status_code), []).append(given.json())
    return kinds


def joined(*parts: dict[str, dict[str, list[Any]]]) -> dict[str, dict[str, list[Any]]]:
    """The problems of all parts, by operation and status."""
    return {operation: {k: v for part in parts for k, v in part.get(operation, {}).items()} for operation in REQUESTS}


def one_a_line(found: dict[str, dict[str, list[Any]]]) -> str:
    """JSON with one problem on a line, to be read in a diff."""
    operations = []
    for operation, kinds in found.items():
        lines = [
            f'  "{status}": [\n' + ",\n".join(f"   {json.dumps(one, ensure_ascii=False)}" for one in shown) + "\n  ]"
            for status, shown in sorted(kinds.items())
        ]
        operations.append(f' "{operation}": {{\n' + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(operations) + "\n}\n"
