"""The figures of the nightly brief and of the end of a run, by name; ``config/brief.py`` has the closed list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestration.pages.page import Build
from orchestration.pages.parts import Figure
from orchestration.pages.source import Source
from orchestration.pages.topics import customers, retention, scores, surveys, value

BUILT: tuple[Build, ...] = (
    scores.headline,
    scores.satisfaction,
    retention.headline,
    value.totals,
    customers.risk,
    surveys.headline,
)


def figures(source: Source, names: Sequence[str]) -> list[Figure]:
    """Return the named figures, in their order; those for which the version has no data are left out."""
    found = all_figures(source)
    return [found[name] for name in names if name in found]


def all_figures(source: Source) -> Mapping[str, Figure]:
    """Return every figure that the version has data for, by its name."""
    sections = [section for build in BUILT if (section := build(source))]
    return {part.name: part for section in sections for part in section.parts if isinstance(part, Figure)}
