"""The dbt project of a deployment, in its home: the product's models beside the deployment's staging and reference.

dbt reads ``<home>/dbt/project``. Models, macros and tests there are links to ``dbt_project/``; sources, staging models
and reference data are written from the deployment's folder, so that dbt sees real models and real sources and the
product is not edited (docs/decisions/deployment-folders.md).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from orchestration.base.paths import DBT_PROJECT, PROJECT, Home
from orchestration.config.deployment import Deployment
from orchestration.config.doors import door
from orchestration.config.reference import DEFAULTS, FOLDER, reference, reference_names
from orchestration.warehouse.staging import LANDING, own_sql, staging_sql

LINKS = {
    "dbt_project.yml": DBT_PROJECT / "dbt_project.yml",
    "models": DBT_PROJECT / "models",
    "macros": DBT_PROJECT / "macros",
    "data_tests": DBT_PROJECT / "data_tests",
    "seeds": PROJECT / "seeds" / "reference",
}
STAGING = "deployment/staging"


def write_project(deployment: Deployment, home: Home) -> Path:
    """Write the dbt project of a deployment, and return its folder; a file that has not changed is left alone."""
    root = home.dbt / "project"
    root.mkdir(parents=True, exist_ok=True)
    for name, target in LINKS.items():
        link = root / name
        if not link.is_symlink() or link.readlink() != target:
            link.unlink(missing_ok=True)
            link.symlink_to(target)
    texts = {**dict(_staging(deployment)), **dict(_reference(deployment))}
    for name, text in texts.items():
        path = root / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for folder in (STAGING, FOLDER):
        for path in (root / folder).rglob("*"):
            if path.is_file() and path.relative_to(root).as_posix() not in texts:
                path.unlink()
    return root


def _staging(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """The models and the yml of each system."""
    entities = deployment.entities()
    for system in deployment.systems:
        models = []
        for entity in entities:
            if system in entities[entity] and (sql := staging_sql(deployment, system, entity)) is not None:
                name = f"stg_{system}__{entity}"
                yield f"{STAGING}/{system}/{name}.sql", sql
                own = own_sql(deployment, system, entity)
                # the unit tests of a deployment's own model
                is_of_deployment = own and any(own.is_relative_to(folder) for folder in deployment.folders)
                if own and is_of_deployment and (tested := own.with_suffix(".yml")).is_file():
                    yield f"{STAGING}/{system}/{name}.yml", tested.read_text(encoding="utf-8")
                models.append(_documented(name, system, entity))
        content = {"sources": [_source(deployment, system)], **({"models": models} if models else {})}
        yield f"{STAGING}/{system}/_{system}.yml", yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def _source(deployment: Deployment, system: str) -> dict[str, Any]:
    return {
        "name": system,
        "description": deployment.systems[system].description,
        "schema": "landing",
        "config": {
            "meta": {
                "external_location": "read_parquet('{{ var('landing') }}/"
                f"{system}/{{identifier}}/load_date=*/*.parquet', union_by_name=true, hive_partitioning=false)"
            }
        },
        "tables": [
            {"name": f"{system}__{name}", "identifier": name, "description": table.description}
            for name, table in deployment.systems[system].tables.items()
        ],
    }


def _documented(name: str, system: str, entity: str) -> dict[str, Any]:
    """The model's columns as its door describes them."""
    columns = [{"name": column.name, "description": column.description} for column in door(entity).values()]
    columns += [{"name": column, "description": "Place of the row in the landing."} for column in LANDING]
    one = entity.removesuffix("s").replace("_", " ")
    return {"name": name, "description": f"One row per landed {one} of {system}, as it was then.", "columns": columns}


def _reference(deployment: Deployment) -> Iterator[tuple[str, str]]:
    for name in reference_names():
        file = reference(deployment, name)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([file.columns, *file.rows])
        yield f"{FOLDER}/{name}.csv", text.getvalue()
        yield f"{FOLDER}/{name}.yml", (DEFAULTS / f"{name}.yml").read_text(encoding="utf-8")
