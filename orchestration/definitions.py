"""The whole pipeline on one page, from top to bottom.

Dagster calls ``defs``, which reads the deployment's name from the environment; tests and ``cx360`` call ``build`` with
their own.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.alerts.sensors import alert_sensors
from orchestration.assets.external import external
from orchestration.assets.extract.landed import extract
from orchestration.assets.identity import customer_identities
from orchestration.assets.marts_gate import marts_gate
from orchestration.assets.publish import version
from orchestration.assets.transform import transform
from orchestration.deployment import Deployment, load_deployment
from orchestration.home import Home
from orchestration.nightly import nightly, schedule
from orchestration.resources.dbt import Dbt
from orchestration.resources.landing import Landing
from orchestration.resources.publication import Publication
from orchestration.resources.run_lock import RunLock
from orchestration.resources.warehouse import Warehouse


def resources(deployment: Deployment, home: Home, extracts: Path | None = None) -> dict[str, Any]:
    """What the assets of ``deployment`` talk to, under the names that they ask for."""
    return {
        "run_lock": RunLock(home_root=str(home.root), timeout_minutes=deployment.run_timeout_minutes),
        "landing": Landing(deployment, home, extracts or home.extracts),
        "warehouse": Warehouse(home, deployment.memory_limit),
        "dbt": Dbt(deployment, home),
        "publication": Publication(home, deployment.retention.daily_versions, deployment.retention.weekly_versions),
    }


def build(deployment: Deployment, resources: Mapping[str, Any]) -> dg.Definitions:
    """Assemble the pipeline of ``deployment``; tests pass their own resources."""
    manifest = resources["dbt"].manifest()
    landed = [extract(table) for table in deployment.tables()]
    stage, star, marts = (transform(part, manifest, deployment.owner) for part in ("stage", "star", "marts"))
    identity = customer_identities(deployment)
    gate = marts_gate()
    built = [*landed, stage, identity, star, marts]
    edges = external(manifest, [key for table in landed for key in table.keys], deployment.owner)
    return dg.Definitions(
        assets=[*built, version(deployment, built, [gate]), *edges],
        asset_checks=[gate],
        jobs=[nightly],
        schedules=[schedule(deployment, resources["publication"], resources["landing"].extracts)],
        sensors=alert_sensors(deployment, resources["publication"]),
        resources=dict(resources),
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads: the deployment that the environment names."""
    deployment = load_deployment(os.environ.get("CX360_DEPLOYMENT", "demo"))
    extracts = os.environ.get("CX360_EXTRACTS")
    return build(deployment, resources(deployment, Home.of(deployment), Path(extracts) if extracts else None))
