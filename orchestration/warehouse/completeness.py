"""Completeness of a deployment: every system needs staging models, sources, suites, an enable line, reference data.

Add here an entry that a new system requires; keep out the deployment's own file (``config/deployment.py``) and the
content of models and suites (dbt and the gates check it).
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator

import yaml

from expectations.registry import raw_suites
from orchestration.base.errors import PipelineError
from orchestration.config.deployment import Deployment
from orchestration.warehouse.dbt import DBT_PROJECT, REFERENCE, own_references

MODELS = DBT_PROJECT / "models"


def check_completeness(deployment: Deployment) -> None:
    """Raise unless the project has every entry that the deployment requires.

    Raises:
        PipelineError: lists every missing entry with its file.
    """
    missing = missing_entries(deployment)
    if missing:
        lines = "\n".join(f"  {entry}" for entry in missing)
        raise PipelineError(
            f"Deployment '{deployment.name}' is not complete. Add what is missing (docs/your-own-data.md):\n{lines}"
        )


def missing_entries(deployment: Deployment) -> list[str]:
    """Return one line per missing entry: its file, what is missing, and the line to add if it is one."""
    return [
        *_of_entities(deployment),
        *_of_sources(deployment),
        *_of_suites(deployment),
        *_of_enable_lines(deployment),
    ]


def _of_entities(deployment: Deployment) -> Iterator[str]:
    """Yield entities that do not exist, and missing staging models of those that do."""
    doors = {path.stem.removeprefix("int_").removesuffix("__unioned") for path in MODELS.rglob("int_*__unioned.sql")}
    for entity, systems in deployment.entities().items():
        if entity not in doors:
            yield (
                f"deployments/{deployment.name}.yml: '{entity}', which {', '.join(systems)} delivers, is not an entity."
                f" {_suggest(entity, doors)}"
            )
            continue
        for system in systems:
            model = MODELS / "staging" / system / f"stg_{system}__{entity}.sql"
            if not model.is_file():
                yield (
                    f"{model.relative_to(DBT_PROJECT.parent)}: the model is missing, and {system} delivers {entity}."
                    f" Its columns are those of dbt_project/models/intermediate/int_{entity}__unioned.yml."
                )


def _of_sources(deployment: Deployment) -> Iterator[str]:
    """Yield landed tables without a dbt source."""
    for name, system in deployment.systems.items():
        folder = MODELS / "staging" / name
        written = [yaml.safe_load(path.read_text(encoding="utf-8")) or {} for path in folder.glob("*.yml")]
        known = {table["name"] for yml in written for source in yml.get("sources", []) for table in source["tables"]}
        for table, settings in system.tables.items():
            if settings.delivers and f"{name}__{table}" not in known:
                file = folder.relative_to(DBT_PROJECT.parent) / f"_{name}__sources.yml"
                yield f"{file}: the source of the table '{name}__{table}' is missing."


def _of_suites(deployment: Deployment) -> Iterator[str]:
    for table in deployment.tables():
        if table.name not in raw_suites():
            yield f"expectations/raw/{table.system_name}.py: the RawSuite of the table '{table.name}' is missing."


def _of_enable_lines(deployment: Deployment) -> Iterator[str]:
    """Yield lines of ``dbt_project.yml`` that enable a system's models or a deployment's codes for it alone."""
    project = yaml.safe_load((DBT_PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    staging, seeds = project["models"]["cx360"]["staging"], project["seeds"]["cx360"]
    for system in deployment.systems:
        if system not in staging:
            line = f"{system}: {{+enabled: \"{{{{ '{system}' in var('systems') }}}}\"}}"
            yield f"dbt_project/dbt_project.yml: add to models.cx360.staging: {line}"
    own = own_references(deployment)
    if own and deployment.name not in seeds:
        line = f"{deployment.name}: {{+enabled: \"{{{{ var('deployment') == '{deployment.name}' }}}}\"}}"
        yield f"dbt_project/dbt_project.yml: add to seeds.cx360: {line}"
    known = {path.stem for path in (REFERENCE / "defaults").glob("*.csv")}
    for name in own:
        if name not in known:
            yield f"seeds/reference/{deployment.name}/{name}.csv: no model reads it. {_suggest(name, known)}"


def _suggest(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(sorted(known))}."
