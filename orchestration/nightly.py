"""The nightly job: its windows, its schedule, and what it does after a crash.

Add here when the pipeline runs; keep out what it does (``definitions.py``). The schedule and ``cx360 run`` ask the
same function what is to be loaded.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import dagster as dg

from orchestration.connectors.files import available_load_dates
from orchestration.deployment import Deployment
from orchestration.resources.corrections import releases
from orchestration.resources.publication import Publication

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"

nightly = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    description="Pull, land, stage, link, build, judge and publish: one night, or a range of nights as one run.",
    tags={"dagster/max_retries": "1", "dagster/retry_strategy": "FROM_ASSET_FAILURE"},
)


def pending_load_dates(deployment: Deployment, publication: Publication, extracts: Path) -> list[date]:
    """The load dates that have extracts and are not in the current version.

    Rows that were released from quarantine since wait too. A run builds everything from the landing: where nothing
    else waits, it takes the newest load date once more.
    """
    manifest = publication.manifest() or {}
    published = set(manifest.get("load_dates", ()))
    available = available_load_dates(deployment, extracts)
    pending = [day for day in available if day.isoformat() not in published]
    is_released = bool(set(releases(publication.home)) - set(manifest.get("releases", ())))
    return pending or (available[-1:] if is_released else [])


def range_tags(load_dates: Sequence[date]) -> dict[str, str]:
    """The tags that make one run cover all of ``load_dates``."""
    return {RANGE_START: min(load_dates).isoformat(), RANGE_END: max(load_dates).isoformat()}


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
