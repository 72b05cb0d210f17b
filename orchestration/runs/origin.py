"""Where a run of the command line comes from, as the UI knows it: code location, repository and job.

A run that Dagster executes in the process of its caller has no origin, and the UI's timeline leaves it out
(docs/decisions/runs-of-the-command-line.md).
"""

from __future__ import annotations

import json
from typing import Any

import dagster as dg

LOCATION = "cx360"
"""The name of the code location in ``workspace.yaml`` and in ``cx360 ui``."""
REPOSITORY = "__repository__"
"""Dagster's name for the repository of a module with one ``Definitions``."""
_LABEL_TAG = ".dagster/repository"


def show_in_ui(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Record the origin of a run, so that the UI shows it as one of the schedule."""
    # its type is not public
    origin: Any = dg.deserialize_value(json.dumps(_origin(run.job_name)))
    instance.add_run_tags(run.run_id, {_LABEL_TAG: f"{REPOSITORY}@{LOCATION}"})
    if current := instance.get_run_by_id(run.run_id):
        instance.run_storage.replace_job_origin(current, origin)


def _origin(job: str) -> dict[str, object]:
    """The origin as Dagster stores it; the names are those of its stored runs, which every version reads."""
    location = {"__class__": "RegisteredRepositoryLocationOrigin", "location_name": LOCATION}
    repository = {
        "__class__": "ExternalRepositoryOrigin",
        "repository_location_origin": location,
        "repository_name": REPOSITORY,
    }
    return {"__class__": "ExternalPipelineOrigin", "external_repository_origin": repository, "pipeline_name": job}
