"""One run from the command line: its load dates, the run itself, and its alerts.

It executes the job of the schedule on the same Dagster instance, so that the UI shows both. Dagster and dbt are
imported only if there is something to run.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from orchestration.alerts import watch
from orchestration.alerts.alert import Alert
from orchestration.alerts.brief import mail_brief
from orchestration.alerts.senders import Sender, senders_of, tell
from orchestration.base.errors import PipelineError
from orchestration.base.paths import Home
from orchestration.base.progress import Report, report, step
from orchestration.config.deployment import Deployment
from orchestration.landing.pull import forget
from orchestration.publication.publication import Publication
from orchestration.runs.lock import hold, under_way, was_killed
from orchestration.runs.owner import claim
from orchestration.runs.pending import NoExtractsError, choose_load_dates
from orchestration.runs.readiness import make_ready
from orchestration.runs.tags import command_tags, is_of_command, range_tags, requested_range

if TYPE_CHECKING:
    import dagster as dg


@dataclass(frozen=True)
class Outcome:
    """The result of a run.

    Attributes:
        load_dates: the load dates that it took.
        run_id: its Dagster run; None if there was nothing to run.
        problems: why it failed, one message per failed step.
        unsent_alerts: alerts that could not be sent, and why.
        undelivered_days: requested days without any delivery.
    """

    load_dates: Sequence[date]
    run_id: str | None
    problems: Sequence[str] = ()
    unsent_alerts: Sequence[str] = ()
    undelivered_days: Sequence[date] = ()


def run_night(
    deployment: Deployment,
    *,
    extracts: Path | None = None,
    first: date | None = None,
    last: date | None = None,
    full_refresh: bool = False,
    repull: bool = False,
    wait: bool = False,
    log_level: str = "CRITICAL",
) -> Outcome:
    """Run the nightly job once.

    Args:
        extracts: the folder of the extracts; the deployment's own if omitted.
        first, last: the load dates to take, both included; all pending ones if both are omitted.
        full_refresh: build and publish from the landing even if nothing is pending.
        repull: pull again what an earlier try of the same run had landed.
        wait: wait for another run to end instead of raising.
        log_level: the lowest level of Dagster's log that the terminal shows; the instance keeps every level.

    Raises:
        PipelineError: there are no extracts, another run is active, or the disk cannot be written.
    """
    home = Home.of(deployment.name)
    publication = Publication(home, deployment.retention)
    folder = extracts.resolve() if extracts else home.extracts
    senders = senders_of(deployment.alerts)
    with _explain_write_errors(home, OSError, duckdb.Error), hold(home, wait=wait):
        try:
            claim(home, deployment)
            _make_ready(publication, lambda day: _is_in(day, first, last), rebuilds=full_refresh)
            load_dates = _load_dates(deployment, publication, folder, first, last, rebuilds=full_refresh)
        except PipelineError:
            if first is None and last is None:
                tell([watch.of_start_refused(deployment, datetime.now(UTC))], senders)
            raise
        is_idle = not load_dates and not full_refresh
        if is_idle and not was_killed(home):
            return Outcome((), None, unsent_alerts=_tell_if_stale(deployment, publication, senders))
        if repull:
            forget(home)
        report(Report("start", _kind(load_dates)))

        from sqlalchemy.exc import OperationalError

        from orchestration.runs.event_files import fast_event_files
        from orchestration.runs.instance import open_instance
        from orchestration.runs.recovery import recover_runs

        # Dagster reaches SQLite through SQLAlchemy
        with (
            _explain_write_errors(home, OperationalError),
            under_way(home),
            fast_event_files(home.dagster),
            open_instance(home) as instance,
        ):
            killed = [run for run in recover_runs(home, instance) if is_of_command(run.run_id, run.tags)]
            unsent = tell([watch.of_failed_run(deployment, instance, run) for run in killed], senders)
            if is_idle:
                return Outcome((), None, unsent_alerts=unsent + _tell_if_stale(deployment, publication, senders))
            tags = range_tags(load_dates, requested_range(first, last)) if load_dates else {}
            outcome = _execute(deployment, home, folder, instance, load_dates, tags, log_level)
            alerts = _alerts(deployment, publication, instance, outcome)
        unsent += tell(alerts, senders)
        unsent += mail_brief(deployment, publication, str(outcome.run_id))
        return replace(
            outcome,
            unsent_alerts=unsent,
            undelivered_days=_undelivered_days(load_dates, first, last),
        )


def _make_ready(publication: Publication, is_taken: Callable[[date], bool], *, rebuilds: bool) -> None:
    """Make the home ready; a step shows what had to be corrected."""
    for note in make_ready(publication.home, publication, is_taken, rebuilds=rebuilds):
        with step("recover") as progress:
            progress.detail(note)


def _tell_if_stale(deployment: Deployment, publication: Publication, senders: Sequence[Sender]) -> list[str]:
    stale = watch.of_stale_publication(deployment, publication, datetime.now(UTC))
    return tell([stale] if stale else [], senders)


def _load_dates(
    deployment: Deployment,
    publication: Publication,
    extracts: Path,
    first: date | None,
    last: date | None,
    *,
    rebuilds: bool,
) -> list[date]:
    """Return the load dates that the run pulls (``choose_load_dates``); a rebuild needs no extracts."""
    try:
        return choose_load_dates(deployment, publication, extracts, first, last)
    except NoExtractsError:
        if rebuilds:
            return []
        raise


def _kind(load_dates: Sequence[date]) -> str:
    """Return the work that a run takes on, in words."""
    if not load_dates:
        return "rebuild"
    return "1 load date" if len(load_dates) == 1 else f"{len(load_dates)} load dates"


def _is_in(day: date, first: date | None, last: date | None) -> bool:
    """Return whether a day is in a requested range; False if none was requested."""
    return bool(first or last) and (first or day) <= day <= (last or day)


def _undelivered_days(load_dates: Sequence[date], first: date | None, last: date | None) -> list[date]:
    if first is None or last is None:
        return []
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    return sorted(set(days) - set(load_dates))


@contextmanager
def _explain_write_errors(home: Home, *errors: type[Exception]) -> Iterator[None]:
    """Raise one PipelineError for a full or read-only disk, whichever library reports it outside a step."""
    try:
        yield
    except errors as error:
        raise PipelineError(
            f"The run could not write below {home.root}: {getattr(error, 'orig', error)}\n"
            "The published version stays. Free or repair the disk, or correct its permissions, and run again."
        ) from error


def _execute(
    deployment: Deployment,
    home: Home,
    extracts: Path,
    instance: dg.DagsterInstance,
    load_dates: Sequence[date],
    tags: Mapping[str, str],
    log_level: str,
) -> Outcome:
    """Run the job for ``load_dates``; without them, rebuild from the landing."""
    from orchestration.definitions import build, resources
    from orchestration.runs.resource import RunLock

    lock = RunLock(home_root=str(home.root), timeout_minutes=deployment.run_timeout_minutes, is_held=True)
    definitions = build(deployment, {**resources(deployment, home, extracts), "run_lock": lock})
    job = definitions.resolve_job_def("nightly")
    selection = None
    if not load_dates:
        selection = [key for key in definitions.resolve_asset_graph().executable_asset_keys if key.path[0] != "landing"]
    run_id = str(uuid.uuid4())
    result = job.execute_in_process(
        instance=instance,
        run_id=run_id,
        tags={**command_tags(run_id), **tags},
        asset_selection=selection,
        run_config={"loggers": {"console": {"config": {"log_level": log_level}}}},
        raise_on_error=False,
    )
    problems = [_problem(entry) for entry in result.all_events if entry.is_step_failure]
    if not result.success and not problems:
        problems = ["The run failed before its first step; the Dagster UI shows the whole log."]
    return Outcome(load_dates, result.run_id, problems)


def _alerts(
    deployment: Deployment, publication: Publication, instance: dg.DagsterInstance, outcome: Outcome
) -> list[Alert]:
    """Return the alerts about a run that has ended: what failed, and what it left in quarantine if it published."""
    run = instance.get_run_by_id(str(outcome.run_id))
    failed = [watch.of_failed_run(deployment, instance, run)] if run and outcome.problems else []
    if failed and not watch.has_published(publication, outcome.run_id):
        return failed
    quarantine = watch.of_quarantine(deployment, publication, outcome.load_dates, datetime.now(UTC), outcome.run_id)
    return failed + ([quarantine] if quarantine else [])


def _problem(failed: dg.DagsterEvent) -> str:
    """Return the message of a step's own failure, or the root cause of an unexpected error."""
    failure = failed.step_failure_data
    if failure.user_failure_data and failure.user_failure_data.description:
        return str(failure.user_failure_data.description)
    error = failure.error
    while error and error.cause:
        error = error.cause
    if not error:
        return f"Step '{failed.step_key}' failed without a message; the Dagster UI shows its log."
    if error.cls_name == "DagsterExecutionInterruptedError":
        return f"Step '{failed.step_key}' was interrupted. Run the same command again: it keeps what has landed."
    return f"Step '{failed.step_key}' failed: {error.message.strip()} (the Dagster UI shows its log)"
