"""An assessment as a picture for a report: SVG without script, style sheet or foreign parts."""

import textwrap
from html import escape
from typing import Any

from app.archive.tables import KeptAssessment

WIDTH, MARGIN, LINES = 640, 24, 6
VERDICTS = {
    "leadership": "Calls for leadership",
    "management": "Calls for management",
    "both": "Calls for leadership and management",
    "insufficient": "Says too little to tell",
}
STATUS = {
    "uncertain": "uncertain, two verdicts are close",
    "unreadable": "unreadable, nothing that the model can read",
}
INK, SOFT, FAINT, LEAD, MANAGE = "#1a1a1a", "#595959", "#e4e4e4", "#7a3e00", "#0b4f8a"
COLOURS = {"leadership": LEAD, "management": MANAGE}


def draw(kept: KeptAssessment) -> str:
    """The verdict, both demands, the eight criteria and, where it was kept, the explanation."""
    answer = kept.answer
    told = textwrap.wrap(answer.get("explanation", ""), 80, max_lines=LINES, placeholder=" …")
    base = 238 + 4 * 44
    height = base + 22 * len(told) + 56
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'role="img" aria-labelledby="title desc" font-family="system-ui, Helvetica, Arial, sans-serif">',
        f'<title id="title">{escape(VERDICTS[kept.verdict])}</title>',
        f'<desc id="desc">{escape(_description(kept))}</desc>',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(MARGIN, 48, VERDICTS[kept.verdict], 24, INK, bold=True),
        _text(MARGIN, 74, _certainty(kept), 14, SOFT),
    ]
    for row, side in enumerate(("leadership", "management")):
        y = 112 + 36 * row
        parts.append(_text(MARGIN, y, f"Demand for {side}", 15, INK))
        parts.append(_bar(232, y - 13, answer["demand"][side], COLOURS[side], width=328, height=16))
        parts.append(_text(WIDTH - MARGIN, y, _percent(answer["demand"][side]), 15, INK, anchor="end"))
    for column, side in enumerate(("leadership", "management")):
        x = MARGIN + column * 308
        parts.append(_text(x, 202, f"Criteria for {side}", 13, COLOURS[side], bold=True))
        criteria = [trait for trait in answer["criteria"] if trait["side"] == side]
        parts += [_criterion(x, 230 + 44 * row, trait, COLOURS[side]) for row, trait in enumerate(criteria)]
    parts += [_text(MARGIN, base + 8 + 22 * number, line, 13, INK) for number, line in enumerate(told)]
    parts += [_text(MARGIN, height - 34 + 16 * number, line, 11, SOFT) for number, line in enumerate(_origin(kept))]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _criterion(x: int, y: int, trait: dict[str, Any], colour: str) -> str:
    mark = "✓ " if trait["present"] else ""
    name = _text(x, y, f"{mark}{trait['slug']}", 14, INK if trait["present"] else SOFT, bold=trait["present"])
    shown = _text(x + 284, y + 17, _percent(trait["probability"]), 13, INK, anchor="end")
    bar = _bar(x, y + 8, trait["probability"], colour, width=236, height=10)
    return name + bar + _threshold(x, y + 8, trait.get("present_from"), width=236, height=10) + shown


def _bar(x: int, y: int, share: float | None, colour: str, *, width: int, height: int) -> str:
    whole = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="2" fill="{FAINT}"/>'
    part = round(width * (share or 0.0), 1)
    return whole + f'<rect x="{x}" y="{y}" width="{part}" height="{height}" rx="2" fill="{colour}"/>'


def _threshold(x: int, y: int, share: float | None, *, width: int, height: int) -> str:
    """A line across the bar; none where the answer does not say from where on the trait is present."""
    if share is None:
        return ""
    place = x + round(width * share, 1) - 1
    shape = f'x="{place}" y="{y - 3}" width="2" height="{height + 6}"'
    return f'<rect {shape} fill="{INK}" stroke="#ffffff" stroke-width="2" paint-order="stroke"/>'


def _text(x: int, y: int, words: str, size: int, colour: str, *, bold: bool = False, anchor: str = "start") -> str:
    place = f'x="{x}" y="{y}" text-anchor="{anchor}"'
    weight = ' font-weight="700"' if bold else ""
    return f'<text {place} font-size="{size}" fill="{colour}"{weight}>{_safe(words)}</text>'


def _safe(words: str) -> str:
    """Text that XML can hold: markup escaped, controls left out."""
    return escape("".join(sign for sign in words if sign.isprintable()))


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{round(share * 100)} %"


def _certainty(kept: KeptAssessment) -> str:
    sure = kept.answer["confidence"]
    if sure is None:
        return STATUS[kept.status]
    said = [STATUS[kept.status]] if kept.status in STATUS else []
    said.append(f"probability {_percent(sure['value'])}")
    if kept.status == "judged" or sure["band"] == "uncertain":  # earlier answers give the low band's, of all texts
        said.append(f"such were right {_percent(sure['accuracy'])} of the time")
    return "; ".join(said)


def _origin(kept: KeptAssessment) -> tuple[str, str]:
    about = "A judgement of a described situation, not of a person."
    lined = all(trait.get("present_from") is not None for trait in kept.answer["criteria"])
    about += " A tick: the bar reaches its line." if lined else " A tick marks what is present."
    return about, f"Model {kept.model}, {kept.created_at:%Y-%m-%d}, {kept.id}"


def _description(kept: KeptAssessment) -> str:
    demand = kept.answer["demand"]
    said = [f"{trait['slug']} {_percent(trait['probability'])}" for trait in kept.answer["criteria"]]
    present = [trait["slug"] for trait in kept.answer["criteria"] if trait["present"]]
    return (
        f"{VERDICTS[kept.verdict]}, {_certainty(kept)}. Demand for leadership {_percent(demand['leadership'])}, for "
        f"management {_percent(demand['management'])}. Criteria: {', '.join(said)}. "
        f"Present: {', '.join(present) or 'none'}."
    )
