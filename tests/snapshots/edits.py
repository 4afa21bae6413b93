"""Changes of the catalogue: their answers and their problems."""

import json
import tempfile
from pathlib import Path
from typing import Any

import httpx
from sqlmodel import Session

from app.access.keys import SCOPES, create
from app.main import create_app
from app.settings import Settings
from tests.snapshots.requests import EDITS, REQUESTS, SHOWN_ID, Body, typed
from tests.snapshots.steady import settled
from tests.support.apps import scorer
from tests.support.databases import seeded_sqlite


async def edited() -> tuple[dict[str, Any], dict[str, dict[str, list[Any]]]]:
    """The real answers of the operations that change the catalogue, and their problems, by status."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=seeded_sqlite(Path(folder) / "edit.db"))
        app = create_app(settings, scorer())
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
