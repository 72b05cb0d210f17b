"""The first page: the few figures of every question, and where each is explained."""

from __future__ import annotations

from orchestration.pages.page import Page
from orchestration.pages.parts import Section
from orchestration.pages.source import Source
from orchestration.pages.topics import quality, value


def worth(source: Source) -> Section | None:
    """Return the value of all customers."""
    section = value.totals(source)
    return section and Section("Value", section.parts)


def health(source: Source) -> Section | None:
    """Return the health of the data."""
    section = quality.health(source)
    return section and Section("Health of the data", section.parts)


PAGE = Page("index", "Overview", "How are we doing, and can the figures be trusted?", (worth, health))
