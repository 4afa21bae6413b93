"""The reading view: the OpenAPI document as plain HTML, for paper, for screen readers and without scripts."""

import json
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from app.docs.examples import answer_of
from app.docs.markdown import inline, prose

Json = dict[str, Any]

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{title}</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="style/reading.css"></head><body>
<nav aria-label="Contents"><p><a href="../docs">Try it</a> · <a href="../docs/reading">Read it</a> ·
<a href="../docs/quickstart">Quickstart</a> · <a href="../docs/mistakes">Mistakes</a> ·
<a href="../docs/operating">Operating</a> · <a href="../docs/performance">Performance</a> ·
<a href="../openapi.json">OpenAPI</a></p>{contents}</nav>
<main>{main}</main></body></html>
"""
SHOWN_LINES, FOLDED_LINES = 10, 16
"""How much of an example paper shows, and from which length on it is cut. On screen all are whole."""
PAPER = """<p class="paper">On paper an example of more than {folded} lines ends after {shown} with …, and what errors
say stands once, under Errors. On screen everything stands in its place.</p>"""
BOUNDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
}


def render(document: Json) -> str:
    """The whole page."""
    info, schemas = document["info"], document["components"]["schemas"]
    main = [f"<h1>{escape(info['title'])}</h1><p><strong>{escape(info['summary'])}</strong></p>"]
    main.append(prose(info["description"].replace("](docs", "](../docs")))
    main.append(PAPER.format(folded=FOLDED_LINES, shown=SHOWN_LINES))
    contents = []
    for tag in document["tags"]:
        name = tag["name"]
        main.append(f'<h2 id="{name}">{name.capitalize()}</h2>{prose(tag["description"])}')
        entries = []
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if name in operation["tags"]:
                    entries.append(_entry(operation["operationId"], operation["summary"]))
                    main.append(_operation(method, path, operation, schemas))
        contents.append(f"{_entry(name, name.capitalize())[:-5]}<ul>{''.join(entries)}</ul></li>")
    main.append(_errors(document["paths"]))
    contents.append(_entry("errors", "Errors"))
    main.append('<h2 id="schemas">Schemas</h2><p>Fields are always there unless marked optional.</p>')
    main += [_schema(name, schema) for name, schema in schemas.items()]
    names = "".join(_entry(f"schema-{name}", name) for name in schemas)
    contents.append(f"{_entry('schemas', 'Schemas')[:-5]}<ul>{names}</ul></li>")
    title = escape(f"{info['title']}, to read")
    return PAGE.format(title=title, contents=f"<ul>{''.join(contents)}</ul>", main="\n".join(main))


def page(title: str, contents: Iterable[tuple[str, str]], main: str) -> str:
    """Another page in the same style, with targets and words for its contents."""
    listed = "".join(_entry(target, words) for target, words in contents)
    return PAGE.format(title=f"{escape(title)} · Lead or Manage", contents=f"<ul>{listed}</ul>", main=main)


def _entry(target: str, text: str) -> str:
    return f'<li><a href="#{target}">{escape(text)}</a></li>'


def _example(title: str, value: Any) -> str:
    lines = (value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)).splitlines()
    cut = SHOWN_LINES if len(lines) > FOLDED_LINES else len(lines)
    first, rest = (escape("\n".join(part)) for part in (lines[:cut], lines[cut:]))
    folded = f'<span class="rest">\n{rest}</span>' if rest else ""
    return f'<h4>{escape(title)}</h4><pre tabindex="0"><code>{first}{folded}</code></pre>'


def _table(caption: str, head: str, rows: Iterable[tuple[str, ...]]) -> str:
    titles = "".join(f'<th scope="col">{title}</th>' for title in head.split("|"))
    body = ""
    for first, *rest in rows:
        body += f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'
    return f"<table><caption>{caption}</caption><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"


def _operation(method: str, path: str, operation: Json, schemas: Json) -> str:
    parts = [f'<section id="{operation["operationId"]}"><h3>{escape(operation["summary"])}</h3>']
    parts.append(f'<p class="call"><b>{method.upper()}</b> <code>{escape(path)}</code></p>')
    parts.append(prose(operation["description"]))
    if parameters := operation.get("parameters"):
        rows = [_parameter(parameter) for parameter in parameters]
        parts.append(_table("Parameters", "Name|Type|What it does", rows))
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        kind = _type(content["schema"]) if media_type == "application/json" else f"<code>{escape(media_type)}</code>"
        parts.append(f"<p>Body: {kind}</p>")
        plain = {"plain": {"summary": media_type, "value": content.get("example")}}
        shown = content.get("examples", plain).values()
        parts += [_example(f"Request: {example['summary']}", example["value"]) for example in shown]
    for media_type, content in answer_of(operation).get("content", {}).items():
        kind = _type(content["schema"]) if media_type == "application/json" else f"<code>{escape(media_type)}</code>"
        parts.append(f"<p>Answer: {kind}</p>")
        parts.append(_example("Answer, an example", content["example"]))
    rows = [
        (f"{status} {found['title']}", f"<code>{found['code']}</code>", escape(found["detail"]))
        for status, found in _problems(operation)
    ]
    told = _table(f"Errors, each a {_link('Problem')}", "Status|Code|What it says", rows)
    codes = dict.fromkeys(f"{status} <code>{found['code']}</code>" for status, found in _problems(operation))
    parts.append(f'<div class="screen">{told}</div><p class="paper">Errors: {", ".join(codes)}.</p>')
    return "".join(parts) + "</section>"


def _problems(operation: Json) -> Iterator[tuple[str, Json]]:
    """The problems that an operation is shown with, each with its status."""
    for status, response in operation["responses"].items():
        for content in response.get("content", {}).values() if not status.startswith("2") else ():
            yield from ((status, example["value"]) for example in content.get("examples", {}).values())


def _errors(paths: Json) -> str:
    """What every error says, each once."""
    found: dict[tuple[str, str, str], dict[str, None]] = {}
    for operations in paths.values():
        for operation in operations.values():
            for status, problem in _problems(operation):
                found.setdefault((status, problem["title"], problem["code"]), {})[problem["detail"]] = None
    rows = [
        (f"{status} {title}", f"<code>{code}</code>", "<br>".join(map(escape, details)))
        for (status, title, code), details in sorted(found.items())
    ]
    lead = prose("What each says, for example. [Mistakes and their errors](../docs/mistakes) has cause and remedy.")
    return f'<h2 id="errors">Errors</h2>{lead}' + _table("Every error", "Status|Code|What it says", rows)


def _parameter(parameter: Json) -> tuple[str, str, str]:
    schema = parameter["schema"]
    need = " <small>required</small>" if parameter.get("required") else ""
    example = f" Example: <code>{escape(str(parameter['example']))}</code>." if "example" in parameter else ""
    return f"<code>{parameter['name']}</code>{need}", _type(schema), inline(parameter["description"]) + example


def _schema(name: str, schema: Json) -> str:
    parts = [f'<section id="schema-{name}"><h3>{name}</h3>{prose(schema["description"])}']
    rows = []
    for field, inner in schema["properties"].items():
        need = "" if field in schema.get("required", ()) else " <small>optional</small>"
        rows.append((f"<code>{field}</code>{need}", _type(inner), inline(inner["description"])))
    parts.append(_table("Fields", "Name|Type|What it is", rows))
    return "".join(parts) + "</section>"


def _link(name: str) -> str:
    return f'<a href="#schema-{name}">{name}</a>'


def _type(schema: Json) -> str:
    """A type in words: what it may be, its bounds and its default."""
    if "$ref" in schema:
        return _link(schema["$ref"].rsplit("/", 1)[-1])
    if "anyOf" in schema:
        return " or ".join(_type(choice) for choice in schema["anyOf"])
    kinds = schema.get("type", "any")
    kind, *more = kinds if isinstance(kinds, list) else [kinds]
    null = " or null" if more else ""
    if "enum" in schema:
        values = [value for value in schema["enum"] if value is not None]
        return " | ".join(f"<code>{escape(json.dumps(value))}</code>" for value in values) + null
    words = f"list of {_type(schema['items'])}" if kind == "array" else str(kind)
    bounds = [bound.format(f"{schema[key]:,}") for key, bound in BOUNDS.items() if key in schema]
    if schema.get("default") is not None and not isinstance(schema["default"], (dict, list)):
        bounds.append(f"default <code>{escape(json.dumps(schema['default']))}</code>")
    return ", ".join([words, *bounds]) + null
