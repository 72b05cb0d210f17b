"""What every model says of itself: one yml beside it, its grain, its columns, its contract, its tests."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest
import yaml

from orchestration.assets.transform import PARTS, transform
from orchestration.base.paths import PROJECT
from orchestration.publication.restatements import NO_PERIOD
from tests.architecture.project import (
    PUBLISHED_LAYERS,
    Manifest,
    Node,
    assert_none,
    is_door,
    is_step,
    layer,
    models,
    project_files,
    references,
    sql,
    unique_keys,
)

MODELS = PROJECT / "dbt_project" / "models"

# exposures that hold every published table
COPIES = {"published_file", "postgres_publication"}

TYPE_OF_NAME = {
    r"(?:is|has)_.*": r"boolean",
    r".*_at|valid_from|valid_to": r"timestamp",
    r".*_date|date_day": r"date",
    r".*_count": r"(?:big|small)?int(?:eger)?",
    r".*_amount": r"decimal\(\d+, ?\d+\)",
    r".*_rate": r"double|decimal\(\d+, ?\d+\)",
    r".*_key": r"varchar",
}
NAME_OF_TYPE = {
    r"boolean": r"(?:is|has)_.*",
    r"timestamp": r".*_at|valid_from|valid_to",
    r"date": r".*_date|date_day",
}


@pytest.fixture(scope="module")
def everything(manifests: dict[str, Manifest]) -> list[tuple[Manifest, Node]]:
    """Every model of every deployment with its manifest, the shared ones once."""
    found = {model["unique_id"]: (manifest, model) for manifest in manifests.values() for model in models(manifest)}
    return list(found.values())


def ymls() -> list[Path]:
    return [path for path in project_files() if path.suffix == ".yml" and MODELS in path.parents]


def test_every_model_has_its_own_yml_beside_it() -> None:
    written = {path for path in project_files() if path.suffix == ".sql" and MODELS in path.parents}
    offences = []
    for path in written:
        yml = path.with_suffix(".yml")
        named = [entry["name"] for entry in yaml.safe_load(yml.read_text("utf-8"))["models"]] if yml.is_file() else []
        if named != [path.stem]:
            offences.append(f"{yml.relative_to(PROJECT)} describes {named or 'nothing'}")
    about_models = {
        path
        for path in ymls()
        if not path.stem.startswith("_") and path.stem != "exposures" and path.parent != MODELS / "semantic"
    }
    offences += [
        f"{path.relative_to(PROJECT)} has no model" for path in about_models if path.with_suffix(".sql") not in written
    ]
    assert written
    assert_none(offences, "One yml per model, same folder, same stem, that describes this model alone:")


def test_a_description_begins_with_the_grain(everything: list[tuple[Manifest, Node]]) -> None:
    offences = [model["name"] for _, model in everything if not model["description"].startswith("One row per ")]
    assert_none(offences, "Begin the description with 'One row per ...':")


def test_no_two_models_of_a_layer_share_a_description(everything: list[tuple[Manifest, Node]]) -> None:
    same = defaultdict(list)
    for _, model in everything:
        same[layer(model), " ".join(model["description"].lower().split())].append(model["name"])
    offences = [" and ".join(names) for names in same.values() if len(names) > 1]
    assert_none(offences, "Say what tells them apart:")


def test_every_model_has_a_key_that_is_tested(everything: list[tuple[Manifest, Node]]) -> None:
    """A staging model delivers versions of records: the key of the door that reads it is tested."""
    offences = [
        model["name"]
        for manifest, model in everything
        if layer(model) != "staging" and not unique_keys(manifest, model)
    ]
    assert_none(offences, "Test the grain: add `keys` with the columns that identify a row (`unique`):")


def test_a_staging_model_is_read_by_its_door(everything: list[tuple[Manifest, Node]]) -> None:
    offences = []
    for manifest, model in everything:
        door = f"model.cx360.int_{model['name'].partition('__')[2]}__unioned"
        if layer(model) == "staging" and door not in manifest["child_map"][model["unique_id"]]:
            offences.append(model["name"])
    assert_none(offences, "Let the deployment deliver the entity, so that the door's key test finds multiplied rows:")


def test_what_others_rely_on_has_a_contract_and_every_column_described(
    everything: list[tuple[Manifest, Node]],
) -> None:
    offences = []
    for _, model in everything:
        if layer(model) not in PUBLISHED_LAYERS and not is_door(model):
            continue
        if not model["config"]["contract"]["enforced"]:
            offences.append(f"{model['name']} has no contract")
        if not model["columns"]:
            offences.append(f"{model['name']} lists no columns")
    assert_none(offences, "Doors, star, marts and quality promise their columns (config.contract.enforced):")


def test_a_column_that_is_listed_is_described(everything: list[tuple[Manifest, Node]]) -> None:
    offences = [
        f"{model['name']}.{name}"
        for _, model in everything
        for name, column in model["columns"].items()
        if not column["description"].strip()
    ]
    assert_none(offences, "Say what the column holds, and when it is null:")


def test_the_name_of_a_column_tells_its_type(everything: list[tuple[Manifest, Node]]) -> None:
    offences = []
    for _, model in everything:
        for name, column in model["columns"].items():
            kind = (column["data_type"] or "").lower()
            if not kind or name.startswith("_"):
                continue
            rules = [(name, kind, TYPE_OF_NAME), (kind, name, NAME_OF_TYPE)]
            for given, other, expected in rules:
                patterns = [pattern for known, pattern in expected.items() if re.fullmatch(known, given)]
                if patterns and not any(re.fullmatch(pattern, other) for pattern in patterns):
                    offences.append(f"{model['name']}.{name} is {kind}")
    assert_none(offences, "Rename the column or cast it (docs/naming.md: _at is a timestamp, is_ a boolean, ...):")


def test_a_key_that_points_elsewhere_is_tested_to_arrive(manifest: Manifest) -> None:
    offences = []
    for model in models(manifest):
        if not model["name"].startswith("fct_"):
            continue
        own = {name for columns in unique_keys(manifest, model) if len(columns) == 1 for name in columns}
        tested = own | references(manifest, model)
        offences += [
            f"{model['name']}.{name}" for name in model["columns"] if name.endswith("_key") and name not in tested
        ]
    assert_none(offences, "Add a reference to the dimension or fact that the key points to (`keys`, `references`):")


def test_the_last_step_lists_its_columns(everything: list[tuple[Manifest, Node]]) -> None:
    offences = []
    for _, model in everything:
        if is_door(model):
            continue
        *_, last = re.split(r"\bfinal as \(", sql(model))
        ends_well = re.search(r"\)\s*select \* from final\s*$", last)
        if not ends_well or re.search(r"(?:select|,)\s+(?:\w+\.)?\*", last[: ends_well.start()]):
            offences.append(model["name"])
    assert_none(offences, "End with a CTE 'final' that lists every column, and 'select * from final':")


def test_a_model_reads_at_most_seven_models_seeds_and_sources(everything: list[tuple[Manifest, Node]]) -> None:
    offences = [
        f"{model['name']} reads {count}"
        for _, model in everything
        if (count := len(set(re.findall(r"\b(?:ref|source)\(('[^)]+')\)", sql(model))))) > 7
    ]
    assert_none(offences, "Give a part of the thought a model of its own:")


def answers(manifest: Manifest) -> list[Node]:
    return [model for model in models(manifest) if layer(model) == "marts" and not is_step(model)]


def read_by(manifest: Manifest, exposure: Node) -> set[str]:
    return {parent for parent in exposure["depends_on"]["nodes"] if parent in manifest["nodes"]}


def test_every_mart_has_someone_who_reads_it(manifest: Manifest) -> None:
    """The published file and its copy in PostgreSQL hold every mart, so they read none of them."""
    exposures = [exposure for exposure in manifest["exposures"].values() if exposure["name"] not in COPIES]
    read = {parent for exposure in exposures for parent in read_by(manifest, exposure)}
    offences = [mart["name"] for mart in answers(manifest) if mart["unique_id"] not in read]
    assert answers(manifest)
    assert_none(offences, "Name its reader in models/exposures.yml, or delete the mart:")


def test_a_copy_of_the_publication_holds_every_mart(manifest: Manifest) -> None:
    copies = [exposure for exposure in manifest["exposures"].values() if exposure["name"] in COPIES]
    offences = [
        f"{copy['name']}: {mart['name']}"
        for copy in copies
        for mart in answers(manifest)
        if mart["unique_id"] not in read_by(manifest, copy)
    ]
    assert len(copies) == len(COPIES)
    assert_none(offences, "Add the mart to the exposure in models/exposures.yml:")


def test_the_key_of_dimensions_and_marts_is_never_null(manifest: Manifest) -> None:
    """PostgreSQL makes it the primary key; docs/decisions/published-keys.md says why DuckDB's file has none."""
    offences = []
    for model in [*answers(manifest), *(model for model in models(manifest) if model["name"].startswith("dim_"))]:
        required = {
            name
            for name, column in model["columns"].items()
            if any(rule["type"] == "not_null" for rule in column["constraints"])
        }
        [key, *_] = unique_keys(manifest, model)
        offences += [f"{model['name']}.{column}" for column in key if column not in required]
    assert_none(offences, "Give each column of the first `unique` a not_null constraint:")


META = {"metric", "formula", "unit", "additivity", "window", "exclusions", "source"}


def test_the_registry_knows_what_a_column_says_of_its_figure(manifest: Manifest) -> None:
    """A misspelt key would be ignored; macros/metrics.sql explains them."""
    offences = [
        f"{model['name']}.{name}: {key}"
        for model in models(manifest)
        for name, column in model["columns"].items()
        for key in column["config"].get("meta", {})
        if key not in META
    ]
    assert_none(offences, f"Meta of a column is one of {', '.join(sorted(META))}:")


def test_every_mart_says_when_its_periods_end(manifest: Manifest) -> None:
    """Restatements are found by it: ``none`` where a row says how things stand at the as-of date."""
    offences = []
    for mart in answers(manifest):
        period_end = mart["config"]["meta"].get("period_end")
        named = [name for name in mart["columns"] if re.search(rf"\b{name}\b", period_end or "")]
        if period_end is None or (period_end != NO_PERIOD and not named):
            offences.append(f"{mart['name']}: {period_end}")
        elif period_end == NO_PERIOD and "is_complete" in mart["columns"]:
            offences.append(f"{mart['name']} has complete and incomplete periods")
    assert_none(
        offences, "Say in config.meta.period_end the last day of a row's period, in SQL over its columns, or 'none':"
    )


def test_every_mart_is_explained_in_the_metrics_page(manifest: Manifest) -> None:
    page = (PROJECT / "docs" / "metrics.md").read_text(encoding="utf-8")
    offences = [mart["name"] for mart in answers(manifest) if not re.search(rf"\b{mart['name']}\b", page)]
    assert_none(offences, "Explain its figures in docs/metrics.md:")


def test_every_data_test_is_a_check_of_the_part_that_runs_it(manifests: dict[str, Manifest]) -> None:
    """Except for tests of the reference data that all companies share, which no night runs."""
    offences = []
    for deployment, manifest in manifests.items():
        parts = [transform(part, manifest, "team:data") for part in PARTS]
        checks = {check.metadata["dagster_dbt/unique_id"] for part in parts for check in part.check_specs}
        offences += [
            f"{node['name']} of {deployment}"
            for node in manifest["nodes"].values()
            if node["resource_type"] == "test" and (node["unique_id"] in checks) == is_of_shared_reference(node)
        ]
    assert_none(offences, "Name a model that it reads (meta.dagster.ref), or UI and quality_checks do not show it:")


def is_of_shared_reference(test: Node) -> bool:
    return "shared" in test["tags"]


def test_a_check_lists_the_rules_of_its_test(manifest: Manifest) -> None:
    checks = {check.name: check for check in transform("star", manifest, "team:data").check_specs}
    assert set((checks["fct_orders_rules"].description or "").split("\n")) == {
        "- status_group is one of placed, fulfilled, canceled, unknown",
        "- margin_amount = net_amount - cost_amount",
        "- is_counted or not is_first_order",
        "- not (is_counted and is_return)",
    }
    assert "- ordered_date refers to dim_dates.date_day" in (checks["fct_orders_keys"].description or "").split("\n")


def test_a_singular_test_is_a_sentence() -> None:
    folder = PROJECT / "dbt_project" / "data_tests"
    offences = [path.name for path in folder.glob("*.sql") if not path.stem.startswith("assert_")]
    assert_none(offences, "Name it assert_<what holds>:")
