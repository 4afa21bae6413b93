"""The explanation in one or two sentences that can be forwarded, built from the evidence of this text alone."""

from app.scoring.assessment import Trait
from app.scoring.labels import SIDES, Side, Verdict
from app.scoring.tags import name

MEANINGS = {
    "change": "change or uncertainty",
    "creativity": "new ideas",
    "complexity": "aims or parts that pull different ways",
    "interpersonal": "people's trust, mood or will",
    "efficiency": "time, cost or output",
    "standardization": "rules and routine",
    "technical": "specialist craft",
    "scale": "many people or resources",
}
UNNAMED: dict[Side, str] = {
    "leadership": "a direction to give or people to win over",
    "management": "something to plan, organise or carry out",
}
"""What calls for a side where none of its criteria is present."""
MOST_NAMED = 3


def explain(verdict: Verdict, criteria: tuple[Trait, ...], passages: dict[Side, str], rival: Verdict | None) -> str:
    """Say what calls for which side, what is denied, and how the sides weigh.

    `passages` has, for each side, the words that speak most for it, for texts in which none of its criteria is
    present; `rival` is the second verdict where the two are close.
    """
    if verdict == "insufficient":
        return f"The text says too little about work that lies ahead to tell{_close(verdict, rival)}."
    named = {side: _one_side(side, criteria) for side in SIDES}
    called = {side: named[side] or _unnamed(side, passages[side]) for side in SIDES}
    if verdict == "both":
        reasons = "; ".join(f"{side} for {called[side]}" for side in SIDES)
        return f"This calls for both leadership and management{_close(verdict, rival)}: {reasons}."
    other: Side = "management" if verdict == "leadership" else "leadership"
    weaker = named[other]
    mainly = "mainly " if weaker and not rival else ""
    opening = f"This calls {mainly}for {verdict}{_close(verdict, rival)}: {called[verdict]}."
    return f"{opening} {other.capitalize()} weighs less: {weaker}." if weaker else opening + _denied(other, criteria)


def unread(language: str | None, hinted: bool) -> str:
    """Say why a text is not judged: the language that it was found or said to be in, or None for its letters."""
    if language is None:
        return "The text has no words in Latin letters. This service reads English only, so nothing is judged."
    how = "You say that the text is in" if hinted else "The text seems to be in"
    advice = "" if hinted else " If it is English, send it again with the option language: en."
    return f"{how} {name(language)} ({language}). This service reads English only, so nothing is judged.{advice}"


def _close(verdict: Verdict, rival: Verdict | None) -> str:
    """How narrow it is, where it is."""
    if rival is None:
        return ""
    if rival == "insufficient":
        return ", though the text says little"
    if verdict == "insufficient":
        return f", though it leans to {'both sides' if rival == 'both' else rival}"
    return ", though nearly for both" if rival == "both" else f", though nearly for {rival} alone"


def _one_side(side: Side, criteria: tuple[Trait, ...]) -> str:
    """The present criteria of a side with their best quotes; a clause that shows two is quoted once."""
    present = [trait for trait in criteria if trait.side == side and trait.present and trait.evidence]
    present.sort(key=lambda trait: -(trait.probability or 0.0))
    meant: dict[str, list[str]] = {}
    for trait in present[:MOST_NAMED]:
        meant.setdefault(trait.evidence[0].quote, []).append(MEANINGS[trait.slug])
    listed = [f"“{quote}” ({'; '.join(meanings)})" for quote, meanings in meant.items()]
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}" if listed else ""


def _unnamed(side: Side, passage: str) -> str:
    return f"“{passage}” ({UNNAMED[side]})" if passage else UNNAMED[side]


def _denied(side: Side, criteria: tuple[Trait, ...]) -> str:
    """What the text rules out on a side that does not count."""
    for trait in criteria:
        if trait.side == side and not trait.present and trait.evidence:
            return f" “{trait.evidence[0].quote}” rules out {MEANINGS[trait.slug]}."
    return ""
