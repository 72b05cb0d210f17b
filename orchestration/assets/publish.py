"""Publish: the final check of the run, the history of runs and checks, and the new version.

A version is published only if this run materialized every asset and passed every check of the job.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
import duckdb
import pandas as pd

from orchestration.base.errors import PipelineError
from orchestration.base.paths import sql_text
from orchestration.base.progress import step
from orchestration.base.revision import code_revision
from orchestration.config.deployment import Deployment
from orchestration.landing.corrections import releases
from orchestration.landing.pull import forget
from orchestration.publication.history import CHECKS, RESTATEMENTS, RULE_RESULTS, RUNS, TABLES, History, HistoryTable
from orchestration.publication.keys import mart_questions, published_keys
from orchestration.publication.publication import Publication, version_name
from orchestration.publication.restatements import period_marts, restated
from orchestration.publication.versions import LINEAGE, SEMANTICS
from orchestration.runs.recovery import check_rows, counts, rule_results
from orchestration.runs.resource import RunLock
from orchestration.runs.tags import RANGE_END, RANGE_START
from orchestration.warehouse.dbt import Dbt
from orchestration.warehouse.lineage import LineageStore
from orchestration.warehouse.warehouse import Warehouse

VERSION = dg.AssetKey(["published", "version"])
# tag of tables that cannot be derived from the landing: a comparison of two builds leaves them out
HISTORY = "history"


def version(
    deployment: Deployment,
    built: Sequence[dg.AssetsDefinition],
    gates: Sequence[dg.AssetChecksDefinition],
) -> dg.AssetsDefinition:
    """Build the publishing asset: it depends on ``built`` and requires every check of ``built`` and ``gates``."""
    assets = {key for definition in built for key in definition.keys}
    checks = {key for definition in (*built, *gates) for key in definition.check_keys}
    # the ends of the flow: every other asset is upstream of one of them
    ends = assets - {dep.asset_key for definition in built for spec in definition.specs for dep in spec.deps}
    history = [_history_spec(table, deployment, ends) for table in TABLES]
    histories = [
        spec.key
        for specs in (history, *(definition.specs for definition in built))
        for spec in specs
        if HISTORY in spec.tags
    ]

    @dg.multi_asset(
        name="version",
        specs=[
            *history,
            dg.AssetSpec(
                VERSION,
                deps=[spec.key for spec in history],
                description="One row per published version: an immutable DuckDB file, star and marts as Parquet, and a "
                "manifest.",
                group_name="publish",
                owners=[deployment.owner],
                kinds={"python", "duckdb"},
            ),
        ],
    )
    def published(
        context: dg.AssetExecutionContext,
        dbt: dg.ResourceParam[Dbt],
        warehouse: dg.ResourceParam[Warehouse],
        publication: dg.ResourceParam[Publication],
        run_lock: RunLock,
    ) -> Iterable[dg.MaterializeResult]:
        with step("publish") as progress:
            events = _events(context)
            results = _check_results(context, events, assets, checks)
            load_dates, as_of_date = _covered(warehouse)
            run: dict[str, Any] = {
                "run_id": context.run.run_id,
                "outcome": "published",
                "version": version_name(as_of_date, context.run.run_id),
                "started_at": _started_at(context),
                "ended_at": datetime.now(UTC).replace(tzinfo=None),
                "as_of_date": as_of_date,
                "code_revision": code_revision(),
                **counts(results),
            }
            taken = _taken(context, load_dates)
            previous = publication.version()
            with warehouse.connect() as connection:
                changed = (
                    restated(connection, period_marts(dbt.manifest()), previous, run, taken)
                    if previous
                    else pd.DataFrame()
                )
                rows = {
                    RUNS: pd.DataFrame([run]),
                    CHECKS: pd.DataFrame(results),
                    RULE_RESULTS: pd.DataFrame(rule_results(context.run.run_id, events)),
                    RESTATEMENTS: changed,
                }
                History(warehouse.home).write(connection, rows)
                tables = [_materialized(connection, table) for table in TABLES]
            yield from tables
            try:
                folder = publication.publish(
                    as_of_date,
                    context.run.run_id,
                    {
                        "deployment": deployment.name,
                        "published_at": run["ended_at"].isoformat(),
                        "load_dates": [day.isoformat() for day in load_dates],
                        "taken_load_dates": [day.isoformat() for day in sorted(taken)],
                        "releases": releases(warehouse.home),
                        "code_revision": run["code_revision"],
                        "fits": _fits_in_use(warehouse),
                        "checks": {
                            "passed": len(results) - run["warning_count"],
                            "warned": run["warning_count"],
                        },
                        "restatement_count": len(changed),
                        "history": [".".join(key.path) for key in histories],
                        "keys": published_keys(dbt.manifest()),
                        "questions": mart_questions(dbt.manifest()),
                    },
                    {
                        SEMANTICS: dbt.semantics(),
                        LINEAGE: json.dumps(LineageStore(dbt.home.dbt / "lineage.json").night).encode(),
                    },
                )
            except PipelineError as error:
                raise dg.Failure(description=str(error), allow_retries=False) from error
            forget(publication.home)
            progress.detail(folder.name)
            yield dg.MaterializeResult(
                asset_key=VERSION,
                metadata={
                    "version": folder.name,
                    "as_of_date": as_of_date.isoformat(),
                    "file": dg.MetadataValue.path(folder / "cx360.duckdb"),
                    "checks": len(results),
                    "restated_figures": len(changed),
                },
            )

    return published


def _history_spec(table: HistoryTable, deployment: Deployment, deps: Iterable[dg.AssetKey]) -> dg.AssetSpec:
    return dg.AssetSpec(
        ["quality", table.name],
        deps=sorted(deps),
        description=table.description,
        group_name="quality",
        owners=[deployment.owner],
        kinds={"python", "duckdb"},
        tags={HISTORY: ""},
    )


def _events(context: dg.AssetExecutionContext) -> list[dg.DagsterEvent]:
    """What has happened in this run."""
    return [entry.dagster_event for entry in context.instance.all_logs(context.run.run_id) if entry.dagster_event]


def _check_results(
    context: dg.AssetExecutionContext,
    events: Sequence[dg.DagsterEvent],
    assets: set[dg.AssetKey],
    checks: set[dg.AssetCheckKey],
) -> list[dict[str, Any]]:
    """Return the result of every check of this run.

    A run may exclude the landing (a full refresh pulls nothing); everything after it is required.

    Raises:
        dg.Failure: the run did not materialize a required asset, or did not execute or pass a required check.
    """
    selection = context.run.asset_selection
    excluded = set() if selection is None else {key for key in assets - set(selection) if key.path[0] == "landing"}
    materialized = {event.asset_key for event in events if event.is_step_materialization}
    results = check_rows(context.run.run_id, events)
    executed = {(result["table_name"], result["check_name"]) for result in results}
    required = {(key.asset_key.to_user_string(), key.name) for key in checks if key.asset_key not in excluded}
    problems = [
        f"asset {key.to_user_string()}: was not materialized" for key in sorted(assets - excluded - materialized)
    ]
    problems += [f"check {table}: {name}: was not executed" for table, name in sorted(required - executed)]
    problems += [
        f"check {result['table_name']}: {result['check_name']}: failed"
        for result in results
        if result["status"] == "failed"
    ]
    if problems:
        raise dg.Failure(
            description="Nothing is published, because the run is incomplete. Correct what failed and run again:\n  "
            + "\n  ".join(problems[:20]),
            allow_retries=False,
        )
    return results


def _started_at(context: dg.AssetExecutionContext) -> datetime:
    statistics = context.instance.get_run_stats(context.run.run_id)
    return datetime.fromtimestamp(statistics.start_time or 0, UTC).replace(tzinfo=None)


def _covered(warehouse: Warehouse) -> tuple[list[date], date]:
    """Return the landed load dates and the as-of date."""
    with warehouse.connect() as connection:
        profiles = warehouse.home.landing / "*" / "*" / "load_date=*" / "profile.json"
        days = connection.execute(
            "select distinct load_date"
            f" from read_json({sql_text(profiles)}, format = 'newline_delimited', hive_partitioning = false,"
            " columns = {load_date: 'date'}) order by all"
        ).fetchall()
        as_of = connection.execute("select as_of_date from intermediate.int_as_of").fetchall()[0][0]
    return [day for (day,) in days], as_of


def _fits_in_use(warehouse: Warehouse) -> dict[str, dict[str, float]]:
    """Return the parameters of every fit in use, by the fit's name."""
    with warehouse.connect() as connection:
        fits = connection.sql(
            """
            select fit_id, r, alpha, a, b, p, q, v from cx360.marts.mart_clv_model_quality
            where is_in_use order by fit_id
            """
        )
        names, rows = fits.columns, fits.fetchall()
    parameters = [dict(zip(names, row, strict=True)) for row in rows]
    return {fit.pop("fit_id"): {name: value for name, value in fit.items() if value is not None} for fit in parameters}


def _taken(context: dg.AssetExecutionContext, load_dates: Collection[date]) -> set[date]:
    """Return the landed load dates that this run pulled; none for a full refresh."""
    tags = context.run.tags
    first, last = (tags.get(tag) or tags.get("dagster/partition") for tag in (RANGE_START, RANGE_END))
    return {day for day in load_dates if first and last and first <= day.isoformat() <= last}


def _materialized(connection: duckdb.DuckDBPyConnection, table: HistoryTable) -> dg.MaterializeResult:
    [(row_count,)] = connection.execute(f"select count(*) from cx360.quality.{table.name}").fetchall()
    return dg.MaterializeResult(
        asset_key=["quality", table.name],
        metadata={
            "dagster/row_count": row_count,
            "dagster/column_schema": dg.TableSchema(
                [dg.TableColumn(name, sql_type, description) for name, (sql_type, description) in table.columns.items()]
            ),
        },
    )
