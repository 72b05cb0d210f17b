"""Raises alerts: a failed night, a closed gate, too many rows in quarantine, a stale publication.

Keep out how an alert is sent (``senders.py``). Alerts contain only names and numbers, because messages may quote
delivered values.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import duckdb

from orchestration.alerts.alert import Alert
from orchestration.config.deployment import Deployment
from orchestration.publication.publication import Publication

if TYPE_CHECKING:
    import dagster as dg

GATE = "gate"
VERSION = ("published", "version")


def of_failed_run(deployment: Deployment, instance: dg.DagsterInstance, run: dg.DagsterRun) -> Alert:
    """Return the alert of a failed run: its failed checks, or else its failed steps."""
    import dagster as dg

    events = [entry.dagster_event for entry in instance.all_logs(run.run_id) if entry.dagster_event]
    evaluations = [
        event.asset_check_evaluation_data
        for event in events
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ]
    red = [check for check in evaluations if not check.passed and check.severity == dg.AssetCheckSeverity.ERROR]
    closed = [check.asset_key.to_user_string() for check in red if check.check_name == GATE]
    steps = sorted(str(event.step_key) for event in events if event.is_step_failure)
    if closed:
        what, where = "A gate is closed, nothing is published", [f"gate of {table}" for table in closed]
        cause = "Read which rule is broken"
    elif red:
        what = "A check failed, nothing is published"
        where = [f"{check.asset_key.to_user_string()}: {check.check_name}" for check in red]
        cause = "Read what the check found"
    elif steps:
        what, where = "The night failed, nothing is published", [f"step {step}" for step in steps]
        cause = "Read why"
    else:
        what, where = "The night was interrupted, nothing is published", []
        cause = "Its process ended: killed, out of memory, or the machine went down"
    if any(event.is_step_materialization and event.asset_key == dg.AssetKey(VERSION) for event in events):
        return Alert(
            deployment=deployment.name,
            what="The night was published, and a step after it failed",
            where=tuple(f"step {step}" for step in steps),
            since=_started_at(instance, run),
            what_to_do=(
                f"Readers have the new version. {cause} (make ui DEPLOYMENT={deployment.argument}, and"
                f" docs/runbook.md) and fix it. Missing pages are made by: make site DEPLOYMENT={deployment.argument}."
                f" PostgreSQL is written by: make publish-postgres DEPLOYMENT={deployment.argument}"
            ),
            run_id=run.run_id,
        )
    return Alert(
        deployment=deployment.name,
        what=what,
        where=tuple(where),
        since=_started_at(instance, run),
        what_to_do=(
            "Readers keep the last good version. "
            f"{cause} (make ui DEPLOYMENT={deployment.argument}, and docs/runbook.md), fix it, and run again: "
            f"make run DEPLOYMENT={deployment.argument}"
        ),
        run_id=run.run_id,
    )


def has_published(publication: Publication, run_id: str | None) -> bool:
    """Return whether the current version is of this run."""
    manifest = publication.manifest() or {}
    return run_id is not None and manifest.get("run_id") == run_id


def of_start_refused(deployment: Deployment, now: datetime) -> Alert:
    """Return the alert of a night that could not start."""
    return Alert(
        deployment=deployment.name,
        what="The night could not start",
        where=(),
        since=now,
        what_to_do=(
            f"Readers keep the last good version. Run it by hand to see the reason: make run "
            f"DEPLOYMENT={deployment.argument}"
        ),
    )


def of_quarantine(
    deployment: Deployment,
    publication: Publication,
    load_dates: Sequence[date],
    since: datetime,
    run_id: str | None,
) -> Alert | None:
    """Return an alert if a larger share of a table's rows is in quarantine than the deployment allows."""
    limit = deployment.alerts.quarantine_rate_limit
    with duckdb.connect((publication.current / "cx360.duckdb").resolve(), read_only=True) as connection:
        tables = connection.execute(
            """
            select system, table_name, sum(quarantined_row_count) as quarantined, sum(source_row_count) as delivered
            from quality.quality_landing_reconciliation
            where list_contains($load_dates, load_date)
            group by system, table_name
            having quarantined > $limit * delivered
            order by system, table_name
            """,
            {"load_dates": list(load_dates), "limit": limit},
        ).fetchall()
    if not tables:
        return None
    return Alert(
        deployment=deployment.name,
        what=f"More than {limit:.1%} of delivered rows are in quarantine",
        where=tuple(f"{system}__{table}: {rejected:,} of {rows:,} rows" for system, table, rejected, rows in tables),
        since=since,
        what_to_do=(
            "The night was published without these rows. List their reasons (make quarantine "
            f"DEPLOYMENT={deployment.argument}), and correct them or have the system deliver them again"
        ),
        run_id=run_id,
    )


def of_stale_publication(deployment: Deployment, publication: Publication, now: datetime) -> Alert | None:
    """Return an alert if the published version is older than the deployment allows."""
    manifest = publication.manifest()
    if manifest is None:
        return None
    published_at = datetime.fromisoformat(manifest["published_at"]).replace(tzinfo=UTC)
    limit = deployment.stale_after_hours
    if now - published_at <= timedelta(hours=limit):
        return None
    return Alert(
        deployment=deployment.name,
        what=f"Nothing new has been published for more than {limit} hours",
        where=(f"version {manifest['version']}, as of {manifest['as_of_date']}",),
        since=published_at,
        what_to_do=(
            "Readers see old figures. Check that the schedule is on and that extracts were delivered "
            f"(make ui DEPLOYMENT={deployment.argument}), then run: make run DEPLOYMENT={deployment.argument}"
        ),
    )


def _started_at(instance: dg.DagsterInstance, run: dg.DagsterRun) -> datetime:
    record = instance.get_run_record_by_id(run.run_id)
    began = record.start_time or record.create_timestamp.timestamp() if record else 0
    return datetime.fromtimestamp(began, UTC)
