"""Adding a system takes four places: what a deployment declares is what the other three hold."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import yaml

from orchestration.base.paths import PROJECT
from orchestration.config.deployment import Deployment, deployment_names, load_deployment
from tests.architecture.project import Manifest, assert_none, layer, models, project_files, sql

DBT_PROJECT = PROJECT / "dbt_project"
STAGING = DBT_PROJECT / "models" / "staging"
REFERENCE = PROJECT / "seeds" / "reference"
SUITES = PROJECT / "expectations" / "raw"


def deployments() -> list[Deployment]:
    return [load_deployment(name) for name in deployment_names()]


def systems() -> set[str]:
    return {system for deployment in deployments() for system in deployment.systems}


def stems(paths: list[Path]) -> set[str]:
    return {path.stem for path in paths if not path.stem.startswith("_")}


def differences(where: str, declared: set[str], found: set[str]) -> list[str]:
    return [f"{where}: {name} is missing" for name in declared - found] + [
        f"{where}: {name} is declared nowhere" for name in found - declared
    ]


def test_every_system_has_its_staging_folder_its_suite_and_its_enable_line() -> None:
    project = yaml.safe_load((DBT_PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    enabled = {name for name in project["models"]["cx360"]["staging"] if not name.startswith("+")}
    folders = {path.name for path in STAGING.iterdir() if path.is_dir()}
    assert_none(
        [
            *differences("dbt_project.yml", systems(), enabled),
            *differences("models/staging", systems(), folders),
            *differences("expectations/raw", systems(), stems(list(SUITES.glob("*.py")))),
        ],
        "Bring deployments/*.yml and the place named below in line:",
    )


def test_a_staging_folder_delivers_what_the_deployments_say() -> None:
    offences = []
    for system in systems():
        declared = {
            f"stg_{system}__{entity}"
            for deployment in deployments()
            for entity, delivering in deployment.entities().items()
            if system in delivering
        }
        offences += differences(f"staging/{system}", declared, stems(list((STAGING / system).glob("*.sql"))))
    assert_none(offences, "One staging model per entity that a table `delivers`, and none besides:")


def test_dbt_knows_exactly_the_tables_that_land(manifests: dict[str, Manifest]) -> None:
    offences = []
    for deployment in deployments():
        sources = {
            (source["source_name"], source["name"]): source for source in manifests[deployment.name]["sources"].values()
        }
        tables = {(table.system_name, table.name): table for table in deployment.tables()}
        found = {f"{system}.{name}" for system, name in sources if system in deployment.systems}
        offences += differences(deployment.name, {f"{system}.{name}" for system, name in tables}, found)
        for key, table in tables.items():
            if key not in sources:
                continue
            meta = sources[key]["meta"] | sources[key]["config"].get("meta", {})
            location = str(meta.get("external_location")).replace("{identifier}", sources[key]["identifier"])
            if f"/landing/{table.system_name}/{table.table_name}/load_date=" not in location:
                offences.append(f"{deployment.name}: {table.name} is read from {location}")
            if sources[key]["schema"] != "landing":
                offences.append(f"{deployment.name}: the schema of {table.name} is not landing")
    assert_none(offences, "Bring models/staging/<system>/_<system>__sources.yml and deployments/<name>.yml in line:")


def test_every_entity_has_its_door(manifests: dict[str, Manifest]) -> None:
    offences = []
    for deployment in deployments():
        doors = {model["name"] for model in models(manifests[deployment.name])}
        offences += [
            f"{deployment.name}: {entity}" for entity in deployment.entities() if f"int_{entity}__unioned" not in doors
        ]
    assert_none(offences, "Add the door int_<entity>__unioned with its contract, or correct `delivers`:")


def test_every_default_code_map_gives_way_to_a_deployments_own() -> None:
    project = yaml.safe_load((PROJECT / "dbt_project" / "dbt_project.yml").read_text(encoding="utf-8"))
    lines = project["seeds"]["cx360"]["defaults"]
    defaults = stems(list((REFERENCE / "defaults").glob("*.csv")))
    offences = differences("dbt_project.yml, seeds.cx360.defaults", defaults, set(lines))
    offences += [
        f"dbt_project.yml, seeds.cx360.defaults: {name} does not give way"
        for name, line in lines.items()
        if line["+enabled"] != f"{{{{ '{name}' not in var('own_references') }}}}"
    ]
    for name in deployment_names():
        own = stems(list((REFERENCE / name).glob("*.csv")))
        offences += [f"seeds/reference/{name}: {extra} has no default" for extra in own - defaults]
    assert defaults
    assert_none(offences, "A code map has a default, with its header at least, and one enable line:")


def test_a_deployment_keeps_the_reference_of_the_one_it_extends() -> None:
    """Its own systems' codes come on top: whatever the other's systems deliver still has its meaning."""
    offences = []
    for deployment in deployments():
        if deployment.extends:
            for path in (REFERENCE / deployment.extends).glob("*.csv"):
                own = path.parent.with_name(deployment.name) / path.name
                lost = set(rows_of(path)) - set(rows_of(own))
                offences += [f"{own.relative_to(PROJECT)}: {','.join(row)}" for row in lost]
    assert_none(offences, "Add the row of the deployment that is extended:")


def rows_of(path: Path) -> list[tuple[str, ...]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return [tuple(row) for row in csv.reader(stream)]


def test_nothing_downstream_of_staging_names_a_system(manifests: dict[str, Manifest]) -> None:
    """So that a system, the second of its role too, is added without an edit there."""
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
