"""Counts corrected for the model's errors; no small group can be worked out."""

from typing import Any

import httpx
import numpy as np
import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from app.assessments.service import Assessor
from app.assessments.summary import gather, summarise, withheld
from app.jobs.intake import Conflict
from app.jobs.routes import get_job_summary
from app.jobs.tables import Job
from app.settings import Settings
from tests.support.apps import scorer
from tests.support.jobs import ended, ndjson, results, started

pytestmark = pytest.mark.anyio


def tallied(*groups: tuple[str | None, list[int]]) -> list[list[Any]]:
    return [[[name, counts, 0, 0, sum(counts) * 0.5, sum(counts) * 0.25] for name, counts in groups]]


CONFUSION = [[90, 0, 10, 0], [0, 80, 20, 0], [0, 0, 100, 0], [0, 0, 0, 50]]


def test_counts_are_corrected_by_the_confusion_of_the_card() -> None:
    # 200 of leadership and 100 of both, read by such a model: 180 leadership, 120 both
    found = summarise(tallied((None, [180, 0, 120, 0])), CONFUSION)
    verdicts = found["total"]["verdicts"]
    assert verdicts["leadership"]["counted"] == 180
    assert verdicts["leadership"]["corrected"]["value"] == pytest.approx(200, abs=0.2)
    assert verdicts["both"]["corrected"]["value"] == pytest.approx(100, abs=0.2)
    demand = found["total"]["demand"]
    assert demand["leadership"] == {"mean": 0.5, "corrected": demand["leadership"]["corrected"]}
    assert demand["leadership"]["corrected"]["value"] == 1.0
    assert demand["management"]["corrected"]["value"] == pytest.approx(1 / 3, abs=1e-3)
    assert found["groups"] == [] and found["withheld"] == 0


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    chance, held, width = np.random.default_rng(7), 0, []
    truth, rates = np.array([0.35, 0.3, 0.25, 0.1]), np.array(CONFUSION) / np.sum(CONFUSION, axis=1, keepdims=True)
    rates = 0.9 * rates + 0.025
    for _ in range(200):
        card = [chance.multinomial(150, row).tolist() for row in rates]
        counts = chance.multinomial(400, truth @ rates).tolist()
        low, high = summarise(tallied((None, counts)), card)["total"]["verdicts"]["leadership"]["corrected"]["interval"]
        held += low <= 400 * truth[0] <= high
        width.append(high - low)
    assert 0.92 <= held / 200 <= 0.985
    assert 30 < np.mean(width) < 80


@pytest.mark.parametrize(
    ("sizes", "hidden"),
    [
        ({"a": 10, "b": 30}, set()),
        ({"a": 9, "b": 30, "c": 40}, {"a", "b"}),
        ({"a": 9, "b": 8, "c": 40}, {"a", "b"}),
        ({"a": 2, "b": 3, "c": 40, "d": 50}, {"a", "b", "c"}),
        ({"a": 9, "b": 30}, {"a", "b"}),
        ({None: 3, "b": 30, "c": 31}, {None, "b"}),
    ],
)
def test_no_small_group_is_shown_or_can_be_worked_out(sizes: dict[str | None, int], hidden: set[str | None]) -> None:
    tallies = tallied(*((name, [size, 0, 0, 0]) for name, size in sizes.items()))
    assert withheld(gather(tallies)) == hidden
    found = summarise(tallies, CONFUSION)
    shown = {group["group"]: group["n"] for group in found["groups"]}
    assert set(shown) == set(sizes) - hidden
    assert found["withheld"] == len(hidden)
    rest = (found["total"]["n"] if found["total"] else 0) - sum(shown.values())
    assert rest == 0 or (rest >= 10 and len(hidden) >= 2)


def test_a_total_under_ten_is_not_shown() -> None:
    assert summarise(tallied(("a", [3, 0, 0, 0]), ("b", [6, 0, 0, 0])), CONFUSION)["total"] is None
    assert summarise([], CONFUSION)["total"] is None


@pytest.mark.both_databases
async def test_the_summary_counts_by_group_once_the_job_has_ended(
    client: httpx.AsyncClient, mine: dict[str, str]
) -> None:
    lines = [{"text": f"Nobody trusts the roster {n}.", "group": "Leeds" if n % 2 else "Bonn"} for n in range(24)]
    lines += [{"text": "Bonjour, nous parlons beaucoup de la restructuration de notre usine.", "group": "Leeds"}]
    job = await started(client, mine, ndjson(*lines, {"text": " ", "group": "Bonn"}))
    await ended(client, job, mine)
    found = (await client.get(f"{job['href']}/summary", headers=mine)).json()
    assert (found["total"]["n"], found["total"]["unreadable"], found["total"]["errors"]) == (24, 1, 1)
    assert [(group["group"], group["n"], group["unreadable"], group["errors"]) for group in found["groups"]] == [
        ("Bonn", 12, 0, 1),
        ("Leeds", 12, 1, 0),
    ]
    demands = [line["result"]["demand"]["leadership"] for line in await results(client, job, mine)
               if line["status"] == "ok" and line["result"]["status"] != "unreadable"]  # fmt: skip
    assert found["total"]["demand"]["leadership"]["mean"] == pytest.approx(np.mean(demands), abs=1e-3)


def test_the_summary_waits_for_the_end(waiting: tuple[Engine, str], settings: Settings) -> None:
    with pytest.raises(Conflict), Session(waiting[0]) as session:
        get_job_summary(session, Assessor(scorer(), 1), session.get_one(Job, waiting[1]))
