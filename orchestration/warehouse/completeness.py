"""What a deployment still lacks in the other places that make up a system: staging, suite, enable line, reference data.

Add here a place that a new system has to fill; keep out what stands in the deployment's own file (``deployment.py``)
and what a model or a suite says (dbt and the gates judge that).
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


def check_wiring(deployment: Deployment) -> None:
    """Refuse a deployment that no run could carry through, and say at once what is missing and where.

    Raises:
        PipelineError: names every place that is missing.
    """
    missing = missing_places(deployment)
    if missing:
        told = "\n".join(f"  {place}" for place in missing)
        raise PipelineError(
            f"Deployment '{deployment.name}' is not complete:\n{told}\ndocs/your-own-data.md shows every place."
        )


def missing_places(deployment: Deployment) -> list[str]:
    """What is missing, a line for each place: what it is, where it belongs, and the line to write where it is one."""
    return [
        *_of_entities(deployment),
        *_of_sources(deployment),
        *_of_suites(deployment),
        *_of_enable_lines(deployment),
    ]


def _of_entities(deployment: Deployment) -> Iterator[str]:
    """Entities that have no door, and doors that a system delivers nothing to."""
    doors = {path.stem.removeprefix("int_").removesuffix("__unioned") for path in MODELS.rglob("int_*__unioned.sql")}
    for entity, systems in deployment.entities().items():
        if entity not in doors:
            yield (
                f"deployments/{deployment.name}.yml: '{entity}', which {', '.join(systems)} delivers, is no entity."
                f" {_guess(entity, doors)}"
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
    """Landed tables that dbt does not know."""
    for name, system in deployment.systems.items():
        folder = MODELS / "staging" / name
        written = [yaml.safe_load(path.read_text(encoding="utf-8")) or {} for path in folder.glob("*.yml")]
        known = {table["name"] for yml in written for source in yml.get("sources", []) for table in source["tables"]}
        for table, settings in system.tables.items():
            if settings.delivers and f"{name}__{table}" not in known:
                place = folder.relative_to(DBT_PROJECT.parent) / f"_{name}__sources.yml"
                yield f"{place}: there is no source for the table '{name}__{table}'."


def _of_suites(deployment: Deployment) -> Iterator[str]:
    for table in deployment.tables():
        if table.name not in raw_suites():
            yield f"expectations/raw/{table.system_name}.py: there is no RawSuite for the table '{table.name}'."


def _of_enable_lines(deployment: Deployment) -> Iterator[str]:
    """Lines of ``dbt_project.yml`` without which models or codes of one deployment are those of every other."""
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
            yield f"seeds/reference/{deployment.name}/{name}.csv: nothing reads it. {_guess(name, known)}"


def _guess(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(sorted(known))}."
