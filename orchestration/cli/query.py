"""What ``cx360 query`` shows: an answer as a table or for programs, or the list of metrics.

Keep out how a query becomes SQL (``warehouse/semantic_query.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from rich.box import SIMPLE
from rich.table import Table
from rich.text import Text

from orchestration.base.errors import PipelineError
from orchestration.base.paths import Home
from orchestration.cli.quarantine import inert
from orchestration.cli.terminal import console_on
from orchestration.config.deployment import Deployment
from orchestration.publication.publication import Publication
from orchestration.publication.versions import SEMANTICS, Version
from orchestration.warehouse.semantics import Semantics

Rows = Sequence[tuple[Any, ...]]


def current_version(deployment: Deployment) -> Version:
    """Return the current version.

    Raises:
        PipelineError: nothing is published, or a version without a semantic layer.
    """
    version = Publication(Home.of(deployment.name)).version()
    if version is None:
        raise PipelineError(
            f"Nothing is published yet for deployment '{deployment.name}', so there is nothing to query.\n"
            f"Run the night first: cx360 run --deployment {deployment.argument}"
        )
    if not (version.folder / SEMANTICS).is_file():
        raise PipelineError(
            f"Version {version.name} of deployment '{deployment.name}' was published without a semantic layer.\n"
            f"Publish a new one: cx360 run --deployment {deployment.argument} --full-refresh"
        )
    return version


def content(columns: Sequence[str], rows: Rows) -> list[dict[str, Any]]:
    """Return an answer for programs, an object per row."""
    return [dict(zip(columns, map(_plain, row), strict=True)) for row in rows]


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date | datetime) else value


def show(columns: Sequence[str], rows: Rows) -> None:
    """Print an answer as a table, its figures rounded to four digits behind the point."""
    console = console_on()
    if not rows:
        console.print("No rows: nothing passes the filters, or there are no such figures yet.")
        return
    table = Table(box=SIMPLE, pad_edge=False)
    for name, values in zip(columns, zip(*rows, strict=True), strict=True):
        is_figure = any(isinstance(value, int | float | Decimal) for value in values)
        table.add_column(Text(name), justify="right" if is_figure else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(inert(_shown(value))) for value in row))
    console.print(table)


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float | Decimal):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def wanted(semantics: Semantics, word: str) -> list[dict[str, Any]]:
    """Return the metrics with ``word`` in their name: definition, bases, and what they are grouped by.

    Raises:
        PipelineError: no metric has the word in its name.
    """
    names = [name for name in semantics.metrics if word in name]
    if not names:
        semantics.metric(word)
    return [
        {
            "metric": name,
            "description": semantics.metrics[name].description,
            "base": list(semantics.metrics[name].base),
            "always_by": list(semantics.metrics[name].keep_apart),
            "by": semantics.names(name),
        }
        for name in names
    ]


def listed(metrics: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines of a list of metrics."""
    for metric in metrics:
        yield f"{metric['metric']}: {metric['description']}"
        for heading in ("base", "always_by", "by"):
            if metric[heading]:
                yield f"    {heading.replace('_', ' ')}: {', '.join(metric[heading])}"
