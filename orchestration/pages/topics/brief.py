"""The nightly brief as a page: the figures that the deployment chose, what moved them, and the health of the data."""

from __future__ import annotations

from orchestration.pages.figures import figures
from orchestration.pages.page import Page
from orchestration.pages.parts import Section
from orchestration.pages.source import Source
from orchestration.pages.topics import journeys, quality, retention, scores


def chosen(source: Source) -> Section | None:
    """Return the figures of ``brief.yml``."""
    found = figures(source, source.brief)
    lead = "Each figure with its 95 % interval, its base, and its change. A change is significant only if its p-value,"
    return (
        Section("The figures", found, f"{lead} adjusted for the number of comparisons, is below 0.05.")
        if found
        else None
    )


def over_time(source: Source) -> Section | None:
    """Return the charts of the figures over time."""
    found = [*scores.over_time(source), *retention.over_time(source)]
    return Section("Over time", found) if found else None


def health(source: Source) -> Section | None:
    """Return the health of the data."""
    section = quality.health(source)
    return section and Section("Health of the data", section.parts)


PAGE = Page(
    "brief",
    "Brief",
    "The few figures that matter, what moved them, and whether the data can be trusted.",
    (chosen, scores.movers, journeys.largest, over_time, health),
)
