"""Guides as pages in the style of the reading view: written ones, and every error code with its cause and remedy."""

import base64
import json
from html import escape
from typing import Any

import yaml

from app.docs.examples import HERE, PROBLEMS
from app.docs.markdown import chapters, prose
from app.docs.reading import page

MISTAKES = HERE / "mistakes.yaml"
SHOWN_DETAILS = 5
MISTAKES_LEAD = """Every error of this service is `application/problem+json` (RFC 9457) in one shape. Act on `code`: it
is stable. `detail` says what to do, in words for people, and may be put better at any time. `errors` points at each
fault, with a JSON pointer into the body or `?name` for a parameter. Nothing that you sent is ever repeated.

What is shown here are real answers of a real service."""


def guide(name: str) -> str:
    """A written guide, from its Markdown file."""
    title, contents, body = chapters((HERE / f"{name}.md").read_text(encoding="utf-8"))
    return page(title, contents, body)


def performance() -> str:
    """How cost grows, with the picture and the table that the benchmark wrote."""
    title, contents, body = chapters((HERE / "performance.md").read_text(encoding="utf-8") + _growth())
    picture = base64.b64encode((HERE / "growth.svg").read_bytes()).decode()
    image = f'<p><img alt="How cost grows; the table says the same" src="data:image/svg+xml;base64,{picture}"></p>'
    return page(title, contents, body.replace("<table>", f"{image}<table>", 1))


def _growth() -> str:
    """The table of the benchmark as Markdown."""
    rows = ["| what | by | ratios to the first |", "|---|---|---|"]
    for row in json.loads((HERE / "growth.json").read_text(encoding="utf-8")):
        pairs = zip(row["sizes"], row["ratios"], strict=True)
        rows.append(f"| {row['what']} | {row['by']} | {', '.join(f'{size:,}: {ratio:g}' for size, ratio in pairs)} |")
    return "\n".join(rows) + "\n"


def mistakes() -> str:
    """Every error code that a request can cause, from the real answers in problems.json."""
    found = sorted(_codes().items(), key=lambda entry: (entry[1][0]["status"], entry[0]))
    why: dict[str, dict[str, str]] = yaml.safe_load(MISTAKES.read_text(encoding="utf-8"))
    sample = next(problems[0] for code, problems in found if code == "validation_failed")
    shape = f'<pre tabindex="0"><code>{escape(json.dumps(sample, indent=2, ensure_ascii=False))}</code></pre>'
    body = [f"<h1>Mistakes and their errors</h1>{prose(MISTAKES_LEAD)}{shape}"]
    body += [_mistake(code, problems, **why.get(code, {})) for code, problems in found]
    return page("Mistakes and their errors", [(code, code) for code, _ in found], "\n".join(body))


def _codes() -> dict[str, list[dict[str, Any]]]:
    codes: dict[str, list[dict[str, Any]]] = {}
    for kinds in json.loads(PROBLEMS.read_text(encoding="utf-8")).values():
        for problems in kinds.values():
            for problem in problems:
                codes.setdefault(problem["code"], []).append(problem)
    return codes


def _mistake(code: str, problems: list[dict[str, Any]], cause: str = "", remedy: str = "") -> str:
    first, said = problems[0], list(dict.fromkeys(problem["detail"] for problem in problems))
    details = "".join(f"<li>{escape(detail)}</li>" for detail in said[:SHOWN_DETAILS])
    return (
        f'<section id="{code}"><h2><code>{code}</code></h2>'
        f'<p class="call"><b>{first["status"]}</b> {first["title"]}</p>'
        f"{prose(f'**Cause.** {cause}')}{prose(f'**What to do.** {remedy}')}"
        f"<p><strong>What it says</strong>, for example:</p><ul>{details}</ul></section>"
    )
