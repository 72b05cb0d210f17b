"""The nightly job: its windows, its schedule, and what it does after a crash.

Add here when the pipeline runs; keep out what it does (``definitions.py``). The schedule and ``cx360 run`` ask the
same function what is to be loaded.
"""

from pathlib import Path

import dagster as dg

from orchestration.config.deployment import Deployment
from orchestration.publication.publication import Publication
from orchestration.runs.pending import pending_load_dates, why_held, why_nothing_may_run
from orchestration.runs.tags import range_tags

nightly = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    description="Pull, land, stage, link, build, judge and publish: one night, or a range of nights as one run.",
    # a killed run is done again as a whole, as `cx360 run` does it: steps that were done are done again in no time
    tags={"dagster/max_retries": "1", "dagster/retry_strategy": "ALL_STEPS"},
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
