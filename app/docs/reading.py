"""The reading view: the OpenAPI document as plain HTML, for paper, for screen readers and without scripts."""

import json
import re
from collections.abc import Iterable
from html import escape
from typing import Any

from app.docs.examples import answer_of

Json = dict[str, Any]

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{title}, to read</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="style/reading.css"></head><body>
<nav aria-label="Contents"><p><a href="../docs">Try it</a> · <a href="../openapi.json">OpenAPI</a></p>{contents}</nav>
<main>{main}</main></body></html>
"""
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
    main.append('<h2 id="schemas">Schemas</h2><p>Fields are always there unless marked optional.</p>')
    main += [_schema(name, schema) for name, schema in schemas.items()]
    names = "".join(_entry(f"schema-{name}", name) for name in schemas)
    contents.append(f"{_entry('schemas', 'Schemas')[:-5]}<ul>{names}</ul></li>")
    return PAGE.format(title=escape(info["title"]), contents=f"<ul>{''.join(contents)}</ul>", main="\n".join(main))


def prose(text: str) -> str:
    """Paragraphs and lists of the little Markdown that our descriptions use: code, bold, emphasis and links."""
    blocks = []
    for block in re.split(r"\n\s*\n", text.strip()):
        if block.startswith("- "):
            items = "".join(f"<li>{_inline(item)}</li>" for item in re.split(r"(?:^|\n)- ", block)[1:])
            blocks.append(f"<ul>{items}</ul>")
        else:
            blocks.append(f"<p>{_inline(block)}</p>")
    return "".join(blocks)


def _inline(text: str) -> str:
    whole = []
    for number, part in enumerate(re.split(r"`([^`]*)`", escape(text))):
        if number % 2:
            whole.append(f"<code>{part}</code>")
            continue
        bold = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", part)
        leaning = re.sub(r"\*(.+?)\*", r"<em>\1</em>", bold)
        whole.append(re.sub(r"\[(.+?)\]\((.+?)\)", r'<a href="\2">\1</a>', leaning))
    return "".join(whole)


def _entry(target: str, text: str) -> str:
    return f'<li><a href="#{target}">{escape(text)}</a></li>'


def _example(title: str, value: Any) -> str:
    shown = escape(value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False))
    return f'<h4>{escape(title)}</h4><pre tabindex="0"><code>{shown}</code></pre>'


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
    if body := operation.get("requestBody"):
        (content,) = body["content"].values()
        parts.append(f"<p>Body: {_type(content['schema'])}</p>")
        shown = content["examples"].values()
        parts += [_example(f"Request: {example['summary']}", example["value"]) for example in shown]
    for media_type, content in answer_of(operation).get("content", {}).items():
        kind = _type(content["schema"]) if media_type == "application/json" else f"<code>{escape(media_type)}</code>"
        parts.append(f"<p>Answer: {kind}</p>")
        parts.append(_example("Answer, an example", content["example"]))
    rows = []
    for status, response in operation["responses"].items():
        for content in response.get("content", {}).values():
            for example in content.get("examples", {}).values() if not status.startswith("2") else ():
                found = example["value"]
                rows.append((f"{status} {found['title']}", f"<code>{found['code']}</code>", escape(found["detail"])))
    parts.append(_table(f"Errors, each a {_link('Problem')}", "Status|Code|What it says", rows))
    return "".join(parts) + "</section>"


def _parameter(parameter: Json) -> tuple[str, str, str]:
    schema = parameter["schema"]
    if "anyOf" in schema:  # null stands for a parameter that is not there; nobody can send it
        schema = next(choice for choice in schema["anyOf"] if choice.get("type") != "null")
    need = " <small>required</small>" if parameter.get("required") else ""
    example = f" Example: <code>{escape(str(parameter['example']))}</code>." if "example" in parameter else ""
    return f"<code>{parameter['name']}</code>{need}", _type(schema), _inline(parameter["description"]) + example


def _schema(name: str, schema: Json) -> str:
    parts = [f'<section id="schema-{name}"><h3>{name}</h3>{prose(schema["description"])}']
    rows = []
    for field, inner in schema["properties"].items():
        need = "" if field in schema.get("required", ()) else " <small>optional</small>"
        rows.append((f"<code>{field}</code>{need}", _type(inner), _inline(inner["description"])))
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
    if "enum" in schema or "const" in schema:
        values = schema.get("enum") or [schema["const"]]
        return " | ".join(f"<code>{escape(json.dumps(value))}</code>" for value in values)
    kind = f"list of {_type(schema['items'])}" if schema.get("type") == "array" else str(schema.get("type", "any"))
    bounds = [words.format(f"{schema[key]:,}") for key, words in BOUNDS.items() if key in schema]
    if schema.get("default") is not None and not isinstance(schema["default"], (dict, list)):
        bounds.append(f"default <code>{escape(json.dumps(schema['default']))}</code>")
    return ", ".join([kind, *bounds])
