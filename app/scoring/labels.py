"""The names that the model speaks in, in the order of every answer."""

from typing import Literal

VERDICTS = ("leadership", "management", "both", "insufficient")
LEADERSHIP_CRITERIA = ("change", "creativity", "complexity", "interpersonal")
MANAGEMENT_CRITERIA = ("efficiency", "standardization", "technical", "scale")
CRITERIA = LEADERSHIP_CRITERIA + MANAGEMENT_CRITERIA
FACTORS = ("urgency", "commitment", "expertise", "inexperience")
TRAITS = CRITERIA + FACTORS
LEADERSHIP_STYLES = (
    "autocratic-leadership",
    "democratic-leadership",
    "laissez-faire-leadership",
    "transformational-leadership",
)
MANAGEMENT_STYLES = (
    "autocratic-management",
    "democratic-management",
    "laissez-faire-management",
    "managerial-management",
    "visionary-management",
)
STYLES = LEADERSHIP_STYLES + MANAGEMENT_STYLES

Verdict = Literal["leadership", "management", "both", "insufficient"]
Status = Literal["judged", "uncertain", "unreadable"]
Band = Literal["low", "medium", "high", "uncertain"]
Side = Literal["leadership", "management"]
OffsetUnit = Literal["unicode_code_point", "utf16", "utf8"]
SIDES: tuple[Side, ...] = ("leadership", "management")


def side(criterion: str) -> Side:
    """The side that a criterion calls for."""
    return "leadership" if criterion in LEADERSHIP_CRITERIA else "management"
