"""The nightly job: its windows, its schedule, and what it does after a crash.

Add here when the pipeline runs; keep out what it does (``definitions.py``). The schedule and ``cx360 run`` ask the
same function what is to be loaded.
"""

from datetime import date
from functools import partial
from pathlib import Path

import dagster as dg

from orchestration.config.deployment import Deployment
from orchestration.connectors.sources import available_load_dates, changed_load_dates
from orchestration.landing.corrections import releases
from orchestration.landing.landed_files import landed_files
from orchestration.publication.publication import Publication
from orchestration.runs.tags import range_tags

nightly = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    description="Pull, land, stage, link, build, judge and publish: one night, or a range of nights as one run.",
    # a killed run is done again as a whole, as `cx360 run` does it: steps that were done are done again in no time
    tags={"dagster/max_retries": "1", "dagster/retry_strategy": "ALL_STEPS"},
)


def pending_load_dates(deployment: Deployment, publication: Publication, extracts: Path) -> list[date]:
    """The load dates that have extracts, are not in the current version, and are not held.

    A day whose files have changed since they landed waits once more, and so do rows that were released from quarantine.
    A run builds everything from the landing: where nothing else waits, it takes the newest load date once more.
    """
    current = publication.version()
    held = {*publication.holds.load_dates()}
    landed_of = partial(landed_files, publication.home)
    free = [day for day in available_load_dates(deployment, extracts, landed_of) if day not in held]
    done = current.load_dates - {*changed_load_dates(deployment, extracts, landed_of)} if current else set()
    pending = [day for day in free if day not in done]
    is_released = bool(set(releases(publication.home)) - (current.releases if current else set()))
    return pending or (free[-1:] if is_released else [])


def why_held(deployment: Deployment, publication: Publication) -> str | None:
    """Which load dates are held, why, and what to do about it; None where none is."""
    held = publication.holds.load_dates()
    if not held:
        return None
    return (
        f"Held: {', '.join(day.isoformat() for day in held)}, because "
        f"{' and '.join(sorted(publication.holds.holding()))} was withdrawn. When what was wrong is mended: "
        f"cx360 release --deployment {deployment.name}"
    )


def why_nothing_may_run(deployment: Deployment, publication: Publication) -> str | None:
    """Why the next version would lack what the current one shows; None where it would not."""
    current = publication.version()
    lost = sorted(current.load_dates & {*publication.holds.load_dates()}) if current else []
    if not lost:
        return None
    return (
        f"The current version shows {', '.join(day.isoformat() for day in lost)}, which the withdrawn version had "
        f"taken anew: the landing of that day is no more the one that is shown. {why_held(deployment, publication)}, "
        f"then deliver it again and: cx360 run --deployment {deployment.name} --date {lost[0]}"
    )


def schedule(deployment: Deployment, publication: Publication, extracts: Path) -> dg.ScheduleDefinition:
    """Build the schedule: every night, all that is pending, as one run."""

    @dg.schedule(
        name="nightly",
        job=nightly,
        cron_schedule=deployment.schedule,
        execution_timezone=deployment.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Every night: load what is pending, as one run.",
    )
    def every_night() -> dg.RunRequest | dg.SkipReason:
        blocked = why_nothing_may_run(deployment, publication)
        if blocked:
            return dg.SkipReason(blocked)
        pending = pending_load_dates(deployment, publication, extracts)
        if not pending:
            held = why_held(deployment, publication)
            return dg.SkipReason(held or "Nothing is pending: every load date with extracts is published.")
        return dg.RunRequest(run_key=None, tags=range_tags(pending))

    return every_night
