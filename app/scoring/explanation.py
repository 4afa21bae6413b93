"""The explanation in one or two sentences, built from the evidence of this text alone."""

from app.scoring.assessment import Evidence, Trait
from app.scoring.labels import Side, Verdict
from app.scoring.tags import name

DENIAL = -1.0
"""Words that lower a criterion's logit by at least this much are told as speaking against it."""
LONGEST_DENIAL = 7
_SIDES: tuple[Side, Side] = ("leadership", "management")
_CLOSING = {
    "both": "Neither side can be left out.",
    "leadership": "Together this calls mainly for leadership.",
    "management": "Together this calls mainly for management.",
}


def explain(verdict: Verdict, criteria: tuple[Trait, ...]) -> str:
    """Say what in the text speaks for either side, and what is denied."""
    parts = [part for side in _SIDES if (part := _one_side(side, criteria))]
    if verdict == "insufficient":
        seen = f" What little there is: {'; '.join(parts)}." if parts else ""
        return f"The text says too little about work that lies ahead to tell.{seen}"
    denied = [
        f"“{trait.evidence[0].quote}” speaks against {trait.slug}"
        for trait in criteria
        if not trait.present and trait.evidence and _denies(trait.evidence[0])
    ]
    said = "; ".join([*parts, *denied[:1]])
    if not said:
        return f"No single passage decides it; the text as a whole calls for {verdict}."
    return f"{said[0].upper()}{said[1:]}. {_CLOSING[verdict]}"


def unread(language: str | None, hinted: bool) -> str:
    """Say why a text is not judged: the language that it was found or said to be in, or None for its letters."""
    if language is None:
        return "The text has no words in Latin letters. This service reads English only, so nothing is judged."
    how = "You say that the text is in" if hinted else "The text seems to be in"
    advice = "" if hinted else " If it is English, send it again with the option language: en."
    return f"{how} {name(language)} ({language}). This service reads English only, so nothing is judged.{advice}"


def _denies(evidence: Evidence) -> bool:
    """A few words that deny; a whole sentence that only speaks of something else is no denial."""
    return evidence.weight <= DENIAL and len(evidence.quote.split()) <= LONGEST_DENIAL


def _one_side(side: Side, criteria: tuple[Trait, ...]) -> str:
    quoted = [
        (trait.probability or 0.0, trait.slug, trait.evidence[0].quote)
        for trait in criteria
        if trait.side == side and trait.present and trait.evidence and trait.evidence[0].polarity == "supports"
    ]
    if not quoted:
        return ""
    quoted.sort(key=lambda entry: -entry[0])
    listed = [f"“{quote}” ({slug})" for _, slug, quote in quoted[:3]]
    joined = listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"
    return f"{joined} {'calls' if len(listed) == 1 else 'call'} for {side}"
