"""Adding a system takes one folder: nothing outside ``deployments/`` and ``systems/`` names one."""

from __future__ import annotations

import re

import yaml

from orchestration.base.paths import PROJECT
from orchestration.config.deployment import Deployment, Table, load_deployment
from orchestration.config.deployment_file import deployment_names
from orchestration.config.ready_systems import FILE, SYSTEMS, ready_system_names
from orchestration.config.reference import reference_names
from orchestration.warehouse.completeness import missing_entries
from tests.architecture.project import Manifest, assert_none, layer, models, project_files, sql

DBT_PROJECT = PROJECT / "dbt_project"
PRODUCT = ("orchestration", "expectations", "dbt_project", "seeds")
IN_A_DEPLOYMENT = {"deployment.yml", "rules.yml", "brief.yml", "README.md"}
IN_A_SYSTEM = {"system.yml", "rules.yml", "README.md"}


def deployments() -> list[Deployment]:
    return [load_deployment(name) for name in deployment_names()]


def systems() -> set[str]:
    return {system for deployment in deployments() for system in deployment.systems}


def of_every_ready_system() -> Deployment:
    """A company with every ready system."""
    place = {"files": {"format": "csv", "history": "{table}.csv"}}
    demo = load_deployment("demo").model_dump(exclude={"systems", "folders"})
    from orchestration.config.ready_systems import completed

    used = {name: completed({"use": name, **place}, "deployment.yml", name) for name in ready_system_names()}
    return Deployment.model_validate({**demo, "systems": used})


def test_a_deployment_and_a_ready_system_have_the_files_that_the_project_reads() -> None:
    references = {f"{name}.csv" for name in reference_names()}
    offences = []
    for path in project_files():
        place = path.relative_to(PROJECT)
        match place.parts:
            case ("deployments", _, name) if name in IN_A_DEPLOYMENT:
                pass
            case ("deployments", _, "reference", name) if name.endswith(".csv"):
                pass
            case ("deployments", _, "staging", _, name) if name.endswith((".sql", ".yml")):
                pass
            case ("systems", _, name) if name in IN_A_SYSTEM | references:
                pass
            case ("systems", _, "staging", name) if name.endswith(".sql"):
                pass
            case ("deployments" | "systems", *_):
                offences.append(place.as_posix())
    assert_none(offences, "Nothing reads the file: move it, or remove it:")


def test_every_deployment_and_every_ready_system_is_complete() -> None:
    offences = [
        entry for deployment in [*deployments(), of_every_ready_system()] for entry in missing_entries(deployment)
    ]
    assert_none(offences, "Complete the folder:")


def test_every_ready_system_has_a_page_that_says_what_is_taken() -> None:
    offences = []
    for name in ready_system_names():
        page = SYSTEMS / name / "README.md"
        text = page.read_text(encoding="utf-8") if page.is_file() else ""
        tables = yaml.safe_load((SYSTEMS / name / FILE).read_text(encoding="utf-8"))["tables"]
        offences += [
            f"systems/{name}/README.md does not name the table {table}" for table in tables if table not in text
        ]
        if f"use: {name}" not in text:
            offences.append(f"systems/{name}/README.md does not show how it is used")
    assert_none(offences, "Say in the page what is taken from each table, and what is not:")


def test_no_file_of_the_product_names_a_system() -> None:
    """So that a system, the second of its role too, is added without an edit there."""
    # plain is a word of its own
    names = "|".join(name for name in ready_system_names() if name != "plain") or "(?!)"
    named = re.compile(rf"\b(?:{names})\b", re.IGNORECASE)
    offences = []
    for path in project_files():
        place = path.relative_to(PROJECT)
        if place.parts[0] in PRODUCT and path.suffix in {".py", ".sql", ".yml", ".csv"}:
            found = named.search(path.read_text(encoding="utf-8"))
            offences += [f"{place.as_posix()}: {found[0]}"] if found else []
    assert_none(offences, "What is of one system belongs to systems/<name>/:")


def test_dbt_knows_exactly_the_tables_that_land(manifests: dict[str, Manifest]) -> None:
    offences = []
    for deployment in deployments():
        found = {
            source["name"]: source["config"]["meta"]["external_location"].replace("{identifier}", source["identifier"])
            for source in manifests[deployment.name]["sources"].values()
            if source["source_name"] in deployment.systems
        }
        tables: dict[str, Table] = {table.name: table for table in deployment.tables()}
        offences += [f"{deployment.name}: {name}" for name in found.keys() ^ tables.keys()]
        offences += [
            f"{deployment.name}: {name} is read from {location}"
            for name, location in found.items()
            if f"/landing/{tables[name].system_name}/{tables[name].table_name}/load_date=" not in location
        ]
    assert_none(offences, "The sources that are written into the home must be the tables of the deployment:")


def test_every_entity_has_its_door(manifests: dict[str, Manifest]) -> None:
    offences = []
    for deployment in deployments():
        doors = {model["name"] for model in models(manifests[deployment.name])}
        offences += [
            f"{deployment.name}: {entity}" for entity in deployment.entities() if f"int_{entity}__unioned" not in doors
        ]
    assert_none(offences, "Add the door int_<entity>__unioned with its contract, or correct `delivers`:")


def test_nothing_downstream_of_staging_names_a_system(manifests: dict[str, Manifest]) -> None:
    known = {
        model["original_file_path"]: sql(model)
        for manifest in manifests.values()
        for model in models(manifest)
        if layer(model) != "staging"
    }
    shared = [DBT_PROJECT / "macros", DBT_PROJECT / "data_tests"]
    for path in project_files():
        if path.suffix == ".sql" and any(folder in path.parents for folder in shared):
            known[path.relative_to(DBT_PROJECT).as_posix()] = sql({"raw_code": path.read_text(encoding="utf-8")})
    names = "|".join(systems())
    named = re.compile(rf"'(?:{names})[':]|\"(?:{names})\"|\b(?:stg_)?(?:{names})__\w+")
    offences = [f"{place}: {found[0]}" for place, code in known.items() for found in named.finditer(code)]
    assert len(known) > 100
    assert_none(offences, "Join by the column `system`, or let the deployment's map of entities say which there are:")
