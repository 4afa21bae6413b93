"""Kept assessments, with both clients."""

import uuid
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from support import MakeClient, Script
from test_sending import BASE, good, refusal

from lead_or_manage_client import Invalid, NotFound, Unauthorized, Unavailable, calls
from tests.support.texts import SITUATION


def test_what_is_kept_is_the_score_and_comes_back_until_it_is_deleted(keyed: Any) -> None:
    made = keyed.keep_assessment(SITUATION, id="case-42", subject_ref="p-1", retention_days=3, max_evidence=1)
    assert made["result"] == keyed.score(SITUATION, id="case-42", max_evidence=1)
    assert (made["text"], made["subject_ref"]) == (SITUATION, "p-1")
    assert keyed.assessment(made["id"]) == keyed.assessment(made) == made
    [listed] = keyed.assessments()
    assert keyed.assessment(listed) == made
    keyed.delete_assessment(listed)
    with pytest.raises(NotFound):
        keyed.assessment(made)
    with pytest.raises(NotFound):
        keyed.delete_assessment(made)


def test_the_list_is_filtered_and_goes_over_all_pages(keyed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "PAGE_SIZE", 1)
    kept = [keyed.keep_assessment(text) for text in (SITUATION, "A plan.", SITUATION)]
    assert [found["id"] for found in keyed.assessments()] == [one["id"] for one in reversed(kept)]
    assert [found["id"] for found in keyed.assessments(verdict="insufficient")] == [kept[1]["id"]]
    assert len(list(keyed.assessments(created_from=kept[1]["created_at"], verdict=["both", "leadership"]))) == 1


def test_an_idempotency_key_that_comes_again_keeps_nothing_twice(keyed: Any) -> None:
    key = uuid.uuid4().hex
    assert keyed.keep_assessment("A plan.", idempotency_key=key) == keyed.keep_assessment(
        "A plan.", idempotency_key=key
    )
    assert len(list(keyed.assessments())) == 1
    with pytest.raises(Invalid) as caught:
        keyed.keep_assessment("Another plan.", idempotency_key=key)
    assert caught.value.code == "idempotency_key_reused"
    assert keyed.keep_assessment("A plan.")["id"] != keyed.keep_assessment("A plan.")["id"]


def test_every_try_has_the_same_key_and_one_that_still_runs_is_waited_for(
    make_client: MakeClient, waits: list[float]
) -> None:
    running = refusal(409, "request_running", Retry_After="1")
    script = Script(httpx.ReadError("cut"), running, good(id="a"), good(id="b"))
    client = make_client(BASE, transport=script.transport)
    assert (client.keep_assessment("A plan.")["id"], client.keep_assessment("A plan.")["id"]) == ("a", "b")
    first, second, third, other = (request.headers["idempotency-key"] for request in script.requests)
    assert first == second == third != other
    assert waits[1] >= 1


def test_feedback_is_added_and_read_and_never_sent_twice(
    keyed: Any, make_client: MakeClient, waits: list[float]
) -> None:
    kept = keyed.keep_assessment(SITUATION)
    keyed.give_feedback(kept, agree=True)
    word = {"quote": SITUATION.split()[0]}
    change = {"slug": "change", "present": True, "evidence": [word]}
    said = keyed.give_feedback(kept["id"], agree=False, verdict="leadership", criteria=[change], reason="As told.")
    assert (said["criteria"][0]["slug"], said["reason"]) == ("change", "As told.")
    assert [one["agree"] for one in keyed.feedback(kept)] == [False, True]
    with pytest.raises(Invalid):
        keyed.give_feedback(kept, agree=False)
    with pytest.raises(Unavailable):
        make_client(BASE, transport=Script(refusal(503, "x")).transport).give_feedback("1", agree=True)
    assert waits == []


def test_a_picture_is_svg(keyed: Any) -> None:
    picture = ElementTree.fromstring(keyed.draw_assessment(keyed.keep_assessment(SITUATION)))
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"


def test_what_is_kept_under_a_pseudonym_is_handed_out_and_erased(keyed: Any) -> None:
    kept = keyed.keep_assessment(SITUATION, subject_ref="p-7f3a")
    said = keyed.give_feedback(kept, agree=True)
    keyed.keep_assessment(SITUATION, subject_ref="p-other")
    export = keyed.export_subject("p-7f3a")
    assert export["assessments"] == [kept | {"feedback": [said]}]
    receipt = keyed.erase_subject("p-7f3a")
    assert (receipt["assessments"], receipt["feedback"], receipt["idempotency_keys"]) == (1, 1, 1)
    assert keyed.export_subject("p-7f3a")["assessments"] == []
    assert len(list(keyed.assessments())) == 1


def test_without_a_key_nothing_is_kept(client: Any) -> None:
    with pytest.raises(Unauthorized):
        client.keep_assessment(SITUATION)
