"""What is kept, who sees it, the list and the picture."""

import uuid
from copy import deepcopy
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from sqlmodel import Session

from app.archive.tables import KeptAssessment
from tests.support.organisations import Organisation
from tests.support.texts import SITUATION

pytestmark = pytest.mark.anyio


@pytest.mark.both_databases
async def test_what_is_kept_is_what_scoring_answers_with_quotes_in_every_unit(
    acme: Organisation, client: httpx.AsyncClient
) -> None:
    situation = f"\U0001f984 Ünser Plan: {SITUATION}"
    for unit in ("unicode_code_point", "utf16", "utf8"):
        body = {"text": situation, "id": "case-1", "options": {"offset_unit": unit}}
        made = await acme.ask("POST", "/assessments", body)
        assert made.status_code == 201
        assert made.json()["result"] == (await client.post("/v1/score", json=body)).json()
        assert made.json()["text"] == situation
        got = await acme.ask("GET", made.headers["location"].removeprefix("/v1"))
        assert got.content == made.content
        assert got.headers["cache-control"] == "no-store"


async def test_what_was_kept_before_thresholds_were_told_is_read_drawn_handed_out_and_found_again(
    acme: Organisation, rows: Session
) -> None:
    body = {"text": SITUATION, "subject_ref": "p-1"}
    made = (await acme.ask("POST", "/assessments", body, **{"Idempotency-Key": "one"})).json()
    row = rows.get_one(KeptAssessment, made["id"])
    answer = deepcopy(row.answer)
    for trait in (*answer["criteria"], *answer["factors"]):
        assert 0 < trait.pop("present_from") < 1
    answer["confidence"]["band"] = "low"
    row.answer, row.status = answer | {"status": "uncertain"}, "uncertain"
    rows.commit()
    for trait in (*made["result"]["criteria"], *made["result"]["factors"]):
        trait["present_from"] = None
    made["result"]["confidence"]["band"], made["result"]["status"] = "low", "uncertain"
    assert (await acme.ask("GET", f"/assessments/{made['id']}")).json() == made
    assert (await acme.ask("POST", "/assessments", body, **{"Idempotency-Key": "one"})).json() == made
    handed = (await acme.ask("GET", "/subjects/p-1/export")).json()["assessments"]
    assert handed == [made | {"feedback": []}]
    drawn = await acme.ask("GET", f"/assessments/{made['id']}.svg")
    assert drawn.status_code == 200
    assert "uncertain" in drawn.text and "were right" not in drawn.text and "reaches its line" not in drawn.text


async def test_the_picture_shows_where_each_criterion_begins_to_be_present(acme: Organisation) -> None:
    kept = (await acme.keep()).json()
    drawn = (await acme.ask("GET", f"/assessments/{kept['id']}.svg")).text
    space = "{http://www.w3.org/2000/svg}"
    lines = [part for part in ElementTree.fromstring(drawn).iter(f"{space}rect") if part.get("width") == "2"]
    assert len(lines) == 8
    found = sorted(round((float(line.get("x", 0)) + 1 - 24) % 308 / 236, 2) for line in lines)
    assert found == sorted(trait["present_from"] for trait in kept["result"]["criteria"])
    assert "reaches its line" in drawn


@pytest.mark.both_databases
async def test_another_organisation_cannot_tell_it_from_what_does_not_exist(
    acme: Organisation, other: Organisation
) -> None:
    mine = (await acme.keep(subject_ref="p-1", key="one")).json()["id"]
    unknown = uuid.uuid4().hex
    agree = {"agree": True}
    operations: list[tuple[str, str, Any]] = [
        ("GET", "/assessments/{}", None),
        ("GET", "/assessments/{}.svg", None),
        ("POST", "/assessments/{}/feedback", agree),
        ("GET", "/assessments/{}/feedback", None),
        ("DELETE", "/assessments/{}", None),
    ]
    for method, path, body in operations:
        foreign, missing = [await other.ask(method, path.format(one), body) for one in (mine, unknown)]
        assert foreign.status_code == 404, path
        assert foreign.content == missing.content, path
    assert (await other.ask("GET", "/assessments")).json() == {
        "items": [],
        "page": {"limit": 20, "total": 0, "next": None, "prev": None},
    }
    assert (await other.ask("GET", "/subjects/p-1/export")).json()["assessments"] == []
    assert (await other.ask("DELETE", "/subjects/p-1")).json()["assessments"] == 0
    theirs = (await other.keep("Forty invoices a day.", key="one")).json()["id"]
    assert theirs != mine
    assert [one["id"] for one in (await acme.ask("GET", "/assessments")).json()["items"]] == [mine]
    assert (await acme.ask("GET", f"/assessments/{mine}")).status_code == 200


@pytest.mark.both_databases
async def test_the_list_is_newest_first_filtered_and_paged(acme: Organisation) -> None:
    texts = [SITUATION, "Forty invoices a day, each checked against the order before five.", "Hello."]
    kept = [(await acme.keep(one, subject_ref="p-9")).json() for one in (*texts, *texts)]
    newest = [one["id"] for one in reversed(kept)]
    seen, link, pages = [], "/assessments?limit=2", []
    while link:
        page = (await acme.ask("GET", link)).json()
        seen += [one["id"] for one in page["items"]]
        pages.append(page)
        link = (page["page"]["next"] or "").removeprefix("/v1")
    assert seen == newest
    back = (await acme.ask("GET", pages[-1]["page"]["prev"].removeprefix("/v1"))).json()
    assert back["items"] == pages[-2]["items"]
    assert pages[0]["page"]["total"] == 6
    assert "p-9" not in str(pages) and "invoices" not in str(pages)

    async def found(query: str) -> list[str]:
        return [one["id"] for one in (await acme.ask("GET", f"/assessments?{query}")).json()["items"]]

    verdict = kept[2]["result"]["verdict"]
    wanted = [one["id"] for one in reversed(kept) if one["result"]["verdict"] == verdict]
    assert await found(f"verdict={verdict}") == wanted
    assert await found("verdict=leadership&verdict=management&verdict=both&verdict=insufficient") == newest
    assert await found("status=unreadable") == []
    assert await found(f"model={kept[0]['result']['versions']['model']}") == newest
    assert await found("model=1999.1") == []
    assert await found(f"created_from={kept[4]['created_at']}") == newest[:2]
    assert await found(f"created_to={kept[4]['created_at']}") == newest[2:]


async def test_nothing_filters_groups_or_sorts_by_person(acme: Organisation) -> None:
    for query in ("subject_ref=p-1", "sort=subject_ref", "group=subject_ref", "created_to=0000-01-01T00:00:00Z"):
        assert (await acme.ask("GET", f"/assessments?{query}")).status_code == 422, query
    other_list = (await acme.ask("GET", "/assessments?limit=1&cursor=bm9wZQ")).json()
    assert other_list["code"] == "bad_cursor"


@pytest.mark.parametrize(
    "situation",
    [SITUATION, "Hello.", "我们正在合并两家工厂，没有人知道最终的结构。", "<script>alert(1)</script> & \x07 a merger"],
)
async def test_the_picture_is_accessible_and_holds_no_script(acme: Organisation, situation: str) -> None:
    kept = (await acme.keep(situation)).json()
    drawn = await acme.ask("GET", f"/assessments/{kept['id']}.svg")
    assert drawn.headers["content-type"] == "image/svg+xml"
    root = ElementTree.fromstring(drawn.content)
    space = "{http://www.w3.org/2000/svg}"
    assert (root.get("width"), root.get("role"), root.get("aria-labelledby")) == ("640", "img", "title desc")
    said = root.find(f"{space}desc")
    assert said is not None and said.text and "Demand for leadership" in said.text
    words = " ".join(part.text or "" for part in root.iter(f"{space}text"))
    for trait in kept["result"]["criteria"]:
        assert trait["slug"] in words and trait["slug"] in said.text
    assert {part.tag for part in root.iter()} == {f"{space}{name}" for name in ("svg", "title", "desc", "rect", "text")}
    assert "href" not in drawn.text and "style" not in drawn.text
