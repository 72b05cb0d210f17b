"""Codes have words: every code of a published column has a label and a place in ``dim_codes`` or a dimension."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from orchestration.base.paths import PROJECT
from tests.architecture.project import (
    PUBLISHED_LAYERS,
    Manifest,
    assert_none,
    data_tests_on,
    is_step,
    layer,
    models,
)

CODES = PROJECT / "seeds" / "reference" / "codes.csv"


def accepted(manifest: Manifest) -> Iterator[tuple[str, str, str]]:
    """Yield table, column and code of every ``accepted`` rule of a published table."""
    for model in models(manifest):
        if layer(model) not in PUBLISHED_LAYERS or is_step(model):
            continue
        for test in data_tests_on(manifest, model, "rules"):
            for column, values in test["test_metadata"]["kwargs"].get("accepted", {}).items():
                yield from ((model["name"], column, str(value)) for value in values)


def test_every_code_has_a_label_and_a_sort_order(manifest: Manifest) -> None:
    with CODES.open(encoding="utf-8", newline="") as file:
        known = {(row["column_name"], row["code"]) for row in csv.DictReader(file)}
    found = list(accepted(manifest))
    assert found
    offences = [f"{table}.{column}: {code}" for table, column, code in found if (column, code) not in known]
    assert_none(offences, "Add the code to seeds/reference/codes.csv with its label and sort order:")


def test_every_column_with_codes_is_published(manifest: Manifest) -> None:
    """A column that was renamed or deleted leaves no codes behind."""
    columns = {column for model in models(manifest) if layer(model) in PUBLISHED_LAYERS for column in model["columns"]}
    with CODES.open(encoding="utf-8", newline="") as file:
        named = {row["column_name"] for row in csv.DictReader(file)}
    assert_none(named - columns, "No published table has the column: take its codes out of seeds/reference/codes.csv:")
