"""Jobs, with both clients."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support import MakeClient, Script
from test_sending import BASE, good, refusal

from lead_or_manage_client import (
    AsyncClient,
    Client,
    ConnectionFailed,
    Invalid,
    NotFound,
    ProblemError,
    Retries,
    StillRunning,
    Unauthorized,
    Unavailable,
    calls,
    job_items,
    quote,
)
from tests.support.servers import Server
from tests.support.texts import SITUATION

QUICK = "La réorganisation de l'usine numéro {} inquiète toute l'équipe depuis le printemps."
"""The model does not read French, which takes a tenth of the time."""


def test_a_job_gives_a_result_for_each_text_in_order_as_it_is_documented(keyed: Any) -> None:
    given = [SITUATION, {"text": "A plan.", "id": "b", "group": "Leeds"}, " ", "\ud83d"]
    job = keyed.wait_for_job(keyed.create_job(given, include=["evidence"], max_evidence=1), timeout=300)
    assert (job["status"], job["texts"], job["done"], job["errors"]) == ("done", 4, 4, 2)
    items = list(keyed.job_results(job))
    assert [(item["index"], item["id"], item["group"]) for item in items] == [
        (0, None, None),
        (1, "b", "Leeds"),
        (2, None, None),
        (3, None, None),
    ]
    assert [item["error"]["code"] for item in items[2:]] == ["text_empty", "line_invalid"]
    assert set(items[0]) == job_items.ScoredJobItem.__required_keys__
    assert set(items[2]) == job_items.RefusedJobItem.__required_keys__
    result = items[0]["result"]
    assert set(result) == job_items.JobResult.__required_keys__
    assert set(result["criteria"][0]) == set(job_items.JobCriterion.__annotations__)
    assert set(result["factors"][0]) == set(job_items.JobFactor.__annotations__)
    [found] = result["criteria"][0]["evidence"]
    assert set(found) == job_items.JobEvidence.__required_keys__
    [scored] = keyed.score(SITUATION, max_evidence=1)["criteria"][0]["evidence"]
    assert quote(SITUATION, found) == scored["quote"]
    assert list(keyed.job_results(job["id"], start=2)) == items[2:]
    assert keyed.job_summary(job)["total"] is None


def test_a_file_is_scored_by_its_columns_and_the_results_are_saved(keyed: Any, tmp_path: Path) -> None:
    rows = "".join(f'{place};Leeds;"{QUICK.format(place)}"\r\n' for place in range(3))
    file = tmp_path / "survey.CSV"
    file.write_text(f"nr;site;said\r\n{rows}", "utf-8")
    columns = {"text_column": "said", "id_column": "nr", "group_column": "site", "delimiter": "semicolon"}
    jobs = [
        keyed.upload_job(file, **columns),
        keyed.upload_job(str(file), **columns),
        keyed.upload_job(file.read_bytes(), format="csv", **columns),
    ]
    for job in jobs:
        keyed.wait_for_job(job, timeout=300)
        saved = tmp_path / "results.csv"
        keyed.save_job_results(job, saved, format="csv")
        assert [line.split(",")[:3] for line in saved.read_text("utf-8").splitlines()[1:]] == [
            [str(place), str(place), "Leeds"] for place in range(3)
        ]
    keyed.save_job_results(jobs[0], str(saved))
    assert [json.loads(line) for line in saved.read_text("utf-8").splitlines()] == list(keyed.job_results(jobs[0]))
    with pytest.raises(Invalid, match="text_column"):
        keyed.upload_job(file)


def test_lines_of_json_are_a_file_too(keyed: Any, tmp_path: Path) -> None:
    file = tmp_path / "survey.ndjson"
    file.write_text(json.dumps({"text": QUICK, "id": "x"}), "utf-8")
    for given in (file, file.read_bytes()):
        job = keyed.wait_for_job(keyed.upload_job(given), timeout=300)
        assert [item["id"] for item in keyed.job_results(job)] == ["x"]
    with pytest.raises(FileNotFoundError):
        keyed.upload_job(tmp_path / "no-such.ndjson")


def test_a_summary_counts_by_group(keyed: Any) -> None:
    texts = [{"text": SITUATION[:40], "group": "Leeds"}] * 10
    summary = keyed.job_summary(keyed.wait_for_job(keyed.create_job(texts), timeout=300))
    [group] = summary["groups"]
    assert (group["group"], group["n"], summary["total"]["n"]) == ("Leeds", 10, 10)


def test_jobs_are_listed_cancelled_and_deleted(keyed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "PAGE_SIZE", 1)
    made = [keyed.create_job([QUICK])["id"] for _ in range(3)]
    assert [job["id"] for job in keyed.jobs()] == made[::-1]
    ended = keyed.cancel_job(made[0])
    assert keyed.cancel_job(ended)["finished_at"] == ended["finished_at"] is not None
    assert keyed.wait_for_job(ended, timeout=0)["status"] == ended["status"]
    keyed.delete_job(ended)
    with pytest.raises(NotFound):
        keyed.job(ended)
    with pytest.raises(NotFound):
        list(keyed.job_results(ended))


def test_an_idempotency_key_that_comes_again_gives_the_same_job(keyed: Any) -> None:
    key = uuid.uuid4().hex
    first = keyed.create_job([QUICK], idempotency_key=key)
    assert keyed.create_job(iter([QUICK]), idempotency_key=key)["id"] == first["id"]
    with pytest.raises(Invalid) as caught:
        keyed.create_job([QUICK, QUICK], idempotency_key=key)
    assert caught.value.code == "idempotency_key_reused"


async def _spoken() -> AsyncIterator[str]:
    for place in range(3):
        yield QUICK.format(place)


def test_texts_may_come_asynchronously(server: Server, make_key: Any) -> None:
    async def count() -> int:
        async with AsyncClient(server.url, make_key("read", "score")) as client:
            return (await client.create_job(_spoken()))["texts"]

    assert asyncio.run(count()) == 3


def test_a_refusal_is_heard_while_texts_are_still_sent(make_client: MakeClient, make_key: Any, server: Server) -> None:
    texts, quick = ["x" * 9_000] * 2_000, Retries(times=0)
    with pytest.raises(Unauthorized):
        make_client(server.url, "not-a-key", retries=quick).create_job(texts)
    client = make_client(server.url, make_key("score"), retries=quick)
    with pytest.raises(ProblemError) as caught:
        client.create_job(iter(texts), model_version="1999.1")
    assert caught.value.errors[0]["pointer"].endswith("model_version")
    with pytest.raises(Invalid, match="text_column"):
        client.upload_job("\n".join(["id,said", *texts]).encode(), format="csv")


def test_a_path_is_not_taken_for_texts(make_client: MakeClient) -> None:
    for given in ("survey.csv", Path("survey.csv"), b"text"):
        with pytest.raises(TypeError, match="upload_job"):
            make_client(BASE, transport=Script().transport).create_job(given)


def test_texts_that_can_be_read_again_are_sent_again_and_others_are_not(
    make_client: MakeClient, waits: list[float], tmp_path: Path
) -> None:
    file = tmp_path / "texts.ndjson"
    file.write_bytes(b'{"text": "A plan."}\n')
    script = Script(*(refusal(503, "x"), good(id="1")) * 2, refusal(503, "x"))
    client = make_client(BASE, transport=script.transport)
    client.create_job(["A plan."])
    client.upload_job(file)
    with pytest.raises(Unavailable):
        client.create_job(text for text in ["A plan."])
    assert {request.content for request in script.requests} == {file.read_bytes()}
    keys = [request.headers["idempotency-key"] for request in script.requests]
    assert keys[0] == keys[1] != keys[2] == keys[3]
    assert len(waits) == 2


def test_a_large_upload_loses_nothing(make_client: MakeClient) -> None:
    script = Script(good(id="1"), good(id="2"))
    client = make_client(BASE, transport=script.transport)
    texts = [f"{place} {'x' * 100}" for place in range(5_000)]
    client.create_job(texts)
    client.upload_job(script.requests[0].content)
    for request in script.requests:
        assert [json.loads(line)["text"] for line in request.content.splitlines()] == texts


def far(done: int, seconds_left: int | None, finished_at: str | None = None) -> httpx.Response:
    estimate = {"texts_per_second": 1.0, "seconds_left": seconds_left} if seconds_left is not None else None
    return good(id="1", status="running", texts=9, done=done, estimate=estimate, finished_at=finished_at)


def test_a_job_is_waited_for_as_long_as_it_says(make_client: MakeClient, waits: list[float]) -> None:
    blind = [far(0, None) for _ in range(6)]
    script = Script(*blind, far(5, 600), far(7, 20), far(8, 0), far(9, None, finished_at="2026-11-29T00:00:00Z"))
    job = make_client(BASE, transport=script.transport).wait_for_job("1")
    assert job["done"] == 9
    assert waits == [0.5, 1, 2, 4, 5, 5, 60, 20, 0.5]


def test_a_job_that_takes_longer_than_wanted_is_an_error_that_says_how_far_it_is(
    make_client: MakeClient, waits: list[float]
) -> None:
    client = make_client(BASE, transport=Script(far(4, 600), far(4, 600)).transport)
    with pytest.raises(StillRunning, match="4 of 9") as caught:
        client.wait_for_job("1", timeout=0)
    assert isinstance(caught.value, TimeoutError)
    assert waits == []


class Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The results of a job in small blocks, from one index on, that breaks where it is told to."""

    def __init__(self, first: int, last: int, breaks: bool = False) -> None:
        body = "".join(f'{{"index": {place}, "id": "a\u2028b"}}\n' for place in range(first, last)).encode()
        self.blocks, self.breaks, self.sent = [body[at : at + 7] for at in range(0, len(body), 7)], breaks, 0

    def __iter__(self) -> Iterator[bytes]:
        for block in self.blocks[: len(self.blocks) - self.breaks]:
            self.sent += 1
            yield block
        if self.breaks:
            raise httpx.ReadError("cut")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for block in self:
            yield block


def streamed(*arguments: int, breaks: bool = False) -> httpx.Response:
    return httpx.Response(200, stream=Stream(*arguments, breaks=breaks))


def test_results_that_break_off_go_on_where_they_were(make_client: MakeClient, waits: list[float]) -> None:
    script = Script(
        streamed(0, 3, breaks=True),
        refusal(503, "x"),
        streamed(2, 4, breaks=True),
        streamed(3, 4, breaks=True),
        streamed(3, 6),
    )
    items = list(make_client(BASE, transport=script.transport).job_results("1"))
    assert [item["index"] for item in items] == list(range(6))
    assert [request.url.params["start"] for request in script.requests] == ["0", "2", "2", "3", "3"]
    assert len(waits) == 4


def test_results_that_come_no_further_are_an_error(make_client: MakeClient, waits: list[float], tmp_path: Path) -> None:
    script = Script(*(streamed(0, 1, breaks=True) for _ in range(4)))
    client = make_client(BASE, transport=script.transport, retries=Retries(times=2))
    with pytest.raises(ConnectionFailed):
        list(client.job_results("1"))
    assert len(waits) == 2
    with pytest.raises(ConnectionFailed):
        client.save_job_results("1", tmp_path / "results.ndjson")


def test_results_are_read_no_further_than_they_are_asked_for() -> None:
    stream = Stream(0, 1_000)
    response = httpx.Response(200, stream=stream)
    with Client(BASE, transport=Script(response).transport) as client:
        results = client.job_results("1")
        assert next(results)["index"] == 0
        assert stream.sent < 10
        results.close()
        assert response.is_closed
