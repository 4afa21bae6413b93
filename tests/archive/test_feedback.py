"""What readers say of an assessment."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.scoring.records import read_records
from app.settings import Settings
from tests.support.organisations import Answer, Organisation
from tests.support.texts import SITUATION

pytestmark = pytest.mark.anyio


@pytest.mark.both_databases
async def test_feedback_is_appended_and_comes_out_as_training_records(
    acme: Organisation, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    corrected, agreed, bare, greeting = [
        (await acme.keep(one, **more)).json()["id"]
        for one, more in (
            (SITUATION, {}),
            ("Half the crew no longer speaks to the other half since the layoffs.", {}),
            (SITUATION, {"options": {"include": []}}),
            ("Hello there.", {}),
        )
    ]
    correction = {
        "agree": False,
        "verdict": "both",
        "criteria": [
            {"slug": "change", "present": True, "evidence": [{"quote": "merging two plants"}]},
            {"slug": "creativity", "present": False, "evidence": [{"quote": "We do not need new product ideas"}]},
        ],
        "factors": [{"slug": "commitment", "present": True, "evidence": [{"quote": "Line managers"}]}],
        "recommendations": {"leadership_styles": [{"slug": "transformational-leadership"}]},
        "reason": "The merger is open.",
    }

    async def say(identifier: str, body: Any) -> Answer:
        return await acme.ask("POST", f"/assessments/{identifier}/feedback", body)

    first = await say(corrected, {"agree": True})
    second = await say(corrected, correction)
    assert second.status_code == 201
    quote = second.json()["criteria"][0]["evidence"][0]
    assert SITUATION[quote["start"] : quote["end"]] == quote["quote"] == "merging two plants"
    listed = (await acme.ask("GET", f"/assessments/{corrected}/feedback")).json()["items"]
    assert listed == [second.json(), first.json()]
    for identifier in (agreed, bare):
        await say(identifier, {"agree": True})
    await say(greeting, {"agree": False, "verdict": "insufficient"})

    monkeypatch.setenv("LOM_DATABASE_URL", settings.database_url)
    out = tmp_path / "feedback.jsonl"
    told = CliRunner().invoke(cli, ["feedback", "export", "--tenant", acme.tenant, "--out", str(out)])
    assert told.exit_code == 0 and "wrote 3" in told.stdout and "left out 1" in told.stdout
    whole, right, nothing = read_records(out)
    assert (whole.text, whole.verdict) == (SITUATION, "both")
    assert whole.criteria == {"change": ["merging two plants"]}
    assert whole.counter == {"creativity": ["We do not need new product ideas"]}
    assert whole.factors == {"commitment": ["Line managers"]}
    assert whole.leadership_styles == ["transformational-leadership"]
    assert (right.verdict, list(right.criteria)) == ("leadership", ["interpersonal"])
    assert right.leadership_styles
    assert (nothing.verdict, nothing.criteria) == ("insufficient", {})
    measured = CliRunner().invoke(cli, ["evaluate", "--data", str(out)])
    assert measured.exit_code == 0 and "on 3 situations (feedback.jsonl)" in measured.stdout


@pytest.mark.parametrize(
    "body",
    [
        {"agree": False},
        {"agree": True, "verdict": "both"},
        {"agree": False, "verdict": "both", "criteria": [{"slug": "change", "present": True}]},
        {"agree": False, "verdict": "both", "criteria": [{"slug": "charm", "present": False}]},
        {"agree": False, "verdict": "both", "criteria": [{"slug": "scale", "present": False}] * 2},
        {"agree": False, "verdict": "both", "factors": [{"slug": "urgency", "present": True, "evidence": ["x"]}]},
        {
            "agree": False,
            "verdict": "insufficient",
            "recommendations": {"management_styles": [{"slug": "managerial-management"}]},
        },
        {
            "agree": False,
            "verdict": "both",
            "criteria": [{"slug": "change", "present": True, "evidence": [{"quote": "Merging two plants"}]}],
        },
    ],
)
async def test_feedback_that_cannot_be_a_label_is_refused(acme: Organisation, body: Any) -> None:
    identifier = (await acme.keep()).json()["id"]
    refused = await acme.ask("POST", f"/assessments/{identifier}/feedback", body)
    assert refused.status_code == 422
    assert "Merging" not in refused.text and "charm" not in refused.text.split("pattern")[0]
    assert (await acme.ask("GET", f"/assessments/{identifier}/feedback")).json()["items"] == []
