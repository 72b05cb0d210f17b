"""The output of ``cx360 check``: columns and failures per table, then the missing parts of the deployment.

It shows rules, counts and column names, never delivered values.
"""

from __future__ import annotations

from pathlib import Path

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


def show_check(deployment: Deployment, extracts: Path, console: Console) -> bool:
    """Run all checks and print their results.

    Returns:
        Whether every table with rows went through gate 1, staging and doors, and nothing is missing.
    """
    missing = [*unset_secrets(deployment), *missing_entries(deployment)]
    checks = list(check_tables(deployment, extracts))
    absent = [found.table.name for found in checks if found.is_absent]
    for found in checks:
        if not found.is_absent:
            _show(found, console)
    failing = [found.table.name for found in checks if found.failures]
    through = [found.table.name for found in checks if found.went_through]
    untried = [found.table.name for found in checks if found.table.name not in {*failing, *through, *absent}]
    console.rule(deployment.file, align="left")
    for line in missing:
        console.print(f"  missing  {line}", style="red", markup=False)
    console.print(f"Delivers    {_entities(deployment)}", markup=False)
    console.print(f"Codes       {_references(deployment)}", markup=False)
    console.print(
        f"Through     {len(through)} of {len(checks) - len(absent)} tables: {', '.join(through) or 'none'}",
        markup=False,
    )
    if absent:
        console.print(f"Absent      {', '.join(absent)}: their entities stay empty", style="dim", markup=False)
    if untried:
        console.print(f"Not tried   {', '.join(untried)}", style="yellow", markup=False)
    if failing or missing or not through:
        problems = [f"{len(failing)} tables would not pass ({', '.join(failing)})"] if failing else []
        problems += [f"{len(missing)} parts are missing"] if missing else []
        problems += ["no table has rows to try"] if not (failing or missing) else []
        console.print(f"\nA night would fail: {'; '.join(problems)}. Nothing was landed.", style="red", markup=False)
        return False
    console.print(
        f"\nThe samples of {len(through)} tables went through gate 1, the staging models and the doors. What comes"
        f" after them was not tried: make run DEPLOYMENT={deployment.argument}. Nothing was landed.",
        markup=False,
    )
    return True


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
