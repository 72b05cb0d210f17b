"""The output of ``cx360 check``: columns and failures per table, then the missing parts of the deployment.

It shows rules, counts and column names, never delivered values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table as Grid

from orchestration.cli.check import check_tables, unset_secrets
from orchestration.cli.check_table import TableCheck
from orchestration.cli.quarantine import inert
from orchestration.config.deployment import Deployment
from orchestration.config.reference import reference, reference_names
from orchestration.warehouse.completeness import missing_entries

STYLES = {"missing": "red", "new": "yellow", "renamed": "cyan"}


@dataclass(frozen=True)
class Checked:
    """The result for a deployment: what it lacks, and its tables."""

    missing: Sequence[str]
    tables: Sequence[TableCheck]

    @property
    def would_pass(self) -> bool:
        """Whether every table with rows went through gate 1, staging and doors, and nothing is missing."""
        states = [table.state for table in self.tables]
        return not self.missing and "fails" not in states and "through" in states

    def names(self, state: str) -> list[str]:
        """Return the names of the tables in a state."""
        return [found.table.name for found in self.tables if found.state == state]


def checked(deployment: Deployment, extracts: Path) -> Checked:
    """Run all checks."""
    missing = [*unset_secrets(deployment), *missing_entries(deployment)]
    return Checked(missing, list(check_tables(deployment, extracts)))


def record(deployment: Deployment, found: Checked) -> dict[str, Any]:
    """Return the result for ``--json`` (docs/command-line.md); without delivered values."""
    tables = [
        {
            "table": each.table.name,
            "state": each.state,
            "load_date": each.sample.load_date.isoformat() if each.sample else None,
            "sampled_row_count": each.sample.rows.num_rows if each.sample else 0,
            "doors": [*each.doors],
            "failures": [*each.failures],
            "remarks": [*each.remarks],
        }
        for each in found.tables
    ]
    return {
        "deployment": deployment.name,
        "would_pass": found.would_pass,
        "missing": [*found.missing],
        "tables": tables,
    }


def show_check(deployment: Deployment, checked: Checked, console: Console) -> None:
    """Print the results."""
    for found in checked.tables:
        if not found.is_absent:
            _show(found, console)
    absent, failing = checked.names("absent"), checked.names("fails")
    through, untried = checked.names("through"), checked.names("not_tried")
    console.rule(deployment.file, align="left")
    for line in checked.missing:
        console.print(f"  missing  {line}", style="red", markup=False)
    console.print(f"Delivers    {_entities(deployment)}", markup=False)
    console.print(f"Codes       {_references(deployment)}", markup=False)
    console.print(
        f"Through     {len(through)} of {len(checked.tables) - len(absent)} tables: {', '.join(through) or 'none'}",
        markup=False,
    )
    if absent:
        console.print(f"Absent      {', '.join(absent)}: their entities stay empty", style="dim", markup=False)
    if untried:
        console.print(f"Not tried   {', '.join(untried)}", style="yellow", markup=False)
    if not checked.would_pass:
        problems = [f"{len(failing)} tables would not pass ({', '.join(failing)})"] if failing else []
        problems += [f"{len(checked.missing)} parts are missing"] if checked.missing else []
        problems += ["no table has rows to try"] if not problems else []
        console.print(f"\nA night would fail: {'; '.join(problems)}. Nothing was landed.", style="red", markup=False)
        return
    console.print(
        f"\nThe samples of {len(through)} tables went through gate 1, the staging models and the doors. What comes"
        f" after them was not tried: make run DEPLOYMENT={deployment.argument}. Nothing was landed.",
        markup=False,
    )


def _show(found: TableCheck, console: Console) -> None:
    console.rule(found.table.name, align="left")
    if found.sample:
        facts = " · ".join(
            [
                f"{found.sample.rows.num_rows} rows of load date {found.sample.load_date}",
                f"key {', '.join(found.table.settings.key)}",
                *(["snapshot"] if found.table.settings.snapshot else []),
                f"delivers {', '.join(found.table.settings.delivers) or 'no entity'}",
            ]
        )
        console.print(facts, style="dim", markup=False)
    if found.columns:
        grid = Grid("delivered", "", "promised", "holds", "", "fills", box=None, pad_edge=False)
        for column in found.columns:
            style = next((style for word, style in STYLES.items() if word in column.state), None)
            fills = ", ".join(found.fills.get(column.promised or "", ()))
            grid.add_row(
                *(inert(column.delivered or "-"), "→", column.promised or "-", column.kind, column.state, fills),
                style=style,
            )
        console.print(grid)
    key = ", ".join(found.table.settings.key)
    for tested in found.keys:
        if tested.row_count and not (tested.missing or tested.hidden_count or tested.empty_count):
            console.print(f"  key    {key} identifies {tested.read}", markup=False)
    if found.went_through:
        doors = ", ".join(found.doors) or "no entity, so no door"
        console.print(f"  goes through  gate 1, staging and doors: {doors}", style="green", markup=False)
    for remark in found.remarks:
        console.print(f"  warn   {remark}", style="yellow", markup=False)
    for failure in found.failures:
        console.print(f"  fails  {failure}", style="red", markup=False)
    if found.proposal:
        where = f"{found.table.deployment.file}, below systems: {found.table.system_name}: tables:"
        console.print(f"\nThe delivery looks like this; in {where} {found.table.table_name}:", markup=False)
        console.print(Syntax(found.proposal, "yaml", background_color="default"))


def _entities(deployment: Deployment) -> str:
    entities = deployment.entities()
    return ", ".join(f"{entity} ({', '.join(systems)})" for entity, systems in entities.items()) or "nothing"


def _references(deployment: Deployment) -> str:
    """The reference data in use, with their numbers of rows."""
    counts = {name: len(reference(deployment, name).rows) for name in reference_names()}
    return ", ".join(f"{name} {count}" for name, count in counts.items())
