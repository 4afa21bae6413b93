"""The catalogue: contents, facets, search, sorting, pages, conditional requests."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.catalog.schemas import StyleQuery
from app.pagination import _encode, _scope
from app.settings import Settings
from tests.support.apps import running
from tests.support.catalogue import RESOURCES, seeded
from tests.support.databases import Databases

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def client(databases: Databases, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application whose catalogue no other test changes."""
    async with running(Settings(database_url=databases.seeded())) as client:
        yield client


async def slugs(client: httpx.AsyncClient, path: str) -> list[str]:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return [item["slug"] for item in answer.json()["items"]]


@pytest.mark.parametrize("resource", RESOURCES)
async def test_every_resource_is_complete_and_every_item_opens_under_its_href(
    client: httpx.AsyncClient, resource: str
) -> None:
    page = (await client.get(f"/v1/{resource}")).json()
    assert page["page"]["total"] == len(page["items"]) == len(seeded(resource))
    for item in page["items"]:
        assert item["source"]
        assert (await client.get(item["href"])).json() == item


@pytest.mark.both_databases
async def test_the_whole_catalogue_equals_the_lists(client: httpx.AsyncClient) -> None:
    document = (await client.get("/v1/catalogue")).json()
    for resource in RESOURCES:
        assert document[resource] == (await client.get(f"/v1/{resource}")).json()["items"]


async def test_every_related_href_answers(client: httpx.AsyncClient) -> None:
    def hrefs(value: Any) -> set[str]:
        if isinstance(value, dict):
            own = {value["href"]} if "href" in value else set()
            return own.union(*map(hrefs, value.values()))
        return set().union(*map(hrefs, value)) if isinstance(value, list) else set()

    for href in hrefs((await client.get("/v1/catalogue")).json()):
        assert (await client.get(href)).status_code == 200, href


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("programs?focus=technology", ["mit-tlp"]),
        ("programs?focus=management", ["berkeley-epm", "ucla-pgpx"]),
        ("programs?delivery=blended&delivery=online", ["mit-tlp", "chicago-booth-adp"]),
        ("programs?delivery=on-campus&pace=part-time", []),
        ("programs?pace=part-time", ["ucla-pgpx"]),
        ("programs?seniority=c-level", ["berkeley-epm", "mit-tlp"]),
        ("programs?months=9", ["chicago-booth-adp"]),
        ("programs?max_months=12", ["chicago-booth-adp"]),
        ("programs?max_months=8", []),
        (
            "differences?kind=contrast&sort=-slug",
            ["vision-execution", "people-structure", "object", "feedback", "change-response"],
        ),
        ("criteria?concept=management", ["efficiency", "standardization", "technical", "scale"]),
        ("styles?concept=leadership&factor=urgency", ["autocratic-leadership"]),
        ("programs?skill=budgeting", ["ucla-pgpx"]),
        ("programs?school=MIT Professional Education", ["mit-tlp"]),
        ("skills?concept=leadership&limit=2", ["communication", "visioning"]),
        ("programs?criterion=technical", ["mit-tlp"]),
        ("programs?sort=-months,slug&limit=2", ["chicago-booth-adp", "berkeley-epm"]),
        ("programs?sort=months,slug&limit=2", ["chicago-booth-adp", "berkeley-epm"]),
    ],
)
@pytest.mark.both_databases
async def test_facets_filter_and_nulls_never_match_and_sort_last(
    client: httpx.AsyncClient, query: str, expected: list[str]
) -> None:
    assert await slugs(client, f"/v1/{query}") == expected


@pytest.mark.both_databases
async def test_styles_are_found_by_the_criteria_that_speak_for_them_only(client: httpx.AsyncClient) -> None:
    for_creativity = await slugs(client, "/v1/styles?criterion=creativity")
    assert "democratic-leadership" in for_creativity
    assert "managerial-management" not in for_creativity


@pytest.mark.parametrize("word", ["plan", "plans", "planned", "PLANNING"])
@pytest.mark.both_databases
async def test_search_finds_inflected_words(client: httpx.AsyncClient, word: str) -> None:
    assert "strategic-planning" in await slugs(client, f"/v1/skills?q={word}")


@pytest.mark.both_databases
async def test_search_wants_all_words_and_takes_signs_literally(client: httpx.AsyncClient) -> None:
    assert await slugs(client, "/v1/programs?q=technology executive") == await slugs(
        client, "/v1/programs?q=executive technology"
    )
    assert await slugs(client, "/v1/programs?q=technology zebra") == []
    for sign in ("%25", "_", '"', "NEAR(", "*", "\\"):
        assert await slugs(client, f"/v1/programs?q={sign}") == [], sign
        assert await slugs(client, f"/v1/programs?q=tech{sign}executive") == [], sign
        assert await slugs(client, f"/v1/concepts?q={sign}") == [], sign
    assert await slugs(client, "/v1/programs?q=(ADP)") == ["chicago-booth-adp"]


@pytest.mark.parametrize("query", ["sort=name", "sort=-kind,name", "", "sort=-name&kind=dimension"])
@pytest.mark.both_databases
async def test_pages_hold_every_item_once_forwards_and_backwards(client: httpx.AsyncClient, query: str) -> None:
    whole = await slugs(client, f"/v1/differences?{query}&limit=100")
    link, forwards, pages = f"/v1/differences?{query}&limit=3", [], []
    while link:
        page = (await client.get(link)).json()
        pages.append([item["slug"] for item in page["items"]])
        forwards += pages[-1]
        last, link = link, page["page"]["next"]
    assert forwards == whole
    back = (await client.get(last)).json()["page"]["prev"]
    backwards = []
    while back:
        page = (await client.get(back)).json()
        backwards.insert(0, [item["slug"] for item in page["items"]])
        back = page["page"]["prev"]
    assert backwards == pages[:-1]


@pytest.mark.both_databases
async def test_pages_over_a_field_with_nulls_lose_nothing(client: httpx.AsyncClient) -> None:
    for sort in ("months", "-months"):
        link, seen = f"/v1/programs?sort={sort}&limit=1", []
        while link:
            page = (await client.get(link)).json()
            seen += [item["slug"] for item in page["items"]]
            link = page["page"]["next"]
        assert len(seen) == len(set(seen)) == 4
        assert seen[0] == "chicago-booth-adp"


async def test_a_foreign_or_edited_cursor_is_a_400(client: httpx.AsyncClient) -> None:
    link = (await client.get("/v1/styles?limit=2")).json()["page"]["next"]
    cursor = httpx.URL(link).params["cursor"]
    edited = cursor[:-4] + ("AAAA" if cursor[-4:] != "AAAA" else "BBBB")
    for path in (
        f"/v1/styles?limit=2&cursor={edited}",
        f"/v1/skills?cursor={cursor}",
        "/v1/styles?cursor=x",
        f"/v1/styles?limit=2&cursor={cursor}!!!",
        "/v1/styles?cursor=",
    ):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")
    assert (await client.get(f"/v1/styles?limit=5&cursor={cursor}")).status_code == 200


@pytest.mark.parametrize(
    "keys",
    [[], [{}], [0, 2**63, 0, "x"], [0, "x", 0, "x"], [0, 1, 0, "\ud800"], [0, 1, 0, ["x"]], [0, True, 0, "x"], 7],
)
async def test_a_cursor_forged_by_a_reader_of_the_source_is_a_400(client: httpx.AsyncClient, keys: Any) -> None:
    cursor = _encode(keys, False, _scope("/v1/styles", StyleQuery()))
    answer = await client.get(f"/v1/styles?cursor={cursor}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=x",
        "page=2",
        "sort=shoe",
        "sort=name,",
        "sort=position",
        "sort=",
        "concept=x",
        "q=%00",
        "limit=99999999999999999999",
    ],
)
async def test_wrong_parameters_are_422(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/v1/styles?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_an_unknown_parameter_is_answered_with_the_allowed_ones(client: httpx.AsyncClient) -> None:
    detail = (await client.get("/v1/programs?colour=blue")).json()["detail"]
    assert "blue" not in detail
    for name in ("focus", "delivery", "max_months", "sort", "q", "limit", "cursor"):
        assert name in detail
    assert (await client.get("/v1/programs/mit-tlp?colour=blue")).status_code == 422


@pytest.mark.both_databases
async def test_etag_answers_304_until_something_differs(client: httpx.AsyncClient) -> None:
    first = await client.get("/v1/programs")
    tag = first.headers["etag"]
    for value in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = await client.get("/v1/programs", headers={"If-None-Match": value})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (await client.get("/v1/programs", headers={"If-None-Match": '"other"'})).status_code == 200
    assert (await client.get("/v1/programs?limit=1")).headers["etag"] != tag


async def test_head_has_the_headers_of_get_and_no_body(client: httpx.AsyncClient) -> None:
    for path in ("/v1/styles", "/v1/programs/mit-tlp", "/healthz", "/docs"):
        get, head = await client.get(path), await client.head(path)
        assert head.content == b""
        ignored = {"x-request-id"}
        assert {k: v for k, v in head.headers.items() if k not in ignored} == {
            k: v for k, v in get.headers.items() if k not in ignored
        }


async def test_facts_and_nulls_are_as_the_source_says(client: httpx.AsyncClient) -> None:
    fact = (await client.get("/v1/facts/vp-average-salary-us")).json()
    assert (fact["value"], fact["unit"], fact["as_of"]) == (173692, "USD", None)
    epm = (await client.get("/v1/programs/berkeley-epm")).json()
    assert (epm["delivery"], epm["pace"], epm["months"]) == (None, None, None)
    adp = (await client.get("/v1/programs/chicago-booth-adp")).json()
    assert (adp["modules"], adp["months"], adp["delivery"], adp["pace"]) == (8, 9, ["blended"], ["modular"])
    assert all(link["basis"] == "editorial" and link["why"] for link in adp["skills"] + adp["criteria"])
