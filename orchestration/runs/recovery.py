"""What a run does about the Dagster runs before it: mark killed ones as failed, and record how they ended.

Runs under the run lock, so no other run is active. Add here what a killed process can leave behind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pandas as pd

from orchestration.base.paths import Home
from orchestration.gates.rule_results import RuleResult
from orchestration.publication.history import CHECKS, RULE_RESULTS, RUNS, History
from orchestration.publication.publication import Publication
from orchestration.runs.tags import is_of_command

UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
UNSUCCESSFUL = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]

RULES = "rules"
"""Name of the metadata entry with the rule results of a gate's check."""
RULE_RESULT = ("rule", "severity", "evaluated_count", "unexpected_count", "status")

# how many failed runs are compared with the history: older ones are in it
LOOKBACK_RUNS = 50


def recover_runs(home: Home, instance: dg.DagsterInstance, run_id: str | None = None) -> list[dg.DagsterRun]:
    """Mark killed runs as failed, and record all failed runs in the history; the home is ready (``readiness.py``).

    Args:
        run_id: the calling run, if there is one.

    Returns:
        The runs that were killed.
    """
    publication, history = Publication(home), History(home)
    if version := publication.version():
        history.absorb(version.database)
    killed = [
        run
        for run in instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))
        # a run that the daemon is about to launch has no process yet
        if run.run_id != run_id and not _waits_for_daemon(run)
    ]
    for run in killed:
        instance.report_run_failed(run, "The process of this run was killed, or the machine went down.")
    known = history.run_ids()
    ended = instance.get_runs(dg.RunsFilter(job_name="nightly", statuses=UNSUCCESSFUL), limit=LOOKBACK_RUNS)
    for run in reversed(ended):
        if run.run_id not in known:
            _record(history, instance, run.run_id)
    return killed


def fail_runs_of_ui(instance: dg.DagsterInstance) -> None:
    """Mark the unfinished runs that the UI or its daemon had started; their processes have ended with it."""
    for run in instance.get_runs(dg.RunsFilter(statuses=UNFINISHED)):
        if not is_of_command(run.run_id, run.tags) and not _waits_for_daemon(run):
            instance.report_run_failed(run, "The Dagster UI was ended while this run was in progress.")


def _waits_for_daemon(run: dg.DagsterRun) -> bool:
    is_waiting = run.status == dg.DagsterRunStatus.NOT_STARTED and bool(run.remote_job_origin)
    return is_waiting and not is_of_command(run.run_id, run.tags)


def _record(history: History, instance: dg.DagsterInstance, run_id: str) -> None:
    """Record a run without a version in the history, unless it ended before its first step."""
    events = [entry.dagster_event for entry in instance.all_logs(run_id) if entry.dagster_event]
    if not any(event.event_type == dg.DagsterEventType.STEP_START for event in events):
        return
    failed_steps = [event.step_key for event in events if event.is_step_failure]
    statistics = instance.get_run_stats(run_id)
    checks = check_rows(run_id, events)
    run = {
        "run_id": run_id,
        "outcome": "failed" if failed_steps else "killed",
        "failed_step": failed_steps[0] if failed_steps else None,
        "started_at": _utc(statistics.start_time),
        "ended_at": _utc(statistics.end_time),
        **counts(checks),
    }
    results = rule_results(run_id, events)
    history.add({RUNS: pd.DataFrame([run]), CHECKS: pd.DataFrame(checks), RULE_RESULTS: pd.DataFrame(results)})


def check_rows(run_id: str, events: Collection[dg.DagsterEvent]) -> list[dict[str, Any]]:
    """Return the last result of every check in the events of a run, as rows of ``quality_checks``."""
    return [
        {
            "run_id": run_id,
            "table_name": key.asset_key.to_user_string(),
            "check_name": key.name,
            "status": _status(evaluation),
        }
        for key, evaluation in _evaluations(events).items()
    ]


def _evaluations(events: Collection[dg.DagsterEvent]) -> dict[dg.AssetCheckKey, Any]:
    """Return the last evaluation of every check."""
    return {
        evaluation.asset_check_key: evaluation
        for event in events
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION
        for evaluation in [event.asset_check_evaluation_data]
    }


def rules_table(results: Iterable[RuleResult]) -> dg.TableMetadataValue:
    """Return the results of a gate's rules as metadata of its check."""
    records = [dg.TableRecord(result.record()) for result in results]
    columns = [dg.TableColumn(name, "int" if name.endswith("_count") else "string") for name in RULE_RESULT]
    return dg.TableMetadataValue(records, dg.TableSchema(columns))


def rule_results(run_id: str, events: Collection[dg.DagsterEvent]) -> list[dict[str, Any]]:
    """Return the last result of every rule of the gates in a run, as rows of ``quality_rule_results``."""
    return [
        {"run_id": run_id, "table_name": key.asset_key.to_user_string(), **record.data}
        for key, evaluation in _evaluations(events).items()
        if isinstance(table := evaluation.metadata.get(RULES), dg.TableMetadataValue)
        for record in table.records
    ]


def _status(evaluation: Any) -> str:
    if evaluation.passed:
        return "passed"
    return "warned" if evaluation.severity == dg.AssetCheckSeverity.WARN else "failed"


def counts(checks: Collection[dict[str, Any]]) -> dict[str, int]:
    """Return how many checks ran, and how many of them warned and failed."""
    statuses = [check["status"] for check in checks]
    return {
        "check_count": len(statuses),
        "warning_count": statuses.count("warned"),
        "failed_count": statuses.count("failed"),
    }


def _utc(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None) if seconds else None
