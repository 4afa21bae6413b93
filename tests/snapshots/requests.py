"""The request of every operation that the snapshots show."""

import json
from typing import Any

import httpx

from app.docs.examples import REQUESTS as BODIES

SHOWN: dict[str, dict[str, Any]] = json.loads(BODIES.read_text(encoding="utf-8"))
JOB = "".join(
    json.dumps({"id": f"{site}-{n}", "group": site, "text": told}) + "\n"
    for site, told in (
        (
            "Bonn",
            "Forty invoices a day must be checked against their orders by the same five steps, and each paid by "
            "Friday.",
        ),
        ("Leeds", "After the argument on Friday half the kitchen refuses to work with the other half."),
    )
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
NO_KEY = "lom_live_not-a-key"
SHOWN_ID = {"X-Request-ID": "0b6f6d1e5b0f4c1c9a0f3f1f5d7c2a11"}
Body = bytes | dict[str, Any] | list[Any]


def typed(operation: str) -> dict[str, str]:
    """The media type of the body of an operation."""
    return {"content-type": "application/merge-patch+json" if operation.startswith("change_") else "application/json"}


async def send(
    client: httpx.AsyncClient, operation: str, headers: dict[str, str], identifier: str = "{id}"
) -> httpx.Response:
    """The shown request of an operation."""
    method, path, body = REQUESTS[operation]
    path = path.replace("{id}", identifier)
    if isinstance(body, bytes):
        return await client.request(method, path, content=body, headers=headers | NDJSON)
    return await client.request(method, path, json=body, headers=headers | (typed(operation) if body else {}))
