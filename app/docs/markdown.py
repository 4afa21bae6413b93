"""Markdown as HTML: CommonMark with tables. Raw HTML is text, and no picture is fetched."""

import re
from collections.abc import Sequence
from html import escape
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")


def _fence(_: RendererHTML, tokens: Sequence[Token], place: int, options: OptionsDict, env: EnvType) -> str:
    """A code block that can be scrolled by keyboard, with its language as its name."""
    language, code = tokens[place].info.strip(), tokens[place].content.rstrip()
    return f'<pre tabindex="0" aria-label="{escape(language)}"><code>{escape(code)}</code></pre>'


_MARKDOWN.add_render_rule("fence", _fence)


def prose(text: str) -> str:
    """Blocks of Markdown as HTML."""
    return str(_MARKDOWN.render(text))


def inline(text: str) -> str:
    """One paragraph of Markdown as HTML, without its tags."""
    return str(_MARKDOWN.renderInline(text))


def chapters(text: str) -> tuple[str, list[tuple[str, str]], str]:
    """A document as its title, the anchors and names of its chapters, and its HTML, each chapter with its anchor."""
    env: EnvType = {}
    tokens = _MARKDOWN.parse(text, env)
    title, found = "", []
    for head, words in pairwise(tokens):
        if head.type == "heading_open" and head.tag == "h1":
            title = words.content
        if head.type == "heading_open" and head.tag == "h2":
            found.append((anchor(words.content), words.content))
            head.attrSet("id", anchor(words.content))
    return title, found, str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, env))


def anchor(heading: str) -> str:
    """What a heading is linked by."""
    return re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")
