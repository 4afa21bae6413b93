"""The documentation: every operation executes as it stands; the reading view names everything without a script."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.servers import Server


def executed(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any], Any]]:
    """What Execute sends for every operation, once for each example of its body: method, path, query, body."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if operation.get("security", [{}])[0]:
                continue  # needs a key
            url, query = path, {}
            for parameter in operation.get("parameters", []):
                assert parameter["in"] == "path" or "example" not in parameter, (
                    "a query is prefilled by its default only"
                )
                if parameter["in"] == "path":
                    url = url.replace(f"{{{parameter['name']}}}", parameter["example"])
                elif parameter["schema"].get("default") not in (None, []):
                    query[parameter["name"]] = parameter["schema"]["default"]
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            for example in body.get("examples", {"none": {"value": None}}).values():
                if {} in operation.get("security", [{}]):  # the others need a key, and something that is kept
                    yield method, url, query, example["value"]


@pytest.mark.anyio
async def test_every_operation_executes_as_it_stands(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    requests = list(executed(document))
    assert len(requests) > 25
    for method, url, query, body in requests:
        answer = await client.request(method, url, params=query, json=body)
        assert answer.status_code == 200, (url, answer.text)
        assert answer.json().get("items", ["an item"]), f"{url} answers nothing"


@pytest.mark.anyio
async def test_the_reading_view_names_every_path_parameter_schema_and_field(client: httpx.AsyncClient) -> None:
    document, page = (await client.get("/openapi.json")).json(), (await client.get("/docs/reading")).text
    for path, operations in document["paths"].items():
        assert f"<code>{path}</code>" in page
        for operation in operations.values():
            assert f'id="{operation["operationId"]}"' in page
            for parameter in operation.get("parameters", []):
                assert f"<code>{parameter['name']}</code>" in page
    for name, schema in document["components"]["schemas"].items():
        section = page.partition(f'id="schema-{name}"')[2].partition("</section>")[0]
        for field in schema["properties"]:
            assert f"<code>{field}</code>" in section, f"{name}.{field}"
    targets = re.findall(r'id="([^"]+)"', page)
    assert len(targets) == len(set(targets))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(targets)


@pytest.mark.anyio
async def test_the_reading_view_has_no_script_and_allows_none(client: httpx.AsyncClient) -> None:
    answer = await client.get("/docs/reading")
    assert not re.search(r"<script|<style|\son\w+=|\sstyle=|javascript:", answer.text, re.IGNORECASE)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy and "unsafe" not in policy


def test_the_page_is_served_under_a_strict_policy(server: Server) -> None:
    answer = httpx.get(f"{server.url}/docs")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
