"""The whole pipeline on one page, from top to bottom.

Dagster calls ``defs`` for the deployment named in the environment; ``cx360`` and tests call ``build`` with their own.
"""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from expectations.registry import mart_suites
from orchestration.alerts.sensors import alert_sensors
from orchestration.assets.external import external
from orchestration.assets.extract.landed import extract
from orchestration.assets.identity import customer_identities
from orchestration.assets.marts_gate import marts_gate
from orchestration.assets.postgres import postgres
from orchestration.assets.publish import version
from orchestration.assets.science.backtests import forecast_backtests
from orchestration.assets.science.contracts import contract_fits
from orchestration.assets.science.purchases import purchase_fits
from orchestration.assets.science.service_events import event_effects
from orchestration.assets.science.spend import spend_fits
from orchestration.assets.site import site
from orchestration.assets.transform import transform
from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment, load_deployment
from orchestration.landing.landing import Landing
from orchestration.nightly import nightly, schedule
from orchestration.publication.publication import Publication
from orchestration.runs.resource import RunLock
from orchestration.warehouse.completeness import check_completeness
from orchestration.warehouse.dbt import Dbt
from orchestration.warehouse.fits import FitStore
from orchestration.warehouse.warehouse import Warehouse

SCIENCE = (purchase_fits, spend_fits, contract_fits, forecast_backtests, event_effects)
"""What is fitted and estimated between the star and the marts."""


def resources(deployment: Deployment, home: Home, extracts: Path | None = None) -> dict[str, Any]:
    """Return the resources of ``deployment`` by the names that its assets require."""
    return {
        "run_lock": RunLock(home_root=str(home.root), timeout_minutes=deployment.run_timeout_minutes),
        "landing": Landing(deployment, home, extracts or home.extracts),
        "warehouse": Warehouse(home, deployment.memory_limit),
        "dbt": Dbt(deployment, home),
        "fits": FitStore(home),
        "publication": Publication(home, deployment.retention),
    }


def build(deployment: Deployment, resources: Mapping[str, Any]) -> dg.Definitions:
    """Assemble the pipeline of ``deployment``; tests pass their own resources.

    Raises:
        PipelineError: the project lacks an entry that the deployment requires.
    """
    check_completeness(deployment)
    manifest = resources["dbt"].manifest()
    landed = [extract(table) for table in deployment.tables()]
    stage, star, marts = (transform(part, manifest, deployment.owner) for part in ("stage", "star", "marts"))
    identity = customer_identities(deployment)
    science = [model(deployment) for model in SCIENCE]
    gate = marts_gate(deployment, mart_suites().values())
    built = [*landed, stage, identity, star, *science, marts]
    published = fresh(version(deployment, built, [gate]), deployment)
    pages = fresh(site(deployment), deployment)
    further = [postgres(deployment)] if deployment.postgres_publication else []
    edges = external(manifest, [key for table in landed for key in table.keys], deployment.owner)
    return dg.Definitions(
        assets=[*landed, stage, identity, star, *science, fresh(marts, deployment), published, pages, *further, *edges],
        asset_checks=[gate],
        jobs=[nightly],
        schedules=[schedule(deployment, resources["publication"], resources["landing"].extracts)],
        sensors=alert_sensors(deployment, resources["publication"], nightly),
        resources=dict(resources),
    )


def fresh(assets: dg.AssetsDefinition, deployment: Deployment) -> dg.AssetsDefinition:
    """Set the freshness policy of the marts and of the version, so that the UI shows when they are stale."""
    policy = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=deployment.stale_after_hours))
    return assets.map_asset_specs(
        lambda spec: dg.apply_freshness_policy(spec, policy) if spec.key.path[0] in {"marts", "published"} else spec
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Return the definitions of the deployment named in the environment."""
    deployment = load_deployment(os.environ.get("CX360_DEPLOYMENT", "demo"))
    extracts = os.environ.get("CX360_EXTRACTS")
    return build(deployment, resources(deployment, Home.of(deployment.name), Path(extracts) if extracts else None))
