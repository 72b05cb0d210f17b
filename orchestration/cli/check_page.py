"""The output of ``cx360 check``: columns and failures per table, then the missing parts of the deployment.

It shows rules, counts and column names, never delivered values.
"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table as Grid

from orchestration.cli.check import TableCheck, check_tables, unset_secrets
from orchestration.cli.quarantine import inert
from orchestration.cli.skeletons import kinds_of, staging_of, suite_of
from orchestration.config.deployment import Deployment
from orchestration.warehouse.completeness import MODELS, missing_entries
from orchestration.warehouse.dbt import REFERENCE, own_references

STYLES = {"missing": "red", "new": "yellow", "renamed": "cyan"}


def show_check(deployment: Deployment, extracts: Path, console: Console) -> bool:
    """Run all checks and print their results.

    Returns:
        Whether a night would succeed, judged by ten rows of each table.
    """
    missing = [*unset_secrets(deployment), *missing_entries(deployment)]
    failing: list[str] = []
    for found in check_tables(deployment, extracts):
        _show(found, console)
        if found.failures:
            failing.append(found.table.name)
    console.rule(f"deployments/{deployment.name}.yml", align="left")
    for line in missing:
        console.print(f"  missing  {line}", style="red", markup=False)
    console.print(f"Delivers    {_entities(deployment)}", markup=False)
    console.print(f"Codes       {_references(deployment)}", markup=False)
    if failing or missing:
        problems = [f"{len(failing)} tables would not land ({', '.join(failing)})"] if failing else []
        problems += [f"{len(missing)} parts are missing"] if missing else []
        console.print(f"\nA night would fail: {'; '.join(problems)}. Nothing was landed.", style="red", markup=False)
        return False
    console.print(
        f"\nJudged by ten rows per table, make run DEPLOYMENT={deployment.name} would succeed. Nothing was landed."
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
        grid = Grid("delivered", "", "promised", "holds", "", box=None, pad_edge=False)
        for column in found.columns:
            style = next((style for word, style in STYLES.items() if word in column.state), None)
            grid.add_row(
                inert(column.delivered or "-"), "→", column.promised or "-", column.kind, column.state, style=style
            )
        console.print(grid)
    for remark in found.remarks:
        console.print(f"  warn   {remark}", style="yellow", markup=False)
    for failure in found.failures:
        console.print(f"  fails  {failure}", style="red", markup=False)
    _propose(found, console)


def _propose(found: TableCheck, console: Console) -> None:
    """Print skeletons for a missing suite and missing staging models."""
    table = found.table
    models = {
        entity: MODELS / "staging" / table.system_name / f"stg_{table.system_name}__{entity}.sql"
        for entity in table.settings.delivers
        if (MODELS / "intermediate" / f"int_{entity}__unioned.yml").is_file()
    }
    missing = [entity for entity, model in models.items() if not model.is_file()]
    has_suite = all(column.state != "no suite" for column in found.columns)
    if not found.sample or (has_suite and not missing):
        return
    names = [column.delivered for column in found.columns if column.delivered]
    kinds = kinds_of(table, found.sample.rows.select(names))
    if not has_suite:
        console.print(f"\nSkeleton for expectations/raw/{table.system_name}.py:", markup=False)
        console.print(Syntax(suite_of(table, names, kinds), "python", background_color="default"))
    for entity in missing:
        console.print(f"\nSkeleton for {models[entity].relative_to(MODELS.parent.parent)}:", markup=False)
        console.print(Syntax(staging_of(table, entity, names, kinds), "sql", background_color="default"))


def _entities(deployment: Deployment) -> str:
    entities = deployment.entities()
    return ", ".join(f"{entity} ({', '.join(systems)})" for entity, systems in entities.items()) or "nothing"


def _references(deployment: Deployment) -> str:
    """The reference seeds in use, with their numbers of rows."""
    own = own_references(deployment)
    known = sorted({path.stem for path in (REFERENCE / "defaults").glob("*.csv")} | set(own))
    seeds = []
    for name in known:
        folder = deployment.name if name in own else "defaults"
        lines = (REFERENCE / folder / f"{name}.csv").read_text(encoding="utf-8").splitlines()
        seeds.append(f"{name} {max(len(lines) - 1, 0)}" + ("" if name in own else " (default)"))
    return ", ".join(seeds)
