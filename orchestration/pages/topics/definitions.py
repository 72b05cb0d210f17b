"""The page of definitions: ``docs/metrics.md``, each heading with an anchor."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from orchestration.base.paths import PROJECT
from orchestration.pages.page import Page
from orchestration.pages.parts import Prose, Section
from orchestration.pages.source import Source

METRICS = PROJECT / "docs" / "metrics.md"


def metrics(_: Source) -> Section | None:
    """Return the definitions of every figure."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(METRICS.read_text(encoding="utf-8"))
    # the page has its own title
    tokens = tokens[3:] if tokens and tokens[0].tag == "h1" else tokens
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrSet("id", slug(tokens[place + 1].content))
            token.tag = f"h{int(token.tag[1]) + 1}"
        elif token.type == "heading_close":
            token.tag = f"h{int(token.tag[1]) + 1}"
        _unlink(token.children or ())
    rendered = str(reader.renderer.render(tokens, reader.options, {}))
    # what is wide scrolls by itself, also by keyboard
    rendered = rendered.replace("<table>", '<div class="scroll" tabindex="0"><table>').replace(
        "</table>", "</table></div>"
    )
    rendered = rendered.replace("<pre>", '<pre tabindex="0">')
    markup = Markup(rendered)  # noqa: S704 - a page of the project
    return Section("Metrics", [Prose(markup)])


def slug(heading: str) -> str:
    """Return the anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def metrics_of_tables() -> dict[str, str]:
    """Return the anchor of the heading that names each table."""
    headings = re.findall(r"^#+ (.*`\w+`.*)$", METRICS.read_text(encoding="utf-8"), re.MULTILINE)
    return {table: slug(heading) for heading in headings for table in re.findall(r"`(\w+)`", heading)}


def _unlink(tokens: Sequence[Token]) -> None:
    """Keep links within the page; the others lead to files that a site does not have."""
    is_kept = True
    for token in tokens:
        if token.type == "link_open":
            is_kept = str(token.attrGet("href")).startswith("#")
        if token.type in {"link_open", "link_close"} and not is_kept:
            token.tag, token.attrs = "span", {}


PAGE = Page("definitions", "Definitions", "What does each figure mean, and what are its limits?", (metrics,))
