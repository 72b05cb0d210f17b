"""The first page: the few figures of every question."""

from __future__ import annotations

from orchestration.pages.page import Build, Page
from orchestration.pages.parts import Section
from orchestration.pages.source import Source
from orchestration.pages.topics import quality, retention, scores, value


def _titled(title: str, build: Build) -> Build:
    def section(source: Source) -> Section | None:
        found = build(source)
        return found and Section(title, found.parts)

    return section


PAGE = Page(
    "index",
    "Overview",
    "How are we doing, what changed, and can the figures be trusted?",
    (
        _titled("Scores of the last complete quarter", scores.headline),
        _titled("Retention of the last complete month", retention.headline),
        _titled("Value", value.totals),
        scores.movers,
        _titled("Health of the data", quality.health),
    ),
)
