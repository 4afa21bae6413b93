"""Who may do what."""

import tempfile
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from sqlmodel import Session

from app.access.keys import SCOPES, create, revoke
from app.main import create_app
from app.settings import Settings
from tests.snapshots.requests import REQUESTS, send
from tests.support.apps import scorer
from tests.support.databases import seeded_sqlite


async def access_table() -> str:
    """Keys x operations: the status where a caller is refused, `yes` where it is let in."""
    lines = [
        f"{'operation':<24}{'open':<8}{'closed':<8}" + "".join(f"{name:<8}" for name in (*SCOPES, "expired", "revoked"))
    ]
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=seeded_sqlite(Path(folder) / "access.db"))
        opened, closed = (
            create_app(settings, scorer()),
            create_app(settings.model_copy(update={"require_key": True}), scorer()),
        )
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
