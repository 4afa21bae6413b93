"""Writes the snapshots anew: `.venv/bin/python -m tests.snapshots`, after a wanted change of contract, model or seed.

app/docs/examples.json holds real answers that the documentation shows; tests/openapi.json is the contract as served.
"""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

import httpx

from app.assessments.schemas import BatchRequest, ScoreRequest
from app.docs.examples import EXAMPLES
from app.main import create_app, openapi_json, set_up
from app.settings import Settings

OPENAPI = Path(__file__).parent / "openapi.json"
REQUESTS: dict[str, tuple[str, str, dict[str, Any] | None]] = {
    "score": ("POST", "/v1/score", ScoreRequest.model_config["json_schema_extra"]["examples"][0]),  # type: ignore[call-overload, index]
    "score_batch": ("POST", "/v1/score/batch", BatchRequest.model_config["json_schema_extra"]["examples"][0]),  # type: ignore[call-overload, index]
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
    "list_facts": ("GET", "/v1/facts?limit=1", None),
    "get_fact": ("GET", "/v1/facts/vp-average-salary-us", None),
    "get_catalogue": ("GET", "/v1/catalogue", None),
    "list_models": ("GET", "/v1/models", None),
    "get_model": ("GET", "/v1/models/current", None),
    "healthz": ("GET", "/healthz", None),
    "readyz": ("GET", "/readyz", None),
}


async def answers(client: httpx.AsyncClient) -> dict[str, Any]:
    """The real answer to every request, the whole catalogue cut to one item a list."""
    found = {}
    for operation, (method, path, body) in REQUESTS.items():
        answer = (await client.request(method, path, json=body)).json()
        if operation == "get_catalogue":
            answer = {name: part[:1] if isinstance(part, list) else part for name, part in answer.items()}
        found[operation] = answer
    return found


async def _write() -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=f"sqlite:///{folder}/snapshot.db")
        set_up(settings)
        app = create_app(settings)
        transport = httpx.ASGITransport(app)
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://x") as c:
            EXAMPLES.write_text(json.dumps(await answers(c), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        OPENAPI.write_text(openapi_json(create_app(settings)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(_write())
