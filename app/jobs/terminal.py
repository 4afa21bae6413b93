"""An answer for a reader at a terminal."""

from typing import Any


def readable(answer: dict[str, Any]) -> str:
    """An answer for a reader at a terminal."""
    demand, verdict = answer["demand"], answer["verdict"]
    sure = answer["confidence"]
    right = f"; such verdicts were right {sure['accuracy'] * 100:.0f} % of the time" if sure else ""
    lines = [
        f"{verdict.upper()}  ({answer['status']}, probability {answer['probabilities'][verdict]:.2f}{right})",
        f"leadership {_bar(demand['leadership'])}   management {_bar(demand['management'])}",
        "",
        answer["explanation"],
        "",
    ]
    for trait in answer["criteria"]:
        mark = "x" if trait["present"] else " "
        quotes = ", ".join(f"“{quote['quote']}”" for quote in trait["evidence"] if quote["polarity"] == "supports")
        limit = "" if trait["present_from"] is None else f" (from {trait['present_from']:.2f})"
        lines.append(
            f"[{mark}] {trait['slug']:<16}{_bar(trait['probability'] or 0.0)}{limit}  {quotes if mark == 'x' else ''}"
        )
    for name, entries in answer["recommendations"].items():
        for entry in entries[:1]:
            lines.append(f"{name.replace('_', ' ')}: {entry['name']} (because of {', '.join(entry['because'])})")
    lines += [f"? {hint['ask']}" for hint in answer["missing"][:2]]
    return "\n".join(line.rstrip() for line in lines)


def _bar(probability: float) -> str:
    filled = round(probability * 10)
    return f"{'#' * filled}{'.' * (10 - filled)} {probability:.2f}"
