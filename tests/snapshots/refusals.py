"""The real problems that come from who asks, and from the state of the service."""

import tempfile
from pathlib import Path
from typing import Any

import httpx
from sqlmodel import Session

from app.access.keys import SCOPES, create, new_key
from app.access.middleware import OWN_PATHS, UNGUARDED
from app.archive.idempotency import claim
from app.archive.requests import KeepRequest
from app.archive.store import KEEP
from app.assessments import slots
from app.main import create_app
from app.settings import Settings
from tests.snapshots.problems import by_status
from tests.snapshots.requests import EDITS, NO_KEY, REQUESTS, SHOWN_ID, send
from tests.support.apps import scorer
from tests.support.databases import seeded_sqlite


async def refusals() -> dict[str, dict[str, list[Any]]]:
    """The real 401, 403 and 429 of every operation that looks at keys."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=seeded_sqlite(Path(folder) / "refusal.db"))
        app, found = create_app(settings, scorer()), {}
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


async def outages() -> dict[str, dict[str, list[Any]]]:
    """The real 503 of every operation that can answer it: no patience for a slot, no database for the rest."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=seeded_sqlite(Path(folder) / "outage.db"))
        app = create_app(settings, scorer())
        transport, found = httpx.ASGITransport(app), {}
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://x") as c:
            with Session(app.state.engine) as session:
                mine, _ = create(session, name="mine", tenant="acme", scopes=list(SCOPES))
                method, path, body = REQUESTS["keep_assessment"]
                claim(session, "acme", KEEP, "one", KeepRequest.model_validate(body).model_dump_json())
                session.commit()
            headers = SHOWN_ID | {"X-API-Key": mine, "Idempotency-Key": "one"}
            running = (await c.request(method, path, json=body, headers=headers)).json()
            patient, slots.SLOT_WAIT_SECONDS = slots.SLOT_WAIT_SECONDS, 0.0
            for operation in ("score", "score_batch"):
                method, path, body = REQUESTS[operation]
                found[operation] = {"503": [(await c.request(method, path, json=body, headers=SHOWN_ID)).json()]}
            slots.SLOT_WAIT_SECONDS = patient
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
