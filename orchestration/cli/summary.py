"""The outcome that ``cx360 run`` prints: what failed, or figures read from the published file.

The figures are those of the nightly brief (``pages/figures.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
from rich.console import Console, Group
from rich.table import Table

from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment
from orchestration.landing.unit_profile import was_delivered
from orchestration.pages.figures import figures
from orchestration.pages.parts import Figure
from orchestration.pages.site import source_of
from orchestration.publication.publication import Publication
from orchestration.runs.pending import hold_reason

if TYPE_CHECKING:
    from orchestration.run import Outcome


def print_outcome(console: Console, deployment: Deployment, outcome: Outcome) -> None:
    """Print the published figures, or what failed and what to do about it."""
    publication = Publication(Home.of(deployment.name), deployment.retention)
    for problem in outcome.unsent_alerts:
        console.print(f"\n{problem}", style="yellow", markup=False)
    if outcome.problems:
        for problem in outcome.problems:
            console.print(f"\n{problem}", style="red", markup=False)
        manifest = publication.manifest()
        console.print(f"\n{_failed(outcome, manifest)} Details: make ui DEPLOYMENT={deployment.argument}")
        return
    console.print("", published(deployment, publication), sep="\n")
    if days := outcome.undelivered_days:
        console.print(f"No extracts for {len(days)} of the requested load dates, {days[0]} to {days[-1]}.")
    if outcome.run_id is None:
        console.print("Nothing was pending: every load date with extracts is published or on hold.")
    if held := hold_reason(deployment, publication):
        console.print(held, style="yellow", markup=False)


def _failed(outcome: Outcome, manifest: Mapping[str, Any] | None) -> str:
    """Return what became of a night that failed, and what readers have."""
    if manifest is None:
        return "The night has failed. Nothing is published yet."
    if manifest["run_id"] == outcome.run_id:
        return f"Version {manifest['version']} is published, and a step after it has failed."
    return f"The night has failed. Version {manifest['version']} stays published."


def published(deployment: Deployment, publication: Publication) -> Group:
    """Describe the current version: rows per mart, main figures, checks, rows in quarantine, its file."""
    manifest = publication.manifest()
    if manifest is None:
        return Group("Nothing is published yet.")
    file = publication.current / "cx360.duckdb"
    marts = [
        (name.removeprefix("marts."), facts["row_count"])
        for name, facts in manifest["tables"].items()
        if name.startswith("marts.")
    ]
    with duckdb.connect(file.resolve(), read_only=True) as connection:
        shown = figures(source_of(connection, manifest, deployment), deployment.brief.figures)
        tables = [
            _table(("mart", "rows"), marts),
            _of_figures(shown),
        ]
        [(rejected,)] = connection.execute(
            "select coalesce(sum(quarantined_row_count), 0) from quality.quality_landing_reconciliation"
        ).fetchall()
        [(warned,)] = connection.execute(
            """
            select string_agg(distinct table_name, ', ' order by table_name)
            from quality.quality_checks where status = 'warned' and run_id = ?
            """,
            [manifest["run_id"]],
        ).fetchall()
    tables_of_systems = (table for table in deployment.tables() if table.settings.optional)
    absent = [table.name for table in tables_of_systems if not was_delivered(publication.home, table)]
    checks = manifest["checks"]
    days = manifest["load_dates"]
    facts = [
        f"Published   {manifest['version']} of {deployment.name}, amounts in {deployment.currency}",
        f"Load dates  {days[0]} to {days[-1]} ({len(days)}), as of {manifest['as_of_date']}",
        f"Checks      {checks['passed']} passed, {checks['warned']} warned, 0 failed",
        *([f"Warned      {warned} (the Dagster UI shows why)"] if warned else []),
        f"Quarantine  {rejected:,} rows",
        *([f"Absent      {', '.join(absent)}: their entities stay empty"] if absent else []),
        f"File        {file}",
        f"Pages       make site DEPLOYMENT={deployment.argument}",
        f"Dagster UI  make ui DEPLOYMENT={deployment.argument}",
    ]
    return Group(*(part for table in tables if table.row_count for part in (table, "")), "\n".join(facts))


def _of_figures(shown: Sequence[Figure]) -> Table:
    """Return the figures with interval, base and change, one a row; long ones wrap."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for heading in ("figure", "value, 95 % interval, base, change"):
        table.add_column(heading, overflow="fold", header_style="bold")
    for each in shown:
        value = f"{each.text} ({each.interval})" if each.interval else each.text
        table.add_row(each.label, "; ".join(text for text in (f"{value}, {each.base}", each.change) if text))
    return table


def _table(headings: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for position, heading in enumerate(headings):
        table.add_column(heading, justify="right" if position else "left", no_wrap=True, header_style="bold")
    for row in rows:
        table.add_row(*(_shown(value) for value in row))
    return table


def _shown(value: object) -> str:
    if isinstance(value, int | float | Decimal):
        return f"{value:,}"
    return "-" if value is None else str(value)
