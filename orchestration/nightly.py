"""The nightly job, its retry and its schedule.

Add here when the pipeline runs; keep out what it does (``definitions.py``). The schedule and ``cx360 run`` choose the
load dates with the same functions (``runs/pending.py``).
"""

from pathlib import Path

import dagster as dg

from orchestration.config.deployment import Deployment
from orchestration.publication.publication import Publication
from orchestration.runs.pending import hold_reason, pending_load_dates, refusal_reason
from orchestration.runs.tags import range_tags

nightly = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    description="Pull, land, stage, identify, build, check and publish: one night, or a range of nights as one run.",
    # the daemon runs a killed run again as a whole, as `cx360 run` does: landed units are kept
    tags={"dagster/max_retries": "1", "dagster/retry_strategy": "ALL_STEPS"},
)


def schedule(deployment: Deployment, publication: Publication, extracts: Path) -> dg.ScheduleDefinition:
    """Build the schedule: every night, all pending load dates as one run."""

    @dg.schedule(
        name="nightly",
        job=nightly,
        cron_schedule=deployment.schedule,
        execution_timezone=deployment.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Every night: all pending load dates as one run.",
    )
    def every_night() -> dg.RunRequest | dg.SkipReason:
        refused = refusal_reason(deployment, publication)
        if refused:
            return dg.SkipReason(refused)
        pending = pending_load_dates(deployment, publication, extracts)
        if not pending:
            on_hold = hold_reason(deployment, publication)
            return dg.SkipReason(on_hold or "Nothing is pending: every load date with extracts is published.")
        return dg.RunRequest(run_key=None, tags=range_tags(pending))

    return every_night
