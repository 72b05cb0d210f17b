"""Publish: the verdict over the whole night, the log of runs and checks, and the new version.

Nothing is published unless everything that the job promises happened in this run and is green.
"""

import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
import pandas as pd

from orchestration.deployment import PROJECT, Deployment
from orchestration.home import sql_text
from orchestration.progress import step
from orchestration.resources.corrections import releases
from orchestration.resources.publication import Publication
from orchestration.resources.run_lock import RunLock
from orchestration.resources.warehouse import Warehouse

VERSION = dg.AssetKey(["published", "version"])
RUNS = dg.AssetKey(["quality", "quality_runs"])
CHECKS = dg.AssetKey(["quality", "quality_checks"])


def version(
    deployment: Deployment,
    built: Sequence[dg.AssetsDefinition],
    judged: Sequence[dg.AssetChecksDefinition],
) -> dg.AssetsDefinition:
    """Build the asset that publishes: it waits for ``built``, and answers for every check of it and of ``judged``."""
    assets = {key for definition in built for key in definition.keys}
    checks = {key for definition in (*built, *judged) for key in definition.check_keys}
    # the ends of the flow: everything else comes before one of them
    ends = assets - {dep.asset_key for definition in built for spec in definition.specs for dep in spec.deps}

    @dg.multi_asset(
        name="version",
        specs=[
            _spec(RUNS, "One row per published run: when it ran, what it covered.", "quality", deployment, ends),
            _spec(CHECKS, "One row per check and published run, with its verdict.", "quality", deployment, ends),
            _spec(
                VERSION,
                "One row per published version: an immutable DuckDB file, the marts as Parquet, and a manifest.",
                "publish",
                deployment,
                {RUNS, CHECKS},
            ),
        ],
    )
    def published(
        context: dg.AssetExecutionContext,
        warehouse: dg.ResourceParam[Warehouse],
        publication: dg.ResourceParam[Publication],
        run_lock: RunLock,
    ) -> Iterable[dg.MaterializeResult]:
        with step("publish") as progress:
            verdicts = _verdicts(context, assets, checks)
            load_dates, as_of_date = _covered(warehouse)
            run = {
                "run_id": context.run.run_id,
                "started_at": _started_at(context),
                "published_at": datetime.now(UTC).replace(tzinfo=None),
                "as_of_date": as_of_date,
                "code_revision": code_revision(),
                "check_count": len(verdicts),
                "warning_count": sum(verdict["status"] == "warned" for verdict in verdicts),
            }
            logged = _write_log(warehouse, publication, run, verdicts)
            for key, metadata in logged.items():
                yield dg.MaterializeResult(asset_key=key, metadata=metadata)
            place = publication.publish(
                as_of_date,
                context.run.run_id,
                {
                    "deployment": deployment.name,
                    "published_at": run["published_at"].isoformat(),
                    "load_dates": [day.isoformat() for day in load_dates],
                    "releases": releases(warehouse.home),
                    "code_revision": run["code_revision"],
                    "checks": {
                        status: sum(verdict["status"] == status for verdict in verdicts)
                        for status in ("passed", "warned")
                    },
                },
            )
            progress.detail(place.name)
            yield dg.MaterializeResult(
                asset_key=VERSION,
                metadata={
                    "version": place.name,
                    "as_of_date": as_of_date.isoformat(),
                    "file": dg.MetadataValue.path(place / "cx360.duckdb"),
                    "checks": len(verdicts),
                },
            )

    return published


def _spec(
    key: dg.AssetKey, description: str, group: str, deployment: Deployment, deps: Iterable[dg.AssetKey]
) -> dg.AssetSpec:
    return dg.AssetSpec(
        key,
        deps=sorted(deps),
        description=description,
        group_name=group,
        owners=[deployment.owner],
        kinds={"python", "duckdb"},
    )


def _verdicts(
    context: dg.AssetExecutionContext, assets: set[dg.AssetKey], checks: set[dg.AssetCheckKey]
) -> list[dict[str, Any]]:
    """The verdict of every check of this run.

    Raises:
        dg.Failure: an asset or check that the job promises did not happen in this run, or is red.
    """
    selection = context.run.asset_selection
    promised_assets = assets if selection is None else assets & set(selection)
    promised_checks = checks if selection is None else {key for key in checks if key.asset_key in promised_assets}
    events = [entry.dagster_event for entry in context.instance.all_logs(context.run.run_id) if entry.dagster_event]
    happened = {event.asset_key for event in events if event.is_step_materialization}
    verdicts = {
        evaluation.asset_check_key: evaluation
        for event in events
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION
        for evaluation in [event.asset_check_evaluation_data]
    }
    problems = [f"asset {key.to_user_string()}: did not happen" for key in sorted(promised_assets - happened)]
    problems += [f"check {_name(key)}: did not happen" for key in promised_checks if key not in verdicts]
    problems += [
        f"check {_name(key)}: is red"
        for key, verdict in verdicts.items()
        if not verdict.passed and verdict.severity == dg.AssetCheckSeverity.ERROR
    ]
    if problems:
        raise dg.Failure(
            description="Nothing is published, because the night is not whole:\n  " + "\n  ".join(problems[:20]),
            allow_retries=False,
        )
    return [
        {
            "run_id": context.run.run_id,
            "table_name": key.asset_key.to_user_string(),
            "check_name": key.name,
            "status": "passed" if verdict.passed else "warned",
        }
        for key, verdict in verdicts.items()
    ]


def _name(key: dg.AssetCheckKey) -> str:
    return f"{key.asset_key.to_user_string()}: {key.name}"


def _started_at(context: dg.AssetExecutionContext) -> datetime:
    statistics = context.instance.get_run_stats(context.run.run_id)
    return datetime.fromtimestamp(statistics.start_time or 0, UTC).replace(tzinfo=None)


def _covered(warehouse: Warehouse) -> tuple[list[date], date]:
    """The load dates that have landed, and the as-of date they give."""
    with warehouse.connect() as connection:
        profiles = warehouse.home.landing / "*" / "*" / "load_date=*" / "profile.json"
        days = connection.execute(
            "select distinct load_date"
            f" from read_json({sql_text(profiles)}, columns = {{load_date: 'date'}}) order by all"
        ).fetchall()
        as_of = connection.execute("select as_of_date from intermediate.int_as_of").fetchall()[0][0]
    return [day for (day,) in days], as_of


def _write_log(
    warehouse: Warehouse, publication: Publication, run: dict[str, Any], verdicts: list[dict[str, Any]]
) -> dict[dg.AssetKey, dict[str, Any]]:
    """Write this run and its checks beside those of the versions before, which the current version carries."""
    metadata = {}
    before = publication.current / "cx360.duckdb"
    with warehouse.connect() as connection:
        if before.exists():
            connection.execute(f"attach {sql_text(before.resolve())} as before (read_only)")
        for key, rows in ((RUNS, [run]), (CHECKS, verdicts)):
            table = f"quality.{key.path[-1]}"
            connection.register("rows", pd.DataFrame(rows))
            earlier = (
                f"select * from before.{table} where run_id <> '{run['run_id']}' union all by name"
                if before.exists()
                else ""
            )
            connection.execute(f"create or replace table cx360.{table} as {earlier} select * from rows")
            connection.unregister("rows")
            columns = connection.execute(f"describe cx360.{table}").fetchall()
            metadata[key] = {
                "dagster/row_count": int(connection.execute(f"select count(*) from cx360.{table}").fetchall()[0][0]),
                "dagster/column_schema": dg.TableSchema([dg.TableColumn(column[0], column[1]) for column in columns]),
            }
        if before.exists():
            connection.execute("detach before")
    return metadata


def code_revision() -> str:
    """The commit that the project stands at, or 'unknown' outside a repository."""
    answer = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() or "unknown"
