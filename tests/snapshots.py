"""Writes the snapshots anew: `.venv/bin/python -m tests.snapshots`, after a wanted change of contract, model or seed.

app/docs/examples.json and problems.json hold real answers that the documentation shows; tests/openapi.json is the
contract as served.
"""

import asyncio
import json
import re
import tempfile
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from anyio import to_thread
from sqlalchemy import Engine
from sqlmodel import Session

from app.access.keys import SCOPES, create, find, new_key, revoke
from app.access.middleware import OWN_PATHS, UNGUARDED
from app.archive.idempotency import claim
from app.archive.requests import KeepRequest
from app.archive.routes import EXAMPLE_ID
from app.archive.store import KEEP
from app.assessments import service
from app.docs.examples import EXAMPLES, PROBLEMS
from app.docs.examples import REQUESTS as BODIES
from app.jobs.store import new_id
from app.jobs.tables import Job
from app.main import create_app, openapi_json, set_up
from app.settings import Settings

OPENAPI = Path(__file__).parent / "openapi.json"
ACCESS = Path(__file__).parent / "access.txt"
SHOWN: dict[str, dict[str, Any]] = json.loads(BODIES.read_text(encoding="utf-8"))
JOB = "".join(
    json.dumps({"id": f"{site}-{n}", "group": site, "text": f"{told} {n} times this year."}) + "\n"
    for site, told in (("Bonn", "Every invoice is checked against its order"), ("Leeds", "The crew fell out"))
    for n in range(2, 14)
).encode()
NDJSON = {"content-type": "application/x-ndjson"}
REQUESTS: dict[str, tuple[str, str, dict[str, Any] | bytes | None]] = {
    "score": ("POST", "/v1/score", SHOWN["score"]["both"]["value"]),
    "score_batch": ("POST", "/v1/score/batch", SHOWN["score_batch"]["four"]["value"]),
    "list_concepts": ("GET", "/v1/concepts?limit=1", None),
    "get_concept": ("GET", "/v1/concepts/leadership", None),
    "list_differences": ("GET", "/v1/differences?limit=1", None),
    "get_difference": ("GET", "/v1/differences/focus", None),
    "list_criteria": ("GET", "/v1/criteria?limit=1", None),
    "get_criterion": ("GET", "/v1/criteria/change", None),
    "list_factors": ("GET", "/v1/factors?limit=1", None),
    "get_factor": ("GET", "/v1/factors/urgency", None),
    "list_styles": ("GET", "/v1/styles?limit=1", None),
    "get_style": ("GET", "/v1/styles/transformational-leadership", None),
    "list_skills": ("GET", "/v1/skills?limit=1", None),
    "get_skill": ("GET", "/v1/skills/visioning", None),
    "list_programs": ("GET", "/v1/programs?limit=1", None),
    "get_program": ("GET", "/v1/programs/chicago-booth-adp", None),
    "create_program": ("POST", "/v1/programs", SHOWN["create_program"]["coaching"]["value"]),
    "change_program": ("PATCH", "/v1/programs/acme-leading-change", SHOWN["change_program"]["shorter"]["value"]),
    "retire_program": ("DELETE", "/v1/programs/acme-leading-change?successor=ucla-pgpx", None),
    "create_skill": ("POST", "/v1/skills", SHOWN["create_skill"]["listening"]["value"]),
    "change_skill": ("PATCH", "/v1/skills/listening", SHOWN["change_skill"]["words"]["value"]),
    "retire_skill": ("DELETE", "/v1/skills/listening?successor=communication", None),
    "list_facts": ("GET", "/v1/facts?limit=1", None),
    "get_fact": ("GET", "/v1/facts/vp-average-salary-us", None),
    "get_catalogue": ("GET", "/v1/catalogue", None),
    "list_models": ("GET", "/v1/models", None),
    "get_model": ("GET", "/v1/models/current", None),
    "keep_assessment": ("POST", "/v1/assessments", SHOWN["keep_assessment"]["kept"]["value"]),
    "list_assessments": ("GET", "/v1/assessments?limit=1", None),
    "draw_assessment": ("GET", "/v1/assessments/{id}.svg", None),
    "get_assessment": ("GET", "/v1/assessments/{id}", None),
    "give_feedback": ("POST", "/v1/assessments/{id}/feedback", SHOWN["give_feedback"]["corrected"]["value"]),
    "list_feedback": ("GET", "/v1/assessments/{id}/feedback?limit=1", None),
    "export_subject": ("GET", "/v1/subjects/p-7f3a/export", None),
    "erase_subject": ("DELETE", "/v1/subjects/p-7f3a", None),
    "delete_assessment": ("DELETE", "/v1/assessments/{id}", None),
    "create_job": ("POST", "/v1/jobs", JOB),
    "list_jobs": ("GET", "/v1/jobs", None),
    "get_job_progress": ("GET", "/v1/jobs/{id}", None),
    "get_job_results": ("GET", "/v1/jobs/{id}/results", None),
    "get_job_summary": ("GET", "/v1/jobs/{id}/summary", None),
    "cancel_job": ("POST", "/v1/jobs/{id}/cancel", None),
    "delete_job": ("DELETE", "/v1/jobs/{id}", None),
    "get_privacy": ("GET", "/v1/privacy", None),
    "healthz": ("GET", "/healthz", None),
    "readyz": ("GET", "/readyz", None),
}

EDITS = ("create_program", "change_program", "retire_program", "create_skill", "change_skill", "retire_skill")
MOMENT = "2026-11-25T08:00:00Z"
NO_KEY = "lom_live_not-a-key"
SHOWN_ID = {"X-Request-ID": "0b6f6d1e5b0f4c1c9a0f3f1f5d7c2a11"}


def typed(operation: str) -> dict[str, str]:
    """The media type of the body of an operation."""
    return {"content-type": "application/merge-patch+json" if operation.startswith("change_") else "application/json"}


def settled(value: Any) -> Any:
    """An answer with one moment in place of all that depend on when it was made."""
    if isinstance(value, dict):
        return {
            name: MOMENT if name in {"modified_at", "retired_at"} and part else settled(part)
            for name, part in value.items()
        }
    return [settled(part) for part in value] if isinstance(value, list) else value


STEADY = (
    (r'(?<="expires_at": ")[^"]+', "2026-01-19T09:00:00Z"),
    (r'(?<=_at": ")[^"]+(?<!2026-01-19T09:00:00Z)(?=")', "2026-01-05T09:00:00Z"),
    (r"(?<=, )\d{4}-\d\d-\d\d(?=, )", "2026-01-05"),
    (r'(?<="key_id": ")[^"]+', "1f2e3d4c5b6a"),
    (r"\b[0-9a-f]{32}\b", EXAMPLE_ID),
    (r"\b[0-9a-f]{64}\b", EXAMPLE_ID * 2),
)


def steady(value: Any) -> Any:
    """The same with ids, times and hashes that do not differ from run to run."""
    written = json.dumps(value, ensure_ascii=False)
    for pattern, stand_in in STEADY:
        written = re.sub(pattern, stand_in, written)
    return json.loads(written)


async def send(
    client: httpx.AsyncClient, operation: str, headers: dict[str, str], identifier: str = "{id}"
) -> httpx.Response:
    """The shown request of an operation."""
    method, path, body = REQUESTS[operation]
    path = path.replace("{id}", identifier)
    if isinstance(body, bytes):
        return await client.request(method, path, content=body, headers=headers | NDJSON)
    return await client.request(method, path, json=body, headers=headers | (typed(operation) if body else {}))


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


Body = bytes | dict[str, Any] | list[Any]
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
    ("?text_column=comment", b"text\nA plan.\n", {"content-type": "text/csv"}),
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


async def edited() -> tuple[dict[str, Any], dict[str, dict[str, list[Any]]]]:
    """The real answers of the operations that change the catalogue, and their problems, by status."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=f"sqlite:///{folder}/edit.db")
        set_up(settings)
        app = create_app(settings)
        found: dict[str, Any] = {}
        kinds: dict[str, dict[str, list[Any]]] = {operation: {} for operation in EDITS}
        transport = httpx.ASGITransport(app)
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://x") as c:
            with Session(app.state.engine) as session:
                key, _ = create(session, name="editor", tenant="acme", scopes=list(SCOPES))
                session.commit()
            c.headers.update({"X-API-Key": key} | SHOWN_ID)

            async def ask(operation: str, path: str, body: Body | None, **headers: str) -> httpx.Response:
                method = REQUESTS[operation][0]
                content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
                declared = {} if body is None else typed(operation)
                answer = await c.request(method, path, content=content, headers=declared | headers)
                if answer.is_error:
                    kinds[operation].setdefault(str(answer.status_code), []).append(settled(answer.json()))
                return answer

            for operation in EDITS:
                _, url, body = REQUESTS[operation]
                path = url.partition("?")[0]
                tag = (await c.get(path)).headers.get("etag", "none")
                wrong = await c.put(path)
                kinds[operation]["405"] = [wrong.json()]
                await ask(operation, path, b" " * (256 * 1024 + 1))
                await ask(
                    operation, f"{path}?colour=red" if body else f"{path}?successor=nope", body, **{"if-match": tag}
                )
                if body is not None:
                    await ask(operation, path, b"{")
                    await ask(operation, path, body, **{"content-type": "text/plain"})
                    await ask(operation, path, {"months": 0, "colour": "red"}, **{"if-match": tag})
                if not operation.startswith("create_"):
                    await ask(operation, f"{path.rpartition('/')[0]}/nope", body)
                    await ask(operation, path, body)
                    await ask(operation, path, body, **{"if-match": '"an-older-state"'})
                found[operation] = settled((await ask(operation, url, body, **{"if-match": tag})).json())
                if operation.startswith("create_"):
                    await ask(operation, path, body)
            for operation in EDITS:
                if not operation.startswith("create_"):
                    _, url, body = REQUESTS[operation]
                    await ask(operation, url.partition("?")[0], body)
            for name in ("program", "skill"):
                gone = (await c.get(REQUESTS[f"retire_{name}"][1].partition("?")[0])).json()
                kinds[f"get_{name}"] = {"410": [settled(gone)]}
    return found, kinds


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


async def refusals() -> dict[str, dict[str, list[Any]]]:
    """The real 401, 403 and 429 of every operation that looks at keys."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=f"sqlite:///{folder}/refusal.db")
        set_up(settings)
        app, found = create_app(settings), {}
        transport = httpx.ASGITransport(app)
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://x") as c:
            with Session(app.state.engine) as session:
                idle, _ = create(session, name="idle", tenant="acme", scopes=[])
                busy, _ = create(session, name="busy", tenant="acme", scopes=list(SCOPES), rate=1)
                session.commit()
            await c.get("/v1/criteria", headers={"X-API-Key": busy})
            for operation, (_, path, _) in REQUESTS.items():
                if path.startswith("/v1/") and path not in UNGUARDED:
                    keys = (NO_KEY, idle, busy)
                    asked = [await send(c, operation, {**SHOWN_ID, "X-API-Key": key}) for key in keys]
                    found[operation] = by_status(asked)
    return found


async def access_table() -> str:
    """Keys x operations: the status where a caller is refused, `yes` where it is let in."""
    lines = [
        f"{'operation':<24}{'open':<8}{'closed':<8}" + "".join(f"{name:<8}" for name in (*SCOPES, "expired", "revoked"))
    ]
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=f"sqlite:///{folder}/access.db")
        set_up(settings)
        opened, closed = create_app(settings), create_app(settings.model_copy(update={"require_key": True}))
        async with AsyncExitStack() as stack:
            for app in (opened, closed):
                await stack.enter_async_context(app.router.lifespan_context(app))
            with Session(opened.state.engine) as session:
                keys = [create(session, name=scope, tenant="acme", scopes=[scope])[0] for scope in SCOPES]
                past = datetime.now(UTC) - timedelta(days=1)
                keys.append(create(session, name="expired", tenant="acme", scopes=list(SCOPES), expires_at=past)[0])
                plain, row = create(session, name="revoked", tenant="acme", scopes=list(SCOPES))
                revoke(session, row.id)
                keys.append(plain)
                session.commit()
            anyone, inside = [
                await stack.enter_async_context(
                    httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x")
                )
                for app in (opened, closed)
            ]
            for operation in REQUESTS:
                cells = []
                for client, key in ((anyone, None), (inside, None), *((inside, key) for key in keys)):
                    headers = {"X-API-Key": key} if key else {}
                    status = (await send(client, operation, headers)).status_code
                    cells.append(str(status) if status in {401, 403} else "yes")
                lines.append(f"{operation:<24}" + "".join(f"{cell:<8}" for cell in cells))
    return "\n".join(line.rstrip() for line in lines) + "\n"


async def outages() -> dict[str, dict[str, list[Any]]]:
    """The real 503 of every operation that can answer it: no free slot for scoring, no database for the rest."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=f"sqlite:///{folder}/outage.db", scoring_slots=1)
        set_up(settings)
        app = create_app(settings)
        transport, found = httpx.ASGITransport(app), {}
        patient, service.SLOT_WAIT_SECONDS = service.SLOT_WAIT_SECONDS, 0.0
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://x") as c:
            with Session(app.state.engine) as session:
                mine, _ = create(session, name="mine", tenant="acme", scopes=list(SCOPES))
                method, path, body = REQUESTS["keep_assessment"]
                claim(session, "acme", KEEP, "one", KeepRequest.model_validate(body).model_dump_json())
                session.commit()
            headers = SHOWN_ID | {"X-API-Key": mine, "Idempotency-Key": "one"}
            running = (await c.request(method, path, json=body, headers=headers)).json()
            with app.state.assessor._slot():
                for operation in ("score", "score_batch"):
                    method, path, body = REQUESTS[operation]
                    found[operation] = {"503": [(await c.request(method, path, json=body, headers=SHOWN_ID)).json()]}
            service.SLOT_WAIT_SECONDS = patient
            app.state.engine.dispose()
            Path(folder, "outage.db").write_bytes(b"this is not a database")  # noqa: ASYNC240
            for operation, (method, path, _) in REQUESTS.items():
                mine = operation in EDITS or path.startswith(OWN_PATHS)
                if mine or (method == "GET" and path not in {"/healthz", *UNGUARDED}):
                    key = {"X-API-Key": new_key()} if mine or path.startswith("/v1/models") else {}
                    answer = await send(c, operation, SHOWN_ID | key)
                    found[operation] = {"503": [answer.json()]}
            found["keep_assessment"]["409"] = [running]
    return found


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


async def _write() -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=f"sqlite:///{folder}/snapshot.db")
        set_up(settings)
        app = create_app(settings)
        transport = httpx.ASGITransport(app)
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://x") as c:
            with Session(app.state.engine) as session:
                one, two = [create(session, name=name, tenant=name, scopes=list(SCOPES))[0] for name in ("one", "two")]
                session.commit()
            shown = json.dumps(await answers(c, one), indent=1, ensure_ascii=False)
            EXAMPLES.write_text(shown + "\n", encoding="utf-8")
            wrong = joined(await problems(c, two), (await edited())[1], await refusals(), await outages())
            PROBLEMS.write_text(one_a_line(wrong), encoding="utf-8")
        ACCESS.write_text(await access_table(), encoding="utf-8")
        OPENAPI.write_text(openapi_json(create_app(settings)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(_write())
