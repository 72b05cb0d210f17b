"""What a model may read, and what its SQL may say: the boundaries of docs/architecture.md that concern dbt."""

from __future__ import annotations

import re

import pytest

from orchestration.base.paths import PROJECT
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
    sql,
)

MAY_READ = {
    # a survey tool does not say what its questions measure: the deployment does
    "staging": {"landing", "reference"},
    "intermediate": {"staging", "intermediate", "reference", "landing.profiles", "quarantine"},
    "star": {"intermediate", "identity", "star", "reference"},
    "science": {"star", "science"},
    "marts": {"star", "science", "marts", "reference"},
    "quality": {
        "landing",
        "landing.profiles",
        "staging",
        "intermediate",
        "identity",
        "star",
        "science",
        "marts",
        "quality",
        "reference",
        "quarantine",
    },
}

# A deletion is found by the columns that the deployment declares for a landed table (`key`, `whole_per`).
READS_KEYS = {"int_records__deleted": {"landing"}}

# Anything that gives another answer at another time, or on another run.
CLOCKS = re.compile(
    r"\bcurrent_(?:date|time|timestamp)\b|\b(?:now|today|getdate|random|uuid|gen_random_uuid|nextval|setseed)\s*\("
    r"|\brun_started_at\b|\binvocation_id\b|\bmodules\.datetime\b"
)

# Words that only DuckDB understands, or that other engines understand differently.
ENGINE_WORDS = re.compile(
    r"::|->>?|\bqualify\b|\basof\b|\bpivot\b|\bunpivot\b|\bexclude\s*\(|\breplace\s*\(\s*select\b|\bgroup by all\b"
    r"|\bsemi join\b|\banti join\b|\bstruct_pack\b|\bread_\w+\s*\(|\bunnest\s*\(|\bgenerate_series\s*\(|\brange\s*\("
    r"|\b(?:list|struct|array|json|map|regexp|epoch|quantile|str)_?\w*\s*\(|\btry_cast\s*\(|\bstrptime\s*\("
    r"|\bstrftime\s*\(|\bdate_diff\s*\(|\bdatediff\s*\(|\bdate_add\s*\(|\barg_(?:max|min)\s*\(|\bat time zone\b"
)

HASHES = re.compile(
    r"\b(?:md5|md5_number|sha1|sha256|hash)\s*\(|\brow_number\s*\(\s*\)\s*over\s*\([^()]*\)\s*as\s+\w+_key\b"
)

# A date is its own key, and a fact without a date has none; current customers take the member of dim_customers;
# `unknown` is a code of the columns that may hold it.
WITHOUT_UNKNOWN_MEMBER = {"dim_dates", "dim_current_customers", "dim_codes"}

PERSONAL = re.compile(
    r"(?:^|_)(?:first_name|last_name|full_name|given_name|family_name|customer_name|person_name|e_?mail|phone|mobile"
    r"|address|street|zip|postal|postcode|birth\w*|comment_text|verbatim|message_text|row_text|link_value)(?:_|$)"
)


@pytest.fixture(scope="module")
def known(manifests: dict[str, Manifest]) -> dict[str, Node]:
    """Every model of every deployment, by its id."""
    return {model["unique_id"]: model for manifest in manifests.values() for model in models(manifest)}


def what_is_read(parent: Node) -> str:
    if parent["resource_type"] == "source" and parent["source_name"] == "landing":
        return f"landing.{parent['name']}"
    return layer(parent)


def test_a_model_reads_only_from_the_layers_before_it(manifests: dict[str, Manifest]) -> None:
    offences = []
    for manifest in manifests.values():
        nodes = manifest["nodes"] | manifest["sources"]
        for model in models(manifest):
            read = {what_is_read(nodes[parent]) for parent in model["depends_on"]["nodes"]}
            allowed = MAY_READ[layer(model)] | READS_KEYS.get(model["name"], set())
            offences += [f"{model['name']} ({layer(model)}) reads {name}" for name in read - allowed]
    assert_none(offences, "Read what the layer before makes of it, or move the model to the layer where it belongs:")


def test_the_schema_of_a_model_is_its_layer_folder(known: dict[str, Node]) -> None:
    offences = [
        f"{model['original_file_path']} is built in {layer(model)}"
        for model in known.values()
        if model["original_file_path"].split("/")[1] != layer(model)
    ]
    assert_none(offences, "Let the folder decide the schema: take the model's own schema away:")


def test_only_the_published_layers_stand_in_the_file_that_is_published(known: dict[str, Node]) -> None:
    offences = [
        f"{model['name']} ({layer(model)}) is built in {model['database']}"
        for model in known.values()
        if (model["database"] == "cx360") != (layer(model) in PUBLISHED_LAYERS and not is_step(model))
    ]
    assert_none(offences, "Star, marts and quality are built in cx360, a mart's steps and everything else in work:")


def test_no_model_and_no_macro_asks_the_clock_or_draws_lots(known: dict[str, Node]) -> None:
    macros = [path for path in project_files() if path.suffix == ".sql" and "models" not in path.parts]
    offences = [
        *(f"{model['name']}: {found[0]}" for model in known.values() for found in CLOCKS.finditer(sql(model))),
        *(
            f"{path.relative_to(PROJECT)}: {found[0]}"
            for path in macros
            for found in CLOCKS.finditer(path.read_text(encoding="utf-8").lower())
        ),
    ]
    assert_none(
        offences, "'Now' is dim_dates.is_as_of (int_as_of before the star), and keys are hashes of natural keys:"
    )


def test_a_word_that_only_one_engine_understands_stands_in_a_macro(known: dict[str, Node]) -> None:
    offences = [
        f"{model['name']}: {found[0]}"
        for model in known.values()
        for found in ENGINE_WORDS.finditer(re.sub(r"\{\{.*?\}\}", "''", sql(model), flags=re.DOTALL))
    ]
    assert_none(offences, "Say it in plain SQL, or give it a name in dbt_project/macros:")


def test_a_model_orchestrates_nothing(known: dict[str, Node]) -> None:
    calls = re.compile(r"\brun_query\b|\bstatement\b|\bcall\b|\badapter\.|\bload_result\b|\bload_relation\b")
    offences = [
        *(f"{model['name']}: {found[0]}" for model in known.values() for found in calls.finditer(sql(model))),
        *(
            f"{model['name']}: {when}"
            for model in known.values()
            for when in ("pre-hook", "post-hook")
            if model["config"][when]
        ),
    ]
    assert_none(offences, "A model is one select; order and side effects belong to orchestration/:")


def test_what_a_model_is_stands_in_its_yml(known: dict[str, Node]) -> None:
    offences = [model["name"] for model in known.values() if re.search(r"\{\{-?\s*config\s*\(", sql(model))]
    assert_none(offences, "Move config(...) from the SQL to the yml beside it:")


def test_keys_are_made_by_one_macro(known: dict[str, Node]) -> None:
    offences = [f"{model['name']}: {found[0]}" for model in known.values() for found in HASHES.finditer(sql(model))]
    assert_none(offences, "Make keys with surrogate_key() and unknown_key():")


def test_every_dimension_has_its_unknown_member(manifest: Manifest) -> None:
    dimensions = [model for model in models(manifest) if model["name"].startswith("dim_")]
    offences = [
        model["name"]
        for model in dimensions
        if model["name"] not in WITHOUT_UNKNOWN_MEMBER
        and "macro.cx360.unknown_key" not in model["depends_on"]["macros"]
    ]
    assert dimensions
    assert_none(offences, "Add the one row whose key is unknown_key():")


def test_a_key_in_a_fact_is_never_null(manifest: Manifest) -> None:
    facts = [model for model in models(manifest) if model["name"].startswith("fct_")]
    offences = []
    for fact in facts:
        for name, column in fact["columns"].items():
            constraints = {constraint["type"] for constraint in column["constraints"]}
            if name.endswith("_key") and "not_null" not in constraints:
                offences.append(f"{fact['name']}.{name}")
    assert facts
    assert_none(
        offences, "Give the column a not_null constraint, and point it to the unknown member where nothing is known:"
    )


def test_no_personal_data_is_published(known: dict[str, Node]) -> None:
    offences = [
        f"{model['name']}.{name}"
        for model in known.values()
        if layer(model) in PUBLISHED_LAYERS
        for name in model["columns"]
        if PERSONAL.search(name)
    ]
    assert_none(offences, "Personal data stays in work.duckdb: publish a key, a band or a figure instead:")


def test_a_door_is_one_call_of_its_macro(manifest: Manifest) -> None:
    offences = []
    for model in models(manifest):
        entity = model["name"].removeprefix("int_").removesuffix("__unioned")
        call = rf"\{{\{{ unioned\('{entity}'(, \w+=\w+)*\) \}}\}}"
        if is_door(model) and not re.fullmatch(call, model["raw_code"].strip()):
            offences.append(model["name"])
    assert_none(offences, "A door is {{ unioned('<entity>') }} and nothing else; rules belong to the models behind it:")
