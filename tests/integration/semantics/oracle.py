"""What a test of the semantic layer compares with: metrics, and independent SQL for the same figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Oracle:
    """Metrics, the names that they are grouped by, and SQL over the published file.

    ``groups`` and ``figures`` are names of the semantic layer with expressions of ``source``; a source of facts is
    summed by its groups.
    """

    source: str
    groups: Mapping[str, str]
    figures: Mapping[str, str]
    is_summed: bool = False
    where: str = "true"

    @property
    def sql(self) -> str:
        """The query whose rows the semantic layer must give: groups, then figures."""
        columns = ", ".join([*self.groups.values(), *self.figures.values()])
        grouped = f" group by {', '.join(self.groups.values())}" if self.is_summed else ""
        return f"select {columns} from {self.source} where {self.where}{grouped}"


def same(*names: str) -> dict[str, str]:
    """Figures that have the name of their column."""
    return {name: name for name in names}


def prefixed(prefix: str, *names: str) -> dict[str, str]:
    """Figures that have a prefix before the name of their column."""
    return {prefix + name: name for name in names}
