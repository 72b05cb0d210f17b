"""What a reader may do with the published tables: sum what is additive, join every dimension, read every type."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.conftest import Company

DIMENSIONS = {
    "segment": "dim_segments.segment",
    "journey_stage": "dim_journey_stages.journey_stage",
    "lifecycle_stage": "dim_lifecycle_stages.lifecycle_stage",
    "touchpoint": "dim_touchpoints.touchpoint",
    "channel": "dim_channels.channel",
    "touchpoint_key": "dim_touchpoints.touchpoint_key",
    "journey_stage_key": "dim_journey_stages.journey_stage_key",
    "channel_key": "dim_channels.channel_key",
    "survey_key": "dim_surveys.survey_key",
    "product_key": "dim_products.product_key",
    "customer_key": "dim_customers.customer_key",
    "customer_id": "dim_current_customers.customer_id",
}
"""The column of a dimension that a column refers to, by its name or by what follows a role (`previous_channel_key`)."""
READABLE_TYPES = ("VARCHAR", "BOOLEAN", "INTEGER", "BIGINT", "DOUBLE", "DATE", "TIMESTAMP")


def columns(night: Company, *schemas: str) -> list[tuple[str, str, str]]:
    """Table with schema, column and type of these published schemas."""
    rows = night.query(
        "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns() where not internal"
    )
    return [(str(table), str(column), str(kind)) for table, column, kind in rows if str(table).split(".")[0] in schemas]


def joins(night: Company) -> Iterator[tuple[str, str, str, str]]:
    """Every column of marts and facts that refers to a dimension, with the dimension and its column."""
    for table, column, _ in columns(night, "star", "marts"):
        role = max((name for name in DIMENSIONS if f"_{column}".endswith(f"_{name}")), key=len, default=None)
        if role and table.startswith(("marts.", "star.fct_")):
            dimension, _, field = DIMENSIONS[role].partition(".")
            yield table, column, dimension, field


def every_join_keeps_the_rows(night: Company) -> None:
    found = list(joins(night))
    assert len({table for table, *_ in found}) > 30
    for table, column, dimension, field in found:
        [(rows, matched)] = night.query(
            f"""
            select
                (select count(*) from {table}),
                (select count(*) from {table} as own join star.{dimension} as other on own.{column} = other.{field})
            """
        )
        assert matched == rows, f"{table}.{column} = {dimension}.{field}"


def every_value_is_one_that_other_tools_read(night: Company) -> None:
    """No sum is a HUGEINT, and no double is NaN or infinite: JDBC drivers, PostgreSQL and pandas read all values."""
    found = columns(night, "star", "marts", "quality")
    unreadable = [row for row in found if row[2] not in READABLE_TYPES and not row[2].startswith("DECIMAL(")]
    assert unreadable == []
    for table, column, kind in found:
        if kind == "DOUBLE":
            [(bad,)] = night.query(f"select count(*) from {table} where isnan({column}) or isinf({column})")
            assert bad == 0, f"{table}.{column}"


@pytest.mark.xdist_group("demo nights")
def test_joining_a_dimension_of_the_demo_loses_and_multiplies_no_row(demo_night: Company) -> None:
    every_join_keeps_the_rows(demo_night)


@pytest.mark.xdist_group("integration/olist")
def test_joining_a_dimension_of_olist_loses_and_multiplies_no_row(olist_night: Company) -> None:
    every_join_keeps_the_rows(olist_night)


@pytest.mark.xdist_group("demo nights")
def test_types_and_values_of_the_demo_can_be_read_everywhere(demo_night: Company) -> None:
    every_value_is_one_that_other_tools_read(demo_night)


@pytest.mark.xdist_group("integration/olist")
def test_types_and_values_of_olist_can_be_read_everywhere(olist_night: Company) -> None:
    every_value_is_one_that_other_tools_read(olist_night)


@pytest.mark.xdist_group("demo nights")
def test_every_number_column_of_marts_and_facts_is_registered(demo_night: Company) -> None:
    registered = demo_night.query(
        "select table_name, column_name from quality.quality_metrics where unit is not null and additivity is not null"
    )
    numbers = [
        (table.partition(".")[2], column)
        for table, column, kind in columns(demo_night, "star", "marts")
        if kind in {"INTEGER", "BIGINT", "DOUBLE"} or kind.startswith("DECIMAL(")
        if table.startswith(("marts.", "star.fct_"))
    ]
    assert sorted(registered) == sorted(numbers)
    assert demo_night.query("select distinct owner from quality.quality_metrics") == [(demo_night.deployment.owner,)]
    currencies = demo_night.query(
        "select distinct unit from quality.quality_metrics where column_name like '%\\_amount' escape '\\'"
    )
    assert currencies == [(demo_night.deployment.currency,)]


def declared_sources(night: Company) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every column whose yml names the sum that it equals."""
    manifest = json.loads((night.home.dbt / "manifest.json").read_text(encoding="utf-8"))
    for node in manifest["nodes"].values():
        for column in node.get("columns", {}).values():
            if source := column["config"].get("meta", {}).get("source"):
                yield node["name"], column["name"], source


@pytest.mark.xdist_group("demo nights")
def test_a_plain_sum_of_an_additive_column_is_the_sum_of_its_source(demo_night: Company) -> None:
    schemas = {
        str(table): schema
        for table, schema in demo_night.query("select table_name, schema_name from duckdb_tables() where not internal")
    }
    additivity = {
        (table, column): kind
        for table, column, kind in demo_night.query(
            "select table_name, column_name, additivity from quality.quality_metrics"
        )
    }
    found = list(declared_sources(demo_night))
    assert len(found) > 20
    for table, column, source in found:
        assert additivity[table, column] == "additive", f"{table}.{column} has a source and is not additive"
        [(total, expected)] = demo_night.query(
            f"""
            select
                (select sum({column}) from {schemas[table]}.{table}),
                (
                    select {source["sum"]} from {schemas[source["table"]]}.{source["table"]}
                    where {source.get("where", "true")}
                )
            """
        )
        assert total == expected, f"{table}.{column} is not {source}"
        assert total, f"{table}.{column} is empty: the comparison shows nothing"


@pytest.mark.xdist_group("demo nights")
@pytest.mark.parametrize(
    ("table", "asked"),
    [
        ("mart_nps_scores", "nps"),
        ("mart_nps_scores_total", "nps"),
        ("mart_nps_by_segment_stage", "nps"),
        ("mart_nps_by_segment_stage_quarterly", "nps"),
        ("mart_csat_scores", "csat"),
        ("mart_csat_scores_total", "csat"),
        ("mart_ces_scores", "ces"),
        ("mart_ces_scores_total", "ces"),
        ("mart_expectation_scores", "vs_expectation"),
        ("mart_expectation_scores_total", "vs_expectation"),
    ],
)
def test_a_plain_sum_of_answers_is_every_valid_answer_once(demo_night: Company, table: str, asked: str) -> None:
    """An answer that a later one of its customer replaces is counted apart."""
    [(summed, answers)] = demo_night.query(
        f"""
        select
            (select sum(answer_count + superseded_count) from marts.{table}),
            (select count(*) from star.fct_survey_answers where metric = '{asked}' and is_valid)
        """
    )
    assert summed == answers
    assert answers
