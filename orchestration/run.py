"""One run from the command line: what to load, the run itself, and what to do about runs that died.

The same job that the schedule drives, against the same Dagster instance, so that both show in the UI.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from sqlalchemy.exc import OperationalError

from orchestration.alerts import watch
from orchestration.alerts.alert import Alert
from orchestration.alerts.senders import senders_of, tell
from orchestration.base.errors import PipelineError
from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment
from orchestration.connectors.sources import available_load_dates
from orchestration.definitions import build, resources
from orchestration.landing.landed_files import landed_files
from orchestration.landing.pull import forget
from orchestration.nightly import pending_load_dates, why_held, why_nothing_may_run
from orchestration.publication.publication import Publication
from orchestration.runs.event_files import fast_event_files
from orchestration.runs.lock import RunLock, hold
from orchestration.runs.recovery import recover
from orchestration.runs.tags import COMMAND_TAG, asked_range, range_tags

INSTANCE_SETTINGS = """\
# Written by cx360. For more than one machine, put the storage into PostgreSQL: docs/runbook.md.
telemetry:
  enabled: false
run_retries:
  enabled: true
  max_retries: 1
  retry_on_asset_or_op_failure: false
freshness:
  enabled: true
run_monitoring:
  enabled: true
  poll_interval_seconds: 30
  free_slots_after_run_end_seconds: 60
"""


@dataclass(frozen=True)
class Outcome:
    """What a run came to: the load dates it took, and its Dagster run."""

    load_dates: Sequence[date]
    run_id: str | None
    problems: Sequence[str] = ()
    untold: Sequence[str] = ()
    """Alerts that could not be sent, and why."""
    undelivered: Sequence[date] = ()
    """Days of the range that was asked for of which nothing was delivered."""


def open_instance(home: Home) -> dg.DagsterInstance:
    """The Dagster instance of a deployment, the one that ``cx360 ui`` shows."""
    home.dagster.mkdir(parents=True, exist_ok=True)
    settings = home.dagster / "dagster.yaml"
    if not settings.exists():
        settings.write_text(INSTANCE_SETTINGS, encoding="utf-8")
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    return dg.DagsterInstance.get()


def choose_load_dates(
    deployment: Deployment, publication: Publication, extracts: Path, first: date | None, last: date | None
) -> list[date]:
    """The load dates of a run: all that are pending, or those between ``first`` and ``last`` that were delivered.

    Raises:
        PipelineError: there are no extracts, or none in the range that was asked for.
    """
    available = available_load_dates(deployment, extracts, partial(landed_files, publication.home))
    if not available:
        raise PipelineError(
            f"Deployment '{deployment.name}' has no extracts in {extracts}. Put them there, name their folder "
            "(EXTRACTS=<folder>), or see the file patterns in "
            f"deployments/{deployment.name}.yml."
        )
    if first is None and last is None:
        return pending_load_dates(deployment, publication, extracts)
    if any((first or day) <= day <= (last or day) for day in publication.holds.load_dates()):
        raise PipelineError(f"Not all of these load dates can be taken. {why_held(deployment, publication)}")
    chosen = [day for day in available if (first or day) <= day <= (last or day)]
    if not chosen:
        raise PipelineError(
            f"Nothing was delivered for deployment '{deployment.name}' between {first or 'the beginning'} and "
            f"{last or 'the end'}: extracts are there from {available[0]} to {available[-1]}."
        )
    return chosen


def run_night(
    deployment: Deployment,
    *,
    extracts: Path | None = None,
    first: date | None = None,
    last: date | None = None,
    full_refresh: bool = False,
    is_anew: bool = False,
    wait: bool = False,
    log_level: str = "CRITICAL",
) -> Outcome:
    """Run the nightly job once.

    Args:
        extracts: the folder of the extracts; the deployment's own where none is given.
        first, last: the load dates to take, both included; all that are pending where neither is given.
        full_refresh: build and publish from the landing even where nothing is pending.
        is_anew: pull also what has landed since a run that was asked the same failed or was killed.
        wait: wait for another run to end, instead of refusing.
        log_level: from which level on Dagster's log goes to the terminal; the instance keeps all of it.

    Raises:
        PipelineError: the run cannot start: no extracts, or another run is under way.
    """
    home = Home.of(deployment.name)
    parts = resources(deployment, home, extracts.resolve() if extracts else None)
    senders = senders_of(deployment.alerts)
    with (
        _writing_below(home),
        hold(home, wait=wait),
        fast_event_files(home.dagster),
        open_instance(home) as instance,
    ):
        parts["landing"].recover()
        died = [run for run in recover(home, instance) if COMMAND_TAG in run.tags]
        untold = tell([watch.of_failed_run(deployment, instance, run) for run in died], senders)
        try:
            load_dates = _load_dates(deployment, parts, first, last)
        except PipelineError:
            if first is None and last is None:
                tell([watch.of_start_refused(deployment, datetime.now(UTC))], senders)
            raise
        if not load_dates and not full_refresh:
            stale = watch.of_stale_publication(deployment, parts["publication"], datetime.now(UTC))
            return Outcome((), None, untold=untold + tell([stale] if stale else [], senders))
        if is_anew:
            forget(home)
        parts["run_lock"] = RunLock(
            home_root=str(home.root), timeout_minutes=deployment.run_timeout_minutes, is_held=True
        )
        tags = range_tags(load_dates, asked_range(first, last)) if load_dates else {}
        outcome = _execute(deployment, parts, instance, load_dates, tags, log_level)
        alert = _alert(deployment, parts["publication"], instance, outcome)
        return replace(
            outcome,
            untold=untold + tell([alert] if alert else [], senders),
            undelivered=_undelivered(load_dates, first, last),
        )


def _load_dates(
    deployment: Deployment, parts: Mapping[str, Any], first: date | None, last: date | None
) -> Sequence[date]:
    """What the run takes, unless nothing may run at all."""
    blocked = why_nothing_may_run(deployment, parts["publication"])
    if blocked:
        raise PipelineError(blocked)
    return choose_load_dates(deployment, parts["publication"], parts["landing"].extracts, first, last)


def _undelivered(load_dates: Sequence[date], first: date | None, last: date | None) -> list[date]:
    if first is None or last is None:
        return []
    days = [first + timedelta(days=place) for place in range((last - first).days + 1)]
    return sorted(set(days) - set(load_dates))


@contextmanager
def _writing_below(home: Home) -> Iterator[None]:
    """Say in one message that the disk is full or read-only, whichever library met it outside a step."""
    try:
        yield
    except (OSError, OperationalError, duckdb.Error) as error:
        reason = error.orig if isinstance(error, OperationalError) else error
        raise PipelineError(
            f"The run could not write below {home.root}: {reason}\n"
            "What is published stays. Where the disk is full or cannot be written to, mend that and run again."
        ) from error


def _execute(
    deployment: Deployment,
    parts: Mapping[str, Any],
    instance: dg.DagsterInstance,
    load_dates: Sequence[date],
    tags: Mapping[str, str],
    log_level: str,
) -> Outcome:
    """Run the job over ``load_dates``; over the landing as it is where there are none."""
    definitions = build(deployment, parts)
    job = definitions.resolve_job_def("nightly")
    selection = None
    if not load_dates:
        selection = [key for key in definitions.resolve_asset_graph().executable_asset_keys if key.path[0] != "landing"]
    result = job.execute_in_process(
        instance=instance,
        tags={COMMAND_TAG: "run", **tags},
        asset_selection=selection,
        run_config={"loggers": {"console": {"config": {"log_level": log_level}}}},
        raise_on_error=False,
    )
    problems = [_problem(entry) for entry in result.all_events if entry.is_step_failure]
    if not result.success and not problems:
        problems = ["The run failed before its first step; the Dagster UI shows the whole log."]
    return Outcome(load_dates, result.run_id, problems)


def _alert(
    deployment: Deployment, publication: Publication, instance: dg.DagsterInstance, outcome: Outcome
) -> Alert | None:
    """What somebody must be told of a run that has ended."""
    run = instance.get_run_by_id(str(outcome.run_id))
    if run and outcome.problems:
        return watch.of_failed_run(deployment, instance, run)
    return watch.of_quarantine(deployment, publication, outcome.load_dates, datetime.now(UTC), outcome.run_id)


def _problem(failed: dg.DagsterEvent) -> str:
    """What a step that failed on purpose said, or where an unforeseen error stands."""
    failure = failed.step_failure_data
    if failure.user_failure_data and failure.user_failure_data.description:
        return str(failure.user_failure_data.description)
    error = failure.error
    while error and error.cause:
        error = error.cause
    if not error:
        return f"Step '{failed.step_key}' broke; the Dagster UI shows where."
    return f"Step '{failed.step_key}' broke: {error.message.strip()} (the Dagster UI shows where)"
