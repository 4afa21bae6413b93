"""What is sent, when it is sent again, and what becomes of answers that are no answers."""

import asyncio
import json
import pickle
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from support import MakeClient, Script

from lead_or_manage_client import (
    AsyncClient,
    ConnectionFailed,
    NotFound,
    ProblemError,
    RateLimited,
    Retries,
    ServerError,
    TimedOut,
    TooLarge,
    Unavailable,
    UnexpectedAnswer,
    __version__,
    quote,
)

BASE = "http://service.test/lom"


def refusal(status: int, code: str, **headers: str) -> httpx.Response:
    body = {"title": "T", "status": status, "code": code, "detail": "D.", "request_id": "r-1", "errors": []}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=body, headers=named)


def good(**body: Any) -> httpx.Response:
    return httpx.Response(200, json=body)


def test_every_request_says_who_sends_it_and_shows_the_key_in_a_header_only(make_client: MakeClient) -> None:
    script = Script(good(), good())
    client = make_client(BASE, "lom_live_secret", transport=script.transport)
    client.score("A plan.")
    client.program("a/b")
    first, second = script.requests
    assert str(first.url) == f"{BASE}/v1/score"
    assert str(second.url) == f"{BASE}/v1/programs/a%2Fb"
    assert first.headers["user-agent"].startswith(f"lead-or-manage-client/{__version__} python/3.")
    assert first.headers["x-api-key"] == second.headers["x-api-key"] == "lom_live_secret"
    assert first.headers["content-type"] == "application/json"
    assert "secret" not in repr(client) and BASE in repr(client)


def test_the_next_page_is_asked_for_under_the_address_of_the_client(make_client: MakeClient) -> None:
    pages = [
        good(items=[{"slug": "a"}], page={"next": "/v1/programs?focus=x&cursor=abc%3D", "prev": None}),
        good(items=[{"slug": "b"}], page={"next": None, "prev": "/v1/programs?cursor=z"}),
    ]
    script = Script(*pages)
    found = list(make_client(BASE, transport=script.transport).programs(focus=["x", "y"]))
    assert [item["slug"] for item in found] == ["a", "b"]
    asked = [
        f"{BASE}/v1/programs?focus=x&focus=y&limit=100",
        f"{BASE}/v1/programs?focus=x&focus=y&limit=100&cursor=abc%3D",
    ]
    assert [str(request.url) for request in script.requests] == asked


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_refusal_that_passes_is_waited_out(make_client: MakeClient, waits: list[float], status: int) -> None:
    script = Script(refusal(status, "x"), refusal(status, "x"), refusal(status, "x"), good(verdict="both"))
    assert make_client(BASE, transport=script.transport).score("A plan.")["verdict"] == "both"
    assert [request.content for request in script.requests] == [script.requests[0].content] * 4
    assert 0.25 <= waits[0] <= 0.5 <= waits[1] <= 1.0 <= waits[2] <= 2.0


def test_waits_differ_between_clients(make_client: MakeClient, waits: list[float]) -> None:
    for _ in range(5):
        make_client(BASE, transport=Script(refusal(503, "x"), good()).transport).alive()
    assert len(set(waits)) == 5


def test_retry_after_is_honoured_in_seconds_and_as_a_date(make_client: MakeClient, waits: list[float]) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    script = Script(refusal(429, "rate_limited", Retry_After="7"), refusal(503, "x", Retry_After=date), good())
    make_client(BASE, transport=script.transport).alive()
    assert 7 <= waits[0] <= 7.5
    assert 27 <= waits[1] <= 31


def test_retry_after_that_cannot_be_read_is_as_good_as_none(make_client: MakeClient, waits: list[float]) -> None:
    script = Script(*(refusal(503, "x", Retry_After=value) for value in ("soon", "nan", "-5")), good())
    make_client(BASE, transport=script.transport).alive()
    assert len(waits) == 3 and max(waits) <= 2.0


def test_a_wait_longer_than_wanted_is_an_error_at_once(make_client: MakeClient, waits: list[float]) -> None:
    script = Script(refusal(429, "rate_limited", Retry_After="3600"))
    with pytest.raises(RateLimited) as caught:
        make_client(BASE, transport=script.transport).alive()
    assert caught.value.retry_after == 3600
    assert waits == []


def test_after_the_last_retry_the_refusal_is_raised(make_client: MakeClient, waits: list[float]) -> None:
    script = Script(*(refusal(503, "unavailable") for _ in range(3)))
    with pytest.raises(Unavailable, match=r"503 unavailable: D\. \(request r-1\)"):
        make_client(BASE, transport=script.transport, retries=Retries(times=2)).ready()
    assert len(waits) == 2


@pytest.mark.parametrize(
    "failure",
    [httpx.ConnectError("no"), httpx.ReadError("cut"), httpx.RemoteProtocolError("gone"), httpx.ConnectTimeout("")],
)
def test_a_broken_connection_is_tried_again(
    make_client: MakeClient, waits: list[float], failure: httpx.TransportError
) -> None:
    assert make_client(BASE, transport=Script(failure, good(status="alive")).transport).alive() == {"status": "alive"}
    with pytest.raises(ConnectionFailed) as caught:
        make_client(BASE, transport=Script(failure).transport, retries=Retries(times=0)).alive()
    assert caught.value.__cause__ is failure
    assert len(waits) == 1


def test_an_answer_that_is_late_is_not_asked_for_again(make_client: MakeClient, waits: list[float]) -> None:
    with pytest.raises(TimedOut):
        make_client(BASE, transport=Script(httpx.ReadTimeout("late")).transport).score("A plan.")
    assert waits == []


@pytest.mark.parametrize("status", [400, 404, 413, 422, 500])
def test_a_refusal_that_stays_is_not_asked_for_again(make_client: MakeClient, waits: list[float], status: int) -> None:
    with pytest.raises(ProblemError) as caught:
        make_client(BASE, transport=Script(refusal(status, "x")).transport).alive()
    assert caught.value.status == status
    assert waits == []


def test_a_proxy_that_answers_in_place_of_the_service_is_named(make_client: MakeClient) -> None:
    html = httpx.Response(500, text="<h1>oh</h1>", headers={"X-Request-ID": "p-1"})
    with pytest.raises(ServerError, match="a proxy may have answered") as caught:
        make_client(BASE, transport=Script(html).transport).alive()
    assert (caught.value.code, caught.value.errors, caught.value.request_id) == ("http_500", [], "p-1")


def test_what_is_not_the_service_is_not_taken_for_it(make_client: MakeClient) -> None:
    for answer in (httpx.Response(200, text="<h1>log in</h1>"), httpx.Response(302, headers={"Location": "/x"})):
        with pytest.raises(UnexpectedAnswer):
            make_client(BASE, transport=Script(answer).transport).alive()


def counted(request: httpx.Request) -> httpx.Response:
    """Answers a batch, and refuses what the service would."""
    body = request.read().decode()
    items = json.loads(body)["items"]
    if len(items) > 1000 or sum(len(item["text"]) for item in items) > 200_000:
        return refusal(413, "too_large")
    return good(results=[{"index": place, "id": None, "status": "ok"} for place in range(len(items))])


def test_batches_are_as_large_as_the_service_allows_and_no_larger(make_client: MakeClient) -> None:
    sizes: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        response = counted(request)
        sizes.append(len(response.json()["results"]))
        return response

    client = make_client(BASE, transport=httpx.MockTransport(answer))
    results = list(client.score_batch(["short"] * 2_500, batch_size=1_000))
    assert [item["index"] for item in results] == list(range(2_500))
    assert sizes == [1_000, 1_000, 500]
    sizes.clear()
    assert len(list(client.score_batch(iter(["x" * 10_000] * 50), batch_size=1_000))) == 50
    assert sizes == [20, 20, 10]


def test_a_batch_size_beyond_the_limit_is_refused_before_anything_is_sent(make_client: MakeClient) -> None:
    for size in (0, 1_001):
        with pytest.raises(ValueError, match="1 to 1000"):
            list(make_client(BASE, transport=Script().transport).score_batch(["A plan."], batch_size=size))


def test_a_service_that_takes_less_than_it_says_is_an_error_not_a_result(make_client: MakeClient) -> None:
    with pytest.raises(TooLarge):
        list(make_client(BASE, transport=Script(refusal(413, "too_large")).transport).score_batch(["One.", "Two."]))


async def _texts(read: list[int]) -> Any:
    for place in range(1_000):
        read.append(place)
        yield "A plan."


def test_texts_are_read_no_further_than_one_batch_ahead() -> None:
    read: list[int] = []

    async def first() -> int:
        async with AsyncClient(BASE, transport=httpx.MockTransport(counted)) as client:
            results = client.score_batch(_texts(read), batch_size=10)
            found = [(await anext(results))["index"] for _ in range(11)]
            await results.aclose()
            return found[-1]

    assert asyncio.run(first()) == 10
    assert len(read) == 21


def test_an_error_survives_the_way_between_processes() -> None:
    original = NotFound({"status": 404, "code": "not_found", "detail": "D.", "request_id": "r"}, retry_after=3.0)
    copy = pickle.loads(pickle.dumps(original))
    assert (type(copy), str(copy), copy.retry_after) == (NotFound, str(original), 3.0)


def test_an_offset_unit_of_the_future_is_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="utf32"):
        quote("text", {"start": 0, "end": 1}, "utf32")


@pytest.mark.parametrize("status", [429, 503])
def test_a_call_that_may_not_be_repeated_is_not(status: int) -> None:
    with pytest.raises(ProblemError):
        Retries().after_answer(0, False, refusal(status, "x"))
    with pytest.raises(ConnectionFailed):
        Retries().after_failure(0, False, httpx.ConnectError("cut"))
