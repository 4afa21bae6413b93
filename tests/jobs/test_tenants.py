"""Whose job it is, and the list of them."""

import httpx
import pytest

from tests.support.apps import key
from tests.support.jobs import MakeKey, ndjson, started

pytestmark = pytest.mark.anyio


@pytest.mark.both_databases
async def test_a_job_belongs_to_its_organisation_alone(
    client: httpx.AsyncClient, mine: dict[str, str], make_key: MakeKey
) -> None:
    job = await started(client, mine, ndjson({"text": "A plan."}))
    other = key(make_key("read", "score", "write", tenant="elsewhere")) | {"x-request-id": "same"}
    for method, part in (("GET", ""), ("GET", "/results"), ("GET", "/summary"), ("POST", "/cancel"), ("DELETE", "")):
        foreign = await client.request(method, f"/v1/jobs/{job['id']}{part}", headers=other)
        unknown = await client.request(method, f"/v1/jobs/{'0' * 32}{part}", headers=other)
        assert foreign.status_code == 404
        assert foreign.content == unknown.content
    listed = (await client.get("/v1/jobs", headers=other)).json()
    assert listed["items"] == [] and listed["page"]["total"] == 0
    assert (await client.get("/v1/jobs", headers=mine)).json()["items"][0]["id"] == job["id"]


@pytest.mark.both_databases
async def test_the_list_pages_both_ways_and_refuses_foreign_cursors(
    client: httpx.AsyncClient, make_key: MakeKey
) -> None:
    mine = key(make_key("read", "score", tenant="pages"))
    ids = [(await started(client, mine, ndjson({"text": "A plan."})))["id"] for _ in range(5)][::-1]
    first = (await client.get("/v1/jobs?limit=2", headers=mine)).json()
    second = (await client.get(first["page"]["next"], headers=mine)).json()
    third = (await client.get(second["page"]["next"], headers=mine)).json()
    assert [job["id"] for page in (first, second, third) for job in page["items"]] == ids
    assert third["page"]["next"] is None and first["page"]["prev"] is None
    back = (await client.get(third["page"]["prev"], headers=mine)).json()
    first_again = (await client.get(back["page"]["prev"], headers=mine)).json()
    for page, same in ((back, second), (first_again, first)):
        assert [job["id"] for job in page["items"]] == [job["id"] for job in same["items"]]
    other = key(make_key("read", tenant="pages-2"))
    assert (await client.get(first["page"]["next"], headers=other)).status_code == 400
