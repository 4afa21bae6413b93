"""What is quoted, and what is said of it: clauses, denials, and an explanation that fits the verdict."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.scoring import Scorer
from app.scoring.assessment import Evidence, Trait
from app.scoring.clauses import FUNCTION, LEADING, LONGEST, Clauses
from app.scoring.explanation import explain
from app.scoring.labels import CRITERIA, Side, Verdict, side
from tests.support import apps
from tests.support.texts import SITUATION


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return apps.scorer()


def clauses(text: str) -> list[str]:
    """The clauses of a text as they stand in it."""
    read = Clauses(text)
    return [text[slice(*read.quote(first, end))] for first, end in read.found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "The line stops at noon because the seals are worn, and nobody has ordered new ones.",
            ["The line stops at noon", "because the seals are worn", "and nobody has ordered new ones"],
        ),
        ("We plan, organise and staff the night shift.", ["We plan, organise and staff the night shift"]),
        (
            "It is not because of the rota that the crew left us in May.",
            ["It is not because of the rota that the crew left us in May"],
        ),
        (
            "The owner (who bought the mill in March and sold it again) wants a new plan.",
            ["The owner (who bought the mill in March and sold it again) wants a new plan"],
        ),
        ("Stop.\nCount the stock by noon", ["Stop", "Count the stock by noon"]),
        ("!?", []),
    ],
)
def test_clauses_end_where_a_reader_would_cut(text: str, expected: list[str]) -> None:
    assert clauses(text) == expected


@given(st.lists(st.sampled_from("the a not and but with for we crew plan (new) by, May. no\n".split(" "))))
def test_clauses_hold_every_word_once_and_in_order(parts: list[str]) -> None:
    read = Clauses(" ".join(parts))
    assert [place for first, end in read.found for place in range(first, end)] == list(range(len(read.words)))


def test_a_long_clause_is_cut_before_a_preposition_and_keeps_its_negation() -> None:
    text = (
        "Nobody in the two plants that we bought last spring has ever been asked about the order of the stations on "
        "the long line behind the old paint shop near the river"
    )
    read = Clauses(text)
    gains = [float(word in {"asked", "order"}) for word in read.lower]
    first, end = read.trimmed(*read.shortened(0, len(read.words), gains))
    assert end - first <= LONGEST
    assert {"nobody", "asked", "order"} <= set(read.lower[first:end])
    assert read.lower[end - 1] not in FUNCTION


def test_quotes_of_an_answer_start_and_end_at_words_that_carry_meaning(scorer: Scorer) -> None:
    quotes = [quote for trait in scorer.assess(SITUATION).criteria for quote in trait.evidence]
    assert quotes
    for quote in quotes:
        told = quote.quote.lower().split()
        assert told[0] not in LEADING
        assert len(told) <= LONGEST


def test_what_is_present_is_supported_and_what_is_absent_at_most_denied(scorer: Scorer) -> None:
    text = "Nothing about our structure is changing. We only have to file the 300 permits by Friday."
    criteria = {trait.slug: trait for trait in scorer.assess(text).criteria}
    assert [quote.quote for quote in criteria["change"].evidence] == ["Nothing about our structure is changing"]
    for trait in criteria.values():
        assert {quote.polarity for quote in trait.evidence} <= ({"supports"} if trait.present else {"counters"})
        assert all((quote.weight > 0) == (quote.polarity == "supports") for quote in trait.evidence)
    plain = scorer.assess("We only have to file the 300 permits by Friday.")
    assert not any(quote.polarity == "counters" for trait in plain.criteria for quote in trait.evidence)


@pytest.mark.parametrize(
    ("text", "quotes"),
    [
        ("Order the valves (two spare ones).", {"Order the valves (two spare ones)"}),
        ('The inspector wrote "replace both doors".', {'The inspector wrote "replace both doors"'}),
    ],
)
def test_a_quote_keeps_the_bracket_or_mark_that_it_opens(scorer: Scorer, text: str, quotes: set[str]) -> None:
    found = {quote.quote for trait in scorer.assess(text).criteria for quote in trait.evidence}
    told = scorer.assess(text).explanation.partition("“")[2].partition("”")[0]
    assert {*found, told} & quotes


def told(verdict: Verdict, rival: Verdict | None = None, denied: str = "", **present: str) -> str:
    """The explanation where these criteria are present with these quotes; `denied` is a quote against efficiency."""

    def trait(slug: str) -> Trait:
        quote, polarity = (present[slug], "supports") if slug in present else (denied, "counters")
        shown = slug in present or (slug == "efficiency" and bool(denied))
        evidence = (Evidence(quote, 0, len(quote), polarity, 1.0),) if shown else ()  # type: ignore[arg-type]
        return Trait(slug, side(slug), 0.9, slug in present, 0.5, 0.0, 0.0, evidence)

    passages: dict[Side, str] = {"leadership": "win them over", "management": "hire two"}
    return explain(verdict, tuple(map(trait, CRITERIA)), passages, rival)


def test_the_explanation_says_what_calls_for_which_side_and_never_contradicts_the_verdict() -> None:
    assert told("leadership", change="two plants merge") == (
        "This calls for leadership: “two plants merge” (change or uncertainty)."
    )
    assert told("management", efficiency="by noon", change="two plants merge") == (
        "This calls mainly for management: “by noon” (time, cost or output). "
        "Leadership weighs less: “two plants merge” (change or uncertainty)."
    )
    assert told("both", efficiency="by noon", change="two plants merge", interpersonal="two plants merge") == (
        "This calls for both leadership and management: leadership for “two plants merge” (change or uncertainty; "
        "people's trust, mood or will); management for “by noon” (time, cost or output)."
    )
    assert told("leadership", denied="there is no deadline", change="two plants merge") == (
        "This calls for leadership: “two plants merge” (change or uncertainty). "
        "“there is no deadline” rules out time, cost or output."
    )
    assert told("management") == "This calls for management: “hire two” (something to plan, organise or carry out)."
    assert (
        told("leadership") == "This calls for leadership: “win them over” (a direction to give or people to win over)."
    )
    assert told("both", efficiency="by noon") == (
        "This calls for both leadership and management: leadership for “win them over” (a direction to give or people "
        "to win over); management for “by noon” (time, cost or output)."
    )


def test_the_explanation_says_how_narrow_a_verdict_is() -> None:
    assert told("management", rival="insufficient", efficiency="by noon") == (
        "This calls for management, though the text says little: “by noon” (time, cost or output)."
    )
    assert told("both", rival="leadership", change="two plants merge", efficiency="by noon") == (
        "This calls for both leadership and management, though nearly for leadership alone: "
        "leadership for “two plants merge” (change or uncertainty); management for “by noon” (time, cost or output)."
    )
    assert told("management", rival="both", change="two plants merge", efficiency="by noon") == (
        "This calls for management, though nearly for both: “by noon” (time, cost or output). "
        "Leadership weighs less: “two plants merge” (change or uncertainty)."
    )
    assert told("insufficient", rival="management", efficiency="by noon") == (
        "The text says too little about work that lies ahead to tell, though it leans to management."
    )
    assert told("insufficient") == "The text says too little about work that lies ahead to tell."
