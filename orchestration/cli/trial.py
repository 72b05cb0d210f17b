"""The trial of ``cx360 check``: samples land in a scratch home, and the real staging models and doors run over them.

Add here what a night does with delivered rows up to the doors; keep out how rows are sampled (``check.py``) and the
test of keys (``check_keys.py``).
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment, Table
from orchestration.config.doors import entities
from orchestration.connectors.batch import Batch
from orchestration.gates.judge import broken_row_rules
from orchestration.gates.suites import suite_of
from orchestration.landing.unit import UnitWriter
from orchestration.landing.unit_place import UnitPlace
from orchestration.warehouse.dbt import SILENT, run_dbt
from orchestration.warehouse.lineage import column_lineage
from orchestration.warehouse.staging import staging_sql
from orchestration.warehouse.warehouse import Warehouse

_READ = re.compile(r"read_parquet\(\s*'[^']*/(?P<system>\w+)/(?P<table>\w+)/load_date=[^']*'[^()]*\)")
_LANDING = re.compile(r"\s*(?:_load_date|_source_file|_source_row)")
FAILED = ("error", "fail", "runtime error")


@dataclass(frozen=True)
class Landed:
    """The sample of one table: a batch under the promised names, and the window that it is of."""

    table: Table
    load_date: date
    batch: Batch


@dataclass
class Trial:
    """What became of the samples.

    Attributes:
        failures: by landed table, why its rows do not reach a door.
        doors: by landed table, the doors that its rows went through.
        fills: by landed table and promised column, the door columns that it fills, as ``orders.ordered_at``.
    """

    failures: dict[str, list[str]] = field(default_factory=dict)
    doors: dict[str, list[str]] = field(default_factory=dict)
    fills: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def changed_at(self, table: str) -> list[str]:
        """The columns that date the changes of a record."""
        return [
            name for name, doors in self.fills.get(table, {}).items() if any(d.endswith(".updated_at") for d in doors)
        ]


def tried(deployment: Deployment, samples: Mapping[str, Landed]) -> Trial:
    """Land the samples in a scratch home, and run staging models and doors over them.

    The doors have models in common, so a table whose staging model fails is taken out and the others are tried again.
    """
    trial = Trial()
    complete = _complete_part(deployment, samples)
    if not complete.entities():
        return trial
    with tempfile.TemporaryDirectory(prefix="cx360-check-") as folder:
        home = Home(Path(folder) / deployment.name)
        for table in complete.tables():
            _land(home, table, samples.get(table.name))
        warehouse = Warehouse(home, deployment.memory_limit)
        warehouse.start_empty()
        doors = [f"int_{entity}__unioned" for entity in complete.entities()]
        selection = ["--select", *(f"+{door}" for door in doors), "--exclude-resource-type", "unit_test"]
        answer = run_dbt(complete, home, [*SILENT, "build", *selection, "--indirect-selection", "cautious"])
        results: list[Any] = list(getattr(answer.result, "results", None) or ())
        if not results:
            reason = str(answer.exception or "it named no reason").strip()
            trial.failures = {name: [f"dbt cannot read the project: {reason}"] for name in samples}
            return trial
        with warehouse.connect() as connection:
            _read_staging(trial, connection, results, complete)
        if not trial.failures:
            _read_doors(trial, results, complete)
            return trial
    others = tried(_without(deployment, trial.failures), {n: s for n, s in samples.items() if n not in trial.failures})
    return Trial(trial.failures | others.failures, others.doors, trial.fills | others.fills)


def _without(deployment: Deployment, names: Collection[str]) -> Deployment:
    """The deployment in which some tables deliver no entity."""
    systems = {}
    for system, settings in deployment.systems.items():
        tables = {
            name: table.model_copy(update={"delivers": ()}) if f"{system}__{name}" in names else table
            for name, table in settings.tables.items()
        }
        systems[system] = settings.model_copy(update={"tables": tables})
    return deployment.model_copy(update={"systems": systems})


def _complete_part(deployment: Deployment, samples: Mapping[str, Landed]) -> Deployment:
    """The deployment with the entities alone that have everything to be tried: a model and a sample."""
    systems = {}
    for name, system in deployment.systems.items():
        tables = {}
        for table, settings in system.tables.items():
            delivers = tuple(
                entity for entity in settings.delivers if entity in entities() and staging_sql(deployment, name, entity)
            )
            tables[table] = settings.model_copy(update={"delivers": delivers})
        systems[name] = system.model_copy(update={"tables": tables})
    sampled = {name.split("__")[0] for name in samples}
    return deployment.model_copy(update={"systems": {name: s for name, s in systems.items() if name in sampled}})


def _land(home: Home, table: Table, sample: Landed | None) -> None:
    """Land a sample as a unit, its bad rows in the scratch quarantine; an empty unit if there is none."""
    place = UnitPlace(home, table, sample.load_date if sample else table.deployment.history_load_date)
    suite = suite_of(table)
    writer = UnitWriter(place, suite, {})
    if sample:
        rows = sample.batch.rows
        broken = broken_row_rules(table.name, suite.rows, rows, table.limits, table.deployment.currency)
        writer.take(sample.batch, broken)
    writer.close(())
    place.commit()


def _read_staging(
    trial: Trial, connection: duckdb.DuckDBPyConnection, results: Sequence[Any], deployment: Deployment
) -> None:
    """Read every row of each staging model, because a view fails only when it is read, and trace its columns."""
    tables = {table.name: table for table in deployment.tables()}
    for result in results:
        if not result.node.name.startswith("stg_") or result.node.resource_type != "model":
            continue
        reads = [source.split(".")[-1] for source in result.node.depends_on.nodes if source.startswith("source.")]
        problem = _first_line(result.message) if str(result.status) in FAILED else None
        if problem is None:
            try:
                connection.execute(f"create or replace temp table tried as from {result.node.relation_name}")
            except duckdb.Error as error:
                problem = _first_line(str(error))
        for name in reads:
            if problem:
                trial.failures.setdefault(name, []).append(f"{result.node.original_file_path}: {problem}")
        if problem is None:
            entity = result.node.name.split("__", 1)[1]
            for name, column, filled in _traced(connection, result.node.compiled_code, entity, tables):
                trial.fills.setdefault(name, {}).setdefault(column, []).append(filled)


def _read_doors(trial: Trial, results: Sequence[Any], deployment: Deployment) -> None:
    """Note the doors that were built, and why the others were not."""
    status = {result.node.unique_id: result for result in results}
    for entity in deployment.entities():
        door = f"int_{entity}__unioned"
        of_door = [
            result
            for result in status.values()
            # a seed depends on no node
            if result.node.name == door or f"model.cx360.{door}" in getattr(result.node.depends_on, "nodes", ())
        ]
        problems = [
            f"{result.node.original_file_path} ({result.node.name}): {_first_line(result.message)}"
            for result in of_door
            if str(result.status) in FAILED
        ]
        was_built = any(result.node.name == door and str(result.status) == "success" for result in of_door)
        for table in deployment.tables():
            if entity not in table.settings.delivers:
                continue
            if problems:
                trial.failures.setdefault(table.name, []).extend(problems)
            elif was_built:
                trial.doors.setdefault(table.name, []).append(entity)
            else:
                trial.failures.setdefault(table.name, []).append(
                    f"the door {door} was not built, because a model before it failed"
                )


def _traced(
    connection: duckdb.DuckDBPyConnection, sql: str, entity: str, tables: Mapping[str, Table]
) -> Iterator[tuple[str, str, str]]:
    """The landed table, its column and the door column of every column that a staging model reads."""
    columns = [name for name, *_ in connection.execute("describe tried").fetchall()]
    parents: dict[str, tuple[dg.AssetKey, dict[str, str]]] = {}
    for read in _READ.finditer(sql):
        name = f"{read['system']}__{read['table']}"
        types = {column: kind for column, kind, *_ in connection.execute(f"describe from {read[0]}").fetchall()}
        parents[f"landing.{name}"] = (dg.AssetKey(["landing", name]), types)
    replaced = _READ.sub(lambda read: f"landing.{read['system']}__{read['table']}", sql)
    traced = column_lineage(replaced, columns, parents)
    for column, sources in (traced.deps_by_column if traced else {}).items():
        for source in sources:
            name = source.asset_key.path[-1]
            known = {landed.lower(): landed for landed in parents[f"landing.{name}"][1]}
            if name in tables and not _LANDING.match(column):
                yield name, known.get(source.column_name.lower(), source.column_name), f"{entity}.{column}"


def _first_line(message: object) -> str:
    """What dbt or DuckDB says, on one line and without the SQL and the value, which may be personal."""
    lines = [line.strip() for line in str(message or "no message").splitlines() if line.strip()]
    left_out = ("LINE ", "^", "compiled code at", "> in macro", "Runtime Error in ")
    said = [line for line in lines if not line.startswith(left_out)]
    text = " ".join(said[:3])
    is_about_a_value = re.search("(Conversion|Invalid Input|Out of Range) Error", text)
    return re.sub(r"""'[^']*'|"[^"]*\"""", "'...'", text) if is_about_a_value else text
