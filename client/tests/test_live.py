"""Both clients against a real server."""

from typing import Any

import httpx
import pytest
from support import MakeClient

from lead_or_manage_client import (
    Forbidden,
    Invalid,
    NotFound,
    ProblemError,
    Unauthorized,
    calls,
    error_of,
    quote,
)
from tests.support.servers import Server
from tests.support.texts import SITUATION


def test_a_score_is_the_answer_of_the_service_with_nothing_lost(client: Any, server: Server) -> None:
    raw = httpx.post(f"{server.url}/v1/score", json={"text": SITUATION, "id": "case-42"}, timeout=60).json()
    assert client.score(SITUATION, id="case-42") == raw


def test_options_are_keywords(client: Any) -> None:
    answer = client.score(SITUATION, include=["evidence"], max_evidence=1, offset_unit="utf16")
    assert "explanation" not in answer and "recommendations" not in answer
    assert answer["input"]["offset_unit"] == "utf16"
    assert max(len(criterion["evidence"]) for criterion in answer["criteria"]) == 1


@pytest.mark.parametrize("unit", ["unicode_code_point", "utf16", "utf8"])
def test_quotes_are_cut_out_of_the_text_by_offsets_of_every_unit(client: Any, unit: str) -> None:
    text = f"🏭🏭 Überall Streit. {SITUATION}"
    answer = client.score(text, offset_unit=unit)
    found = [evidence for criterion in answer["criteria"] for evidence in criterion["evidence"]]
    assert len(found) > 2
    assert [quote(text, evidence, unit) for evidence in found] == [evidence["quote"] for evidence in found]


def test_a_refused_text_is_an_exception_that_says_why_and_where(client: Any) -> None:
    with pytest.raises(Invalid, match="422 text_empty: The text has no visible character") as caught:
        client.score("  ")
    error = caught.value
    assert (error.status, error.code, error.errors[0]["pointer"]) == (422, "text_empty", "/text")
    assert len(error.request_id) >= 16


def test_an_option_that_the_client_does_not_know_is_for_the_service_to_judge(client: Any) -> None:
    with pytest.raises(Invalid) as caught:
        client.score(SITUATION, colour="red")
    assert caught.value.errors[0]["code"] == "extra_forbidden"


def test_a_batch_keeps_the_order_and_the_places_over_all_its_parts(client: Any) -> None:
    given = [SITUATION, {"id": "b", "text": " "}, "Half the crew left.", "\ud83d", {"id": "e", "text": SITUATION}]
    results = list(client.score_batch(given, batch_size=2, include=["explanation"]))
    assert [item["index"] for item in results] == [0, 1, 2, 3, 4]
    assert [item["id"] for item in results] == [None, "b", None, None, "e"]
    assert [item["status"] for item in results] == ["ok", "error", "ok", "error", "ok"]
    assert results[4]["result"] == client.score(SITUATION, id="e", include=["explanation"])
    assert [results[place]["error"]["code"] for place in (1, 3)] == ["text_empty", "text_invalid"]
    assert isinstance(error_of(results[1]["error"]), Invalid)


def test_a_text_too_large_for_any_batch_is_an_error_of_its_own(client: Any) -> None:
    results = list(client.score_batch(["One.", "word " * 40_001, "x" * 10_001, "Two."], max_evidence=0))
    assert [item["status"] for item in results] == ["ok", "error", "error", "ok"]
    assert [item["error"]["code"] for item in results[1:3]] == ["too_large", "text_too_long"]
    assert [item["index"] for item in results] == [0, 1, 2, 3]


def test_a_batch_is_summed_up_in_all_and_by_group(client: Any) -> None:
    items = [{"text": SITUATION, "group": "Leeds"}] * 10 + [{"text": "Half the crew left.", "group": "Bonn"}, ""]
    answer = client.summarise_batch(items, include=[])
    assert [item["status"] for item in answer["results"]] == ["ok"] * 11 + ["error"]
    summary = answer["summary"]
    assert (summary["ok"], summary["error"], summary["total"]["n"], summary["groups"]) == (11, 1, 11, [])
    summary = client.summarise_batch(item for item in items[:10])["summary"]
    [group] = summary["groups"]
    assert (group["group"], group["n"], group["verdicts"]["both"]["counted"]) == ("Leeds", 10, 10)
    assert group["verdicts"] == summary["total"]["verdicts"]


def test_nothing_to_score_is_nothing_scored(client: Any) -> None:
    assert list(client.score_batch([])) == []


LISTS = ["concepts", "differences", "criteria", "factors", "styles", "skills", "programs", "facts"]


@pytest.mark.parametrize("name", LISTS)
def test_a_list_gives_every_item_of_all_pages_once_and_each_item_under_its_slug(
    client: Any, server: Server, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(calls, "PAGE_SIZE", 3)
    items = list(getattr(client, name)())
    assert items == httpx.get(f"{server.url}/v1/catalogue", timeout=60).json()[name]
    assert client.catalogue()[name] == items
    one = {"criteria": "criterion"}.get(name, name.removesuffix("s"))
    assert getattr(client, one)(items[-1]["slug"]) == items[-1]


def test_filters_and_sorting_hold_over_all_pages(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "PAGE_SIZE", 1)
    everything = {program["slug"]: program for program in client.programs()}
    chosen = list(client.programs(focus=["management", "technology"], sort="-name"))
    wanted = {
        slug for slug, program in everything.items() if {"management", "technology"} & set(program["focus"] or [])
    }
    assert 1 < len(wanted) < len(everything)
    assert {program["slug"] for program in chosen} == wanted
    names = [program["name"] for program in chosen]
    assert names == sorted(names, reverse=True)
    assert [program["months"] for program in client.programs(max_months=12, delivery="blended")] == [9]


def test_a_filter_that_the_service_refuses_says_so_when_the_list_is_read(client: Any) -> None:
    with pytest.raises(Invalid) as caught:
        list(client.programs(colour="red"))
    assert "colour" not in caught.value.detail


@pytest.mark.parametrize("slug", ["no-such", "a/b", "ü ?#", ".."])
def test_an_unknown_slug_is_not_found_whatever_signs_it_has(client: Any, slug: str) -> None:
    with pytest.raises(NotFound) as caught:
        client.program(slug)
    assert caught.value.code == "not_found"


def test_model_cards_and_health(client: Any) -> None:
    [card] = client.models()
    assert client.model() == client.model(card["version"]) == card
    assert client.ready()["model"] == card["version"]
    assert client.alive()["status"] == "alive"
    with pytest.raises(NotFound):
        client.model("1999.1")


def test_a_key_goes_in_the_header_and_its_scopes_count(make_client: MakeClient, make_key: Any, server: Server) -> None:
    reader = make_client(server.url, make_key("read"))
    assert reader.concept("leadership")["slug"] == "leadership"
    with pytest.raises(Forbidden, match="scope score"):
        reader.score(SITUATION)
    with pytest.raises(Unauthorized):
        make_client(server.url, "not-a-key").concept("leadership")


def test_one_except_clause_catches_every_refusal(client: Any) -> None:
    with pytest.raises(ProblemError) as caught:
        client.fact("nope")
    assert caught.value.problem["title"] == "Not Found"
