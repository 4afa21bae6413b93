"""Writes the snapshots anew; see the package."""

import asyncio
import json
import tempfile
from pathlib import Path

import httpx
from sqlmodel import Session

from app.access.keys import SCOPES, create
from app.docs.examples import EXAMPLES, PROBLEMS
from app.main import create_app, openapi_json
from app.settings import Settings
from tests.snapshots import ACCESS, OPENAPI
from tests.snapshots.access import access_table
from tests.snapshots.answers import answers
from tests.snapshots.edits import edited
from tests.snapshots.problems import joined, one_a_line, problems
from tests.snapshots.refusals import outages, refusals
from tests.support.apps import scorer
from tests.support.databases import seeded_sqlite


async def _write() -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=seeded_sqlite(Path(folder) / "snapshot.db"))
        app = create_app(settings, scorer())
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
