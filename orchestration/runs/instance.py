"""The Dagster instance of a deployment: storage of runs, events and schedules, shown by ``cx360 ui``."""

import os

import dagster as dg

from orchestration.base.paths import Home

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


def open_instance(home: Home) -> dg.DagsterInstance:
    """Return the Dagster instance of a deployment; write its settings if there are none."""
    home.dagster.mkdir(parents=True, exist_ok=True)
    settings = home.dagster / "dagster.yaml"
    if not settings.exists():
        settings.write_text(INSTANCE_SETTINGS, encoding="utf-8")
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    return dg.DagsterInstance.get()
