"""What can be uploaded, what it becomes, and what is refused."""

import codecs
import csv
import io
import json
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from app.jobs.tables import Chunk, Job
from app.settings import Settings
from app.tabular.faults import MAX_LINE
from tests.support.jobs import NDJSON, TEXTS, ended, ndjson, results, started

pytestmark = pytest.mark.anyio


@pytest.mark.both_databases
async def test_a_job_says_what_score_says_in_order_and_a_bad_line_spoils_nothing(
    client: httpx.AsyncClient, mine: dict[str, str]
) -> None:
    lines = [json.dumps({"text": text, "id": f"t{n}"}).encode() for n, text in enumerate(TEXTS)]
    bad = [b"{", b'{"text": " ", "id": "x", "group": "g"}', b'{"txt": 1}', b'{"text": "\xff"}', b'{"text": "a\\u0000"}']
    bad.append(b'{"text": "' + b"a" * MAX_LINE + b'"}')
    job = await started(client, mine, b"\n\n".join([lines[0], *bad, *lines[1:]]), "?max_evidence=2&offset_unit=utf16")
    job = await ended(client, job, mine)
    assert (job["texts"], job["done"], job["errors"], job["status"]) == (9, 9, 6, "done")
    found = await results(client, job, mine)
    assert [line["index"] for line in found] == list(range(9))
    codes = [line["error"]["code"] for line in found if line["status"] == "error"]
    assert codes == ["line_invalid", "text_empty", "item_invalid", "line_invalid", "text_invalid", "line_too_long"]
    assert found[2]["id"] == "x" and found[2]["group"] == "g"
    options = {"include": ["evidence", "recommendations"], "max_evidence": 2, "offset_unit": "utf16"}
    for line, told in zip([found[0], *found[7:]], TEXTS, strict=True):
        body = {"text": told, "id": line["id"], "options": options}
        alone = (await client.post("/v1/score", json=body)).json()
        quotes = [quote for part in ("criteria", "factors") for trait in alone[part] for quote in trait["evidence"]]
        assert quotes
        for quote in quotes:
            del quote["quote"]
        assert json.dumps(line["result"]) == json.dumps(alone)


@pytest.mark.both_databases
async def test_csv_goes_in_by_named_columns_and_comes_out_as_rows(
    client: httpx.AsyncClient, mine: dict[str, str]
) -> None:
    body = (
        "\ufeffWo;Kommentar;Nr\r\n"
        'Leeds;"Two plants merge;\r\nnobody ""knows"" the structure";7\r\n'
        "Bonn;zu;viele;Felder\r\n"
        ";Every form is checked twice before five.;8"
    )
    query = "?text_column=Kommentar&id_column=Nr&group_column=Wo"
    job = await ended(client, await started(client, mine, body.encode(), query, kind="text/csv"), mine)
    answer = await client.get(f"{job['href']}/results", headers=mine | {"accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.content.startswith(codecs.BOM_UTF8), "Excel knows UTF-8 by its mark"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["index"], row["id"], row["group"], row["error"]) for row in rows] == [
        ("0", "7", "Leeds", ""),
        ("1", "Felder", "Bonn", "line_invalid"),
        ("2", "8", "", ""),
    ]
    told = 'Two plants merge;\r\nnobody "knows" the structure'
    alone = (await client.post("/v1/score", json={"text": told})).json()
    assert float(rows[0]["demand_leadership"]) == alone["demand"]["leadership"]
    assert float(rows[0]["p_both"]) == alone["probabilities"]["both"]
    assert rows[0]["change"] == str(alone["criteria"][0]["probability"])


async def test_what_cannot_become_a_job_is_refused_and_leaves_nothing(
    client: httpx.AsyncClient, mine: dict[str, str], settings: Settings, engines: Callable[[str], Engine]
) -> None:
    def count() -> int:
        with Session(engines(settings.database_url)) as session:
            return len(session.exec(select(Job.id)).all()) + len(session.exec(select(Chunk.number)).all())

    before, body = count(), ndjson({"text": "A plan."})
    for query, kind, content, status, code in [
        ("", "application/json", body, 415, "unsupported_media_type"),
        ("", "application/x-ndjson", b"\n \n", 422, "job_empty"),
        ("?colour=red", "application/x-ndjson", body, 422, "validation_failed"),
        ("?include=explanation", "application/x-ndjson", body, 422, "validation_failed"),
        ("?model_version=1999.1", "application/x-ndjson", body, 422, "unknown_model_version"),
        ("?text_column=comment", "text/csv", b"text\nA plan.\n", 422, "validation_failed"),
        ("?webhook=https://evil.example.com/", "application/x-ndjson", body, 422, "webhook_refused"),
    ]:
        answer = await client.post(f"/v1/jobs{query}", content=content, headers=mine | {"content-type": kind})
        assert (answer.status_code, answer.json()["code"]) == (status, code), query
    big = mine | NDJSON | {"content-length": str(2**40)}
    assert (await client.post("/v1/jobs", content=body, headers=big)).status_code == 413
    assert count() == before


async def test_limits_hold_while_the_body_streams(
    client: httpx.AsyncClient, mine: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield ndjson({"text": "A plan."}) * 100

    monkeypatch.setattr("app.jobs.intake.MAX_TEXTS", 1500)
    assert (await client.post("/v1/jobs", content=body(), headers=mine | NDJSON)).status_code == 413
    monkeypatch.setattr("app.jobs.intake.MAX_TEXTS", 10**6)
    monkeypatch.setattr("app.jobs.intake.MAX_BYTES", 20_000)
    assert (await client.post("/v1/jobs", content=body(), headers=mine | NDJSON)).status_code == 413


async def test_a_job_whose_texts_all_fail_says_so(client: httpx.AsyncClient, mine: dict[str, str]) -> None:
    job = await ended(client, await started(client, mine, b'{"txt": 1}\n{"txt": 2}\n'), mine)
    assert (job["status"], job["errors"]) == ("done", 2)
    (warning,) = job["warnings"]
    assert warning["code"] == "all_failed" and "None of the 2 texts" in warning["detail"]
    job = await ended(client, await started(client, mine, b'{"txt": 1}\n{"text": "A plan."}\n'), mine)
    assert (job["errors"], job["warnings"]) == (1, [])
