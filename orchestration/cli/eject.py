"""``cx360 eject``: the staging models that the maps of a system make, written into the deployment's folder.

From then on the files are read in place of the maps; the rules of gate 1 still follow from the maps. Keep out how a
model is made (``warehouse/staging.py``).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from orchestration.base.errors import PipelineError
from orchestration.config.deployment import Deployment
from orchestration.config.deployment_file import shown
from orchestration.config.records import check_maps
from orchestration.warehouse.staging import FOLDER, staging_sql


def eject(deployment: Deployment, system: str) -> Iterator[str]:
    """Write the staging model of each entity that the system delivers, and yield a line for each.

    A file that exists is never overwritten.

    Raises:
        PipelineError: the deployment has no such system, or a map is wrong.
    """
    if system not in deployment.systems:
        near = difflib.get_close_matches(system, list(deployment.systems), n=1)
        hint = f"Did you mean '{near[0]}'?" if near else f"It has: {', '.join(deployment.systems)}."
        raise PipelineError(f"{deployment.file} has no system '{system}'. {hint}")
    check_maps(deployment)
    folder = deployment.folders[0] / FOLDER / system
    for entity, systems in deployment.entities().items():
        path = folder / f"{entity}.sql"
        sql = staging_sql(deployment, system, entity) if system in systems else None
        if sql is None:
            continue
        if path.exists():
            yield f"{shown(path)}: it is there already, and was not changed"
            continue
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(sql, encoding="utf-8")
        yield f"{shown(path)}: written"
    yield "The files are read from now on; what the maps say of these entities is still judged by gate 1."
