"""Situations that many tests score."""

SITUATION = (
    "We are merging two plants and nobody knows the final structure yet. Line managers must keep the 12-step safety "
    "procedure unchanged across all 40 lines. We do not need new product ideas this year."
)
RECORD = {
    "id": "a",
    "text": SITUATION,
    "verdict": "both",
    "criteria": {"change": ["merging two plants"]},
    "counter": {},
    "factors": {},
    "leadership_styles": ["transformational-leadership"],
    "management_styles": ["managerial-management"],
    "writer": "test",
    "form": "note",
    "industry": "manufacturing",
    "traps": [],
    "source": None,
}
