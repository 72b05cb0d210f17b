"""The nightly job: its windows, its schedule, and what it does after a crash.

Add here when the pipeline runs; keep out what it does (``definitions.py``). The schedule and ``cx360 run`` ask the
same function what is to be loaded.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import dagster as dg

from orchestration.connectors.files import available_load_dates
from orchestration.deployment import Deployment
from orchestration.resources.publication import Publication

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
COMMAND_TAG = "cx360/command"
"""The tag of a run that ``cx360 run`` drives itself, in its own process."""

nightly = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    description="Pull, land, stage, link, build, judge and publish: one night, or a range of nights as one run.",
    tags={"dagster/max_retries": "1", "dagster/retry_strategy": "FROM_ASSET_FAILURE"},
)


def pending_load_dates(deployment: Deployment, publication: Publication, extracts: Path) -> list[date]:
    """The load dates that have extracts and are not in the current version."""
    manifest = publication.manifest()
    published = set(manifest["load_dates"]) if manifest else set()
    return [day for day in available_load_dates(deployment, extracts) if day.isoformat() not in published]


def range_tags(load_dates: Sequence[date]) -> dict[str, str]:
    """The tags that make one run cover all of ``load_dates``."""
    return {RANGE_START: min(load_dates).isoformat(), RANGE_END: max(load_dates).isoformat()}


def covered_load_dates(tags: Mapping[str, str]) -> list[date]:
    """The days of the range that a run's tags name; none where they name none."""
    if RANGE_START not in tags:
        return []
    first, last = date.fromisoformat(tags[RANGE_START]), date.fromisoformat(tags[RANGE_END])
    return [first + timedelta(days=place) for place in range((last - first).days + 1)]


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
        pending = pending_load_dates(deployment, publication, extracts)
        if not pending:
            return dg.SkipReason("Nothing is pending: every load date with extracts is published.")
        return dg.RunRequest(run_key=None, tags=range_tags(pending))

    return every_night
