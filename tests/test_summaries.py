"""What many texts call for taken together, in a batch and in a job, and what a job recommends for each."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.support.apps import key
from tests.support.texts import SITUATION

pytestmark = pytest.mark.anyio
Lines = list[dict[str, Any]]
FRENCH = "Bonjour, nous parlons beaucoup de la restructuration de notre usine."


@pytest.fixture(scope="module")
def mine(make_key: Callable[..., str]) -> dict[str, str]:
    return key(make_key("read", "score", "write", tenant="summaries"))


def texts(group: str | None, count: int) -> Lines:
    place = {} if group is None else {"group": group}
    return [{"text": f"Nobody trusts roster {n}, and it must be kept."} | place for n in range(count)]


async def summed(client: httpx.AsyncClient, items: Lines, **more: Any) -> dict[str, Any]:
    body = {"items": items, "options": {"include": []}, "summarise": True} | more
    answer = await client.post("/v1/score/batch", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["summary"]
    return found


async def finished(client: httpx.AsyncClient, mine: dict[str, str], lines: Lines, query: str = "") -> str:
    """The address of a job that has scored these lines."""
    body = "".join(f"{json.dumps(line)}\n" for line in lines)
    sent = await client.post(f"/v1/jobs{query}", content=body, headers=mine | {"content-type": "application/x-ndjson"})
    assert sent.status_code == 202, sent.text
    href: str = sent.json()["href"]
    for _ in range(600):
        if (await client.get(href, headers=mine)).json()["status"] == "done":
            return href
        await asyncio.sleep(0.1)
    raise TimeoutError(href)


async def test_a_batch_is_summarised_as_a_job_of_the_same_texts(
    client: httpx.AsyncClient, mine: dict[str, str]
) -> None:
    items = texts("Bonn", 12) + texts("Leeds", 11) + [{"text": FRENCH, "group": "Leeds"}]
    items += [{"text": " ", "group": "Bonn"}, {"text": 5, "group": "Bonn"}, *texts(None, 10)]
    href = await finished(client, mine, items)
    found = await summed(client, items)
    assert (found.pop("ok"), found.pop("error")) == (34, 2)
    assert found == (await client.get(f"{href}/summary", headers=mine)).json()
    counted = [(group["group"], group["n"], group["unreadable"], group["errors"]) for group in found["groups"]]
    assert counted == [("Bonn", 12, 0, 2), ("Leeds", 11, 1, 0), (None, 10, 0, 0)]
    assert sum(verdict["counted"] for verdict in found["total"]["verdicts"].values()) == found["total"]["n"] == 33


async def test_a_batch_shows_no_small_group_and_none_that_gives_one_away(client: httpx.AsyncClient) -> None:
    found = await summed(client, texts("Bonn", 9) + texts("Leeds", 10) + texts("York", 11))
    assert [group["group"] for group in found["groups"]] == ["York"]
    assert found["withheld"] == 2 and found["smallest_group"] == 10
    assert (await summed(client, texts("Bonn", 9)))["total"] is None


async def test_a_batch_is_summarised_only_where_that_is_asked_for(client: httpx.AsyncClient) -> None:
    assert await summed(client, texts("Bonn", 1), summarise=False) == {"ok": 1, "error": 0}
    wrong = await client.post("/v1/score/batch", json={"items": texts("Bonn", 1), "summarise": "yes"})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"] == "/summarise"


@pytest.mark.parametrize("group", ["x" * 201, "a\x00", 5])
async def test_an_item_whose_group_does_not_fit_gets_an_error_of_its_own(client: httpx.AsyncClient, group: Any) -> None:
    answer = await client.post("/v1/score/batch", json={"items": [{"text": FRENCH, "group": group}]})
    assert answer.status_code == 200
    assert answer.json()["results"][0]["error"]["errors"][0]["pointer"] == "/items/0/group"


async def test_a_job_recommends_the_programs_that_score_recommends_for_the_same_preferences(
    client: httpx.AsyncClient, mine: dict[str, str]
) -> None:
    preferences = {"focus": "leadership", "delivery": "blended", "pace": "part-time", "max_months": 12}

    async def of_job(**wanted: Any) -> Any:
        query = httpx.QueryParams({"max_recommendations": 10} | wanted)
        href = await finished(client, mine, [{"text": SITUATION}], f"?{query}")
        (line,) = (await client.get(f"{href}/results", headers=mine)).text.splitlines()
        return json.loads(line)["result"]["recommendations"]["programs"]

    async def of_score(**wanted: Any) -> Any:
        body = {"text": SITUATION, "options": {"max_recommendations": 10, "preferences": wanted}}
        return (await client.post("/v1/score", json=body, headers=mine)).json()["recommendations"]["programs"]

    for name, value in preferences.items():
        found = await of_job(**{name: value})
        assert found == await of_score(**{name: value})
        assert found != await of_score(), name
    assert await of_job(**preferences) == await of_score(**preferences)


@pytest.mark.parametrize("wrong", ["focus=sales", "delivery=mail", "pace=slow", "max_months=0", "max_months=x"])
async def test_a_job_with_a_preference_that_does_not_exist_is_refused(
    client: httpx.AsyncClient, mine: dict[str, str], wrong: str
) -> None:
    headers = mine | {"content-type": "application/x-ndjson"}
    answer = await client.post(f"/v1/jobs?{wrong}", content=b'{"text": "A plan."}', headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"?{wrong.partition('=')[0]}"
