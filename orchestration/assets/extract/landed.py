"""Extract: one asset per system table, landed as delivered.

Only pulling, gating and landing happen here. Renaming and typing belong to staging models.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import dagster as dg

from orchestration.base.errors import InfrastructureError, PipelineError
from orchestration.base.progress import Pace, step
from orchestration.config.deployment import Deployment, Table
from orchestration.gates.descriptions import described_rows
from orchestration.gates.rule_results import RuleResult, profile_results, row_results
from orchestration.gates.suites import suite_of
from orchestration.landing.landing import Landing
from orchestration.landing.unit import Unit
from orchestration.publication.holds import Holds
from orchestration.runs.recovery import RULES, rules_table
from orchestration.runs.resource import RunLock
from orchestration.runs.tags import request_of

RETRY_AFTER_SECONDS = 10


def load_windows(deployment: Deployment) -> dg.DailyPartitionsDefinition:
    """Return the load dates: days in the deployment's time zone, from the history drop on."""
    return dg.DailyPartitionsDefinition(
        start_date=deployment.history_load_date.isoformat(), timezone=deployment.timezone, end_offset=1
    )


def extract(table: Table) -> dg.AssetsDefinition:
    """Build the asset that lands ``table`` for the run's load windows."""
    key = dg.AssetKey(["landing", table.name])

    @dg.multi_asset(
        name=f"landing__{table.name}",
        specs=[
            dg.AssetSpec(
                key,
                description=table.settings.description,
                group_name="extract",
                owners=[table.deployment.owner],
                kinds={table.system.kind, "parquet"},
                metadata={"system": table.system.description, "key": ", ".join(table.settings.key)},
            )
        ],
        check_specs=[dg.AssetCheckSpec("gate", asset=key, blocking=True, description=described_rows(suite_of(table)))],
        partitions_def=load_windows(table.deployment),
        backfill_policy=dg.BackfillPolicy.single_run(),
        retry_policy=dg.RetryPolicy(max_retries=1, delay=RETRY_AFTER_SECONDS),
    )
    def landed(
        context: dg.AssetExecutionContext, landing: dg.ResourceParam[Landing], run_lock: RunLock
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        with step(f"extract {table.name}", context.log.info) as progress:
            pace = Pace(progress.detail)
            first, last = _range(context)
            try:
                load_dates = _load_dates(first, last, landing)
                units = landing.admit(table, load_dates, request_of(context.run.tags, first, last), pace)
            except PipelineError as error:
                # only a fault of the machine may pass by itself
                is_transient = isinstance(error, InfrastructureError)
                raise dg.Failure(description=str(error), allow_retries=is_transient) from error
            progress.detail(_summary(units, pace))
            yield _check(key, units, results_of(table, units))
            refused = [unit.explain() for unit in units if not unit.has_landed]
            if refused:
                raise dg.Failure(description=_closed(table, refused), allow_retries=False)
            yield _materialized(key, units, pace)

    return landed


def _range(context: dg.AssetExecutionContext) -> tuple[date, date]:
    keys = context.partition_key_range
    return date.fromisoformat(keys.start), date.fromisoformat(keys.end)


def _load_dates(first: date, last: date, landing: Landing) -> list[date]:
    """Return the days of a range with any delivery that are not on hold.

    Raises:
        PipelineError: every day of the range is on hold.
    """
    on_hold = Holds(landing.home).load_dates()
    range_of_days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    days = [day for day in range_of_days if day not in on_hold]
    if not days:
        raise PipelineError(
            f"Every load date from {first} to {last} is on hold, because the version that took them was withdrawn. "
            f"Fix the cause, then: cx360 release --deployment {landing.deployment.argument}"
        )
    # without any delivery in the range, the first day fails with the connector's message
    return [day for day in days if day in landing.delivered_load_dates] or days[:1]


def _summary(units: list[Unit], pace: Pace) -> str:
    landed = sum(unit.profile["landed_row_count"] for unit in units if unit.has_landed)
    rejected = sum(unit.profile["quarantined_row_count"] for unit in units)
    counts = [f"{landed:,} rows"]
    if rejected:
        counts.append(f"{rejected:,} quarantined")
    if pace.kept_count:
        counts.append(f"{pace.kept_count} of {len(units)} load dates kept")
    return ", ".join(counts)


def _closed(table: Table, refused: list[str]) -> str:
    return (
        f"Gate 1 is closed for {table.name} of deployment '{table.deployment.name}': the batch does not land, "
        "readers keep the published version.\n" + "\n".join(refused) + "\n"
        f"Rejected rows with their reasons: make quarantine DEPLOYMENT={table.deployment.argument} TABLE={table.name}"
        " ARGS=--explain\n"
        f"Have the system '{table.system_name}' deliver it again and run again. If the delivery is right, raise the"
        f" table's limit in {table.deployment.file}, or change its rule there or in rules.yml beside it, with a reason."
    )


def results_of(table: Table, units: Sequence[Unit]) -> list[RuleResult]:
    """What each rule of the table's suite found in these units."""
    suite = suite_of(table)
    profiles = [unit.profile for unit in units]
    findings = [finding for unit in units for finding in unit.findings]
    return [*row_results(suite.rows, profiles), *profile_results(suite.batch, profiles, findings)]


def _check(key: dg.AssetKey, units: list[Unit], results: Sequence[RuleResult]) -> dg.AssetCheckResult:
    findings = [finding for unit in units for finding in unit.findings]
    return dg.AssetCheckResult(
        asset_key=key,
        check_name="gate",
        passed=all(unit.has_landed for unit in units),
        metadata={
            "quarantined_rows": sum(unit.profile["quarantined_row_count"] for unit in units),
            "duplicate_rows": sum(unit.profile.get("duplicate_count") or 0 for unit in units),
            "warnings": sum(finding.severity == "warn" for finding in findings),
            "findings": dg.MetadataValue.md("\n\n".join(unit.explain() for unit in units if unit.findings) or "none"),
            RULES: rules_table(results),
        },
    )


def _materialized(key: dg.AssetKey, units: list[Unit], pace: Pace) -> dg.MaterializeResult:
    columns = [dg.TableColumn(name) for name in units[-1].profile["columns"]]
    return dg.MaterializeResult(
        asset_key=key,
        metadata={
            "dagster/row_count": sum(unit.profile["landed_row_count"] for unit in units),
            "dagster/column_schema": dg.TableSchema(columns=columns),
            "quarantined_rows": sum(unit.profile["quarantined_row_count"] for unit in units),
            "load_dates": len(units),
            "kept_load_dates": pace.kept_count,
            "pulled_rows": pace.row_count,
            "rows_per_second": pace.rows_per_second,
        },
    )
