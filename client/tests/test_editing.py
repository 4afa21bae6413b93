"""Changes of the catalogue, with both clients."""

from typing import Any

import httpx
import pytest
from support import MakeClient, Script
from test_sending import BASE

from lead_or_manage_client import Conflict, Forbidden, Gone, Invalid, NotFound, PreconditionFailed

PROGRAM = {
    "slug": "plant-leaders",
    "name": "Plant leaders",
    "description": "Leading a plant through a merger.",
    "school": "Acme Academy",
    "audience": "Whoever leads a plant.",
}
SKILL = {
    "slug": "listening",
    "name": "Listening",
    "description": "Hearing what is not said.",
    "concept": "leadership",
    "purpose": "Helps leaders to know a team.",
}


def test_a_program_is_kept_changed_and_retired(keyed: Any, client: Any) -> None:
    made = keyed.create_program(**PROGRAM, months=3, criteria=[{"slug": "change", "why": "Mergers."}])
    assert (made["months"], made["catalogue"], made["version"]) == (3, "own", 1)
    [listed] = keyed.programs(school="Acme Academy")
    changed = keyed.change_program(listed, months=None, topics=["One.", "Two."])
    assert (changed["months"], changed["topics"], changed["criteria"]) == (None, ["One.", "Two."], made["criteria"])
    assert keyed.program("plant-leaders") == changed
    [copied] = keyed.programs(modified_since=changed["modified_at"], include_retired=True)
    assert copied == changed
    tombstone = keyed.retire_program(changed, successor="berkeley-epm")
    assert tombstone["successor"] == "berkeley-epm"
    with pytest.raises(Gone):
        keyed.program("plant-leaders")
    with pytest.raises(Gone):
        keyed.change_program(changed, months=4)
    [gone] = keyed.programs(modified_since=changed["modified_at"], include_retired=True)
    assert gone["retired_at"] == tombstone["retired_at"]
    with pytest.raises(NotFound):
        client.program("plant-leaders")


def test_a_skill_is_kept_named_by_a_program_changed_and_retired(keyed: Any) -> None:
    skill = keyed.create_skill(**SKILL)
    program = keyed.create_program(**PROGRAM, skills=[{"slug": "listening", "why": "It is trained."}])
    skill = keyed.change_skill(skill, name="Hearing")
    program = keyed.change_program(program, months=4)
    assert [named["name"] for named in program["skills"]] == ["Hearing"]
    keyed.retire_skill(skill)
    assert keyed.program("plant-leaders")["skills"] == []


def test_of_two_changes_of_the_same_state_the_second_is_refused(keyed: Any) -> None:
    known = keyed.create_program(**PROGRAM)
    keyed.change_program(known, months=4)
    for late in (lambda: keyed.change_program(known, months=5), lambda: keyed.retire_program(known)):
        with pytest.raises(PreconditionFailed) as caught:
            late()
        assert caught.value.code == "item_changed"
    assert keyed.program("plant-leaders")["months"] == 4


def test_what_the_service_refuses_says_why(keyed: Any) -> None:
    keyed.create_program(**PROGRAM)
    with pytest.raises(Conflict):
        keyed.create_program(**PROGRAM)
    with pytest.raises(Invalid) as caught:
        keyed.change_program(keyed.program("plant-leaders"), months=0)
    assert caught.value.errors[0]["pointer"] == "/months"
    with pytest.raises(Forbidden):
        keyed.change_program(keyed.program("berkeley-epm"), months=4)


def test_a_change_names_the_state_that_it_was_decided_on(make_client: MakeClient) -> None:
    def read(version: int) -> httpx.Response:
        return httpx.Response(200, json={"slug": "a", "version": version}, headers={"ETag": f'"tag-{version}"'})

    script = Script(read(1), read(2), read(3), read(3))
    client = make_client(BASE, transport=script.transport)
    client.change_program({"slug": "a", "version": 1}, months=2)
    client.retire_program({"slug": "a", "version": 2}, successor="b")
    first, patch, second, delete = script.requests
    assert first.headers["accept-encoding"] == second.headers["accept-encoding"] == "identity"
    assert (patch.method, patch.headers["content-type"]) == ("PATCH", "application/merge-patch+json")
    assert patch.headers["if-match"] == '"tag-1"'
    assert (delete.method, str(delete.url)) == ("DELETE", f"{BASE}/v1/programs/a?successor=b")
    assert delete.headers["if-match"] not in {'"tag-2"', '"tag-3"', "*", ""}
