"""POST /v1/score and /v1/score/batch as a client sees them."""

import json
import math
from copy import copy
from typing import Any

import httpx
import pytest

from app.settings import Settings
from tests.support import apps
from tests.support.texts import SITUATION

pytestmark = pytest.mark.anyio

CRITERIA = "change creativity complexity interpersonal efficiency standardization technical scale".split()
FACTORS = "urgency commitment expertise inexperience".split()


async def scored(client: httpx.AsyncClient, text: str, **options: Any) -> dict[str, Any]:
    answer = await client.post("/v1/score", json={"text": text, "options": options})
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    body: dict[str, Any] = answer.json()
    return body


async def test_an_answer_holds_everything_in_the_documented_order(client: httpx.AsyncClient) -> None:
    answer = (await client.post("/v1/score", json={"id": "case-42", "text": SITUATION})).json()
    assert answer["id"] == "case-42"
    assert [trait["slug"] for trait in answer["criteria"]] == CRITERIA
    assert [trait["slug"] for trait in answer["factors"]] == FACTORS
    chances = answer["probabilities"]
    assert math.isclose(sum(chances.values()), 1, abs_tol=2e-4)
    assert answer["verdict"] == max(chances, key=lambda name: chances[name])
    for side in ("leadership", "management"):
        assert math.isclose(answer["demand"][side], chances[side] + chances["both"], abs_tol=2e-4)
    assert answer["confidence"]["value"] == chances[answer["verdict"]]
    assert answer["input"]["characters"] == len(SITUATION)
    assert answer["versions"]["catalogue"] >= 1


async def test_every_trait_says_from_where_on_it_is_present_in_a_batch_too(client: httpx.AsyncClient) -> None:
    card = (await client.get("/v1/models/current")).json()
    alone = await scored(client, SITUATION, include=[])
    for trait in alone["criteria"] + alone["factors"]:
        assert trait["present_from"] == card["present_from"][trait["slug"]]
        assert trait["present"] == (trait["probability"] >= trait["present_from"])
    body = {"items": [{"text": SITUATION}], "options": {"include": []}}
    batch = (await client.post("/v1/score/batch", json=body)).json()["results"][0]["result"]
    assert (batch["criteria"], batch["factors"]) == (alone["criteria"], alone["factors"])


async def test_an_uncertain_verdict_is_told_with_the_accuracy_of_such_verdicts(settings: Settings) -> None:
    unsure = copy(apps.scorer())
    bands = {name: {"accuracy": 0.9, "n": 9} for name in ("low", "medium", "high")}
    bands["uncertain"] = {"accuracy": 0.61, "n": 54}
    confidence = unsure.card["confidence"] | {"uncertain_margin": 1.01, "bands": bands}
    unsure.card = unsure.card | {"confidence": confidence}
    async with apps.running(settings, unsure) as client:
        answer = await scored(client, SITUATION)
        assert answer["status"] == answer["confidence"]["band"] == "uncertain"
        assert (answer["confidence"]["accuracy"], answer["confidence"]["n"]) == (0.61, 54)
        document = (await client.get("/openapi.json")).json()
    told = document["components"]["schemas"]["Confidence"]["properties"]["band"]
    assert told["x-extensible-enum"] == ["low", "medium", "high", "uncertain"]


@pytest.mark.parametrize("most", [0, 1, 3, 10])
async def test_evidence_is_exact_and_adds_up_to_the_probability(client: httpx.AsyncClient, most: int) -> None:
    answer = await scored(client, SITUATION, max_evidence=most)
    quoted = 0
    for trait in answer["criteria"] + answer["factors"]:
        assert len(trait["evidence"]) <= most
        for quote in trait["evidence"]:
            quoted += 1
            assert SITUATION[quote["start"] : quote["end"]] == quote["quote"]
            assert (quote["weight"] > 0) == (quote["polarity"] == "supports")
        logit = trait["bias"] + trait["omitted"] + sum(quote["weight"] for quote in trait["evidence"])
        assert math.isclose(1 / (1 + math.exp(-logit)), trait["probability"], abs_tol=1e-3)
    assert (quoted > 0) == (most > 0)


@pytest.mark.parametrize(("unit", "encoding", "size"), [("utf16", "utf-16-le", 2), ("utf8", "utf-8", 1)])
async def test_offsets_count_in_the_callers_unit(
    client: httpx.AsyncClient, unit: str, encoding: str, size: int
) -> None:
    text = f"🙂 Zoë 👩‍👩‍👧 — {SITUATION}"
    raw = text.encode(encoding)
    quotes = [q for trait in (await scored(client, text, offset_unit=unit))["criteria"] for q in trait["evidence"]]
    assert quotes
    for quote in quotes:
        assert raw[quote["start"] * size : quote["end"] * size].decode(encoding) == quote["quote"]


async def test_what_include_leaves_out_is_absent(client: httpx.AsyncClient) -> None:
    bare = await scored(client, SITUATION, include=[])
    assert "explanation" not in bare
    assert "recommendations" not in bare
    assert all("evidence" not in trait for trait in bare["criteria"] + bare["factors"])
    whole = await scored(client, SITUATION)
    assert bare["probabilities"] == whole["probabilities"]
    assert whole["explanation"]


async def test_recommendations_name_present_traits_and_open(client: httpx.AsyncClient) -> None:
    answer = await scored(client, SITUATION, max_recommendations=10)
    present = {trait["slug"] for trait in answer["criteria"] + answer["factors"] if trait["present"]}
    for entries in answer["recommendations"].values():
        scores = [entry["score"] for entry in entries]
        assert scores == sorted(scores, reverse=True)
        for entry in entries:
            assert set(entry["because"]) <= present
            assert entry["because"]
            assert (await client.get(entry["href"])).json()["slug"] == entry["slug"]
    none = await scored(client, SITUATION, max_recommendations=0)
    assert all(entries == [] for entries in none["recommendations"].values())


async def test_preferences_choose_among_the_programs(client: httpx.AsyncClient) -> None:
    every = (await scored(client, SITUATION, max_recommendations=10))["recommendations"]["programs"]
    offered = [entry["slug"] for entry in every if "blended" in (await program(client, entry))["delivery"]]
    assert 0 < len(offered) < len(every)
    chosen = await scored(client, SITUATION, preferences={"delivery": "blended"}, max_recommendations=10)
    assert [entry["slug"] for entry in chosen["recommendations"]["programs"]] == offered


async def program(client: httpx.AsyncClient, entry: dict[str, Any]) -> dict[str, Any]:
    """The program of a recommendation; what its source does not say is an empty list."""
    found: dict[str, Any] = (await client.get(entry["href"])).json()
    return {name: [] if value is None else value for name, value in found.items()}


@pytest.mark.parametrize(
    "text",
    [
        "Wir müssen bis Freitag die neue Schichtplanung für alle vierzig Linien fertigstellen und abstimmen.",
        "Il faut que toute l'équipe accepte la nouvelle organisation avant la fin du mois, sinon on partira.",
        "来週までに全店舗の在庫を確認し、新しい手順書に従って報告書を提出しなければならない。チームの不満も大きい。",
        "Нам нужно до пятницы закончить инвентаризацию на всех складах и подготовить отчёт для проверки.",
    ],
)
async def test_other_languages_are_unreadable_not_guessed(client: httpx.AsyncClient, text: str) -> None:
    answer = await scored(client, text)
    assert (answer["status"], answer["verdict"]) == ("unreadable", "insufficient")
    assert answer["probabilities"] == {"leadership": 0.0, "management": 0.0, "both": 0.0, "insufficient": 1.0}
    assert answer["confidence"] is None
    assert all(
        t["probability"] is t["present_from"] is None and not t["present"]
        for t in answer["criteria"] + answer["factors"]
    )
    assert all(entries == [] for entries in answer["recommendations"].values())


async def test_a_language_hint_wins_over_detection(client: httpx.AsyncClient) -> None:
    assert (await scored(client, SITUATION, language="de"))["status"] == "unreadable"
    assert (await scored(client, SITUATION, language="en-GB"))["status"] != "unreadable"
    assert (await scored(client, "Budget 42"))["input"]["language"] == "und"


@pytest.mark.parametrize("text", ["Hello, how are you?", "asdf qwer zxcv", "🙂🙂🙂", "x", "1 2 3"])
async def test_what_says_nothing_about_work_is_insufficient_and_asks(client: httpx.AsyncClient, text: str) -> None:
    answer = await scored(client, text)
    assert answer["verdict"] == "insufficient"
    assert answer["missing"][0]["ask"].endswith("?")
    assert all(entries == [] for entries in answer["recommendations"].values())


async def test_the_same_text_gives_the_same_bytes_alone_and_anywhere_in_a_batch(client: httpx.AsyncClient) -> None:
    alone = (await client.post("/v1/score", json={"text": SITUATION})).content
    items = [{"text": f"Filler number {n} about a shift rota."} for n in range(501)]
    items[0] = items[500] = {"text": SITUATION}
    batch = (await client.post("/v1/score/batch", json={"items": items})).json()
    for place in (0, 500):
        result = json.dumps(batch["results"][place]["result"], ensure_ascii=False, separators=(",", ":")).encode()
        assert result == alone


async def test_one_bad_item_does_not_spoil_a_batch(client: httpx.AsyncClient) -> None:
    items = [{"id": "a", "text": SITUATION}, {"id": "b", "text": " "}, {"text": "x" * 10_001}, {"text": "a\x00"}]
    answer = (await client.post("/v1/score/batch", json={"items": items, "options": {"include": []}})).json()
    assert [result["status"] for result in answer["results"]] == ["ok", "error", "error", "error"]
    assert [result["index"] for result in answer["results"]] == [0, 1, 2, 3]
    codes = [result["error"]["code"] for result in answer["results"][1:]]
    assert codes == ["text_empty", "text_too_long", "text_invalid"]
    assert answer["results"][1]["error"]["errors"][0]["pointer"] == "/items/1/text"
    assert answer["summary"] == {"ok": 1, "error": 3}


async def test_items_of_any_wrong_shape_get_an_error_of_their_own(client: httpx.AsyncClient) -> None:
    long, unknown = {"id": "x" * 201, "text": "a"}, {"id": "d", "text": "a", "no": 1}
    items = [{"text": SITUATION}, {"text": 5}, long, {"id": "c"}, 7, unknown]
    answer = (await client.post("/v1/score/batch", json={"items": items, "options": {"include": []}})).json()
    assert [result["status"] for result in answer["results"]] == ["ok"] + ["error"] * 5
    assert [result["id"] for result in answer["results"]] == [None, None, None, "c", None, "d"]
    pointers = [result["error"]["errors"][0]["pointer"] for result in answer["results"][1:]]
    assert pointers == ["/items/1/text", "/items/2/id", "/items/3/text", "/items/4", "/items/5"]


async def test_the_explanation_does_not_depend_on_how_much_evidence_is_asked_for(client: httpx.AsyncClient) -> None:
    answers = [await scored(client, SITUATION, max_evidence=most) for most in (0, 1, 3, 10.0)]
    assert len({answer["explanation"] for answer in answers}) == 1


async def test_demand_is_the_sum_of_what_is_shown(client: httpx.AsyncClient) -> None:
    answer = await scored(client, SITUATION)
    shown = answer["probabilities"]
    assert answer["demand"] == {side: round(shown[side] + shown["both"], 4) for side in ("leadership", "management")}


async def test_batches_beyond_the_limits_are_refused_whole(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/score/batch", json={"items": []})).status_code == 422
    many = await client.post("/v1/score/batch", json={"items": [{"text": "x"}] * 1001})
    assert many.status_code == 413
    assert "1000" in many.json()["detail"]
    long = await client.post("/v1/score/batch", json={"items": [{"text": "x" * 10_000}] * 21})
    assert long.status_code == 413
    assert "200000" in long.json()["detail"]


async def test_the_model_card_says_what_the_model_is_not_for(client: httpx.AsyncClient) -> None:
    card = (await client.get("/v1/models/current")).json()
    assert any("hiring" in use for use in card["forbidden_uses"])
    assert (await client.get(f"/v1/models/{card['version']}")).json() == card
    assert (await client.get("/v1/models")).json()["items"] == [card]
    pinned = await scored(client, SITUATION, model_version=card["version"])
    assert pinned["versions"]["model"] == card["version"]


async def test_health_answers(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "alive"}
    assert (await client.get("/readyz")).json()["status"] == "ready"
