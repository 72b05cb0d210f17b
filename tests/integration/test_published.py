"""The published file has comments and constraints, the right figures and no personal data."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from collections.abc import Iterator

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.warehouse.dbt import run_dbt
from tests.integration.conftest import Company

pytestmark = pytest.mark.xdist_group("demo nights")


def names_and_addresses(night: Company) -> set[str]:
    """E-mail addresses, phone numbers, family names and streets in the extracts of the demo."""
    customers = pd.concat(pd.read_csv(file, dtype=str) for file in night.extracts.rglob("crm/customers.csv"))
    columns = customers[["email", "phone", "last_name", "street"]]
    return {value.strip().lower() for column in columns for value in columns[column].dropna()}


def published_texts(night: Company) -> Iterator[tuple[str, str]]:
    """Every published text value with its schema, table and column, except the owner that the deployment names."""
    with duckdb.connect(night.published, read_only=True) as connection:
        columns = connection.execute(
            """
            select schema_name, table_name, column_name from duckdb_columns()
            where data_type = 'VARCHAR' and not internal and column_name <> 'owner'
            """
        ).fetchall()
        for schema, table, column in columns:
            values = connection.execute(f'select distinct "{column}" from {schema}.{table}').fetchall()
            for (value,) in values:
                if value is not None:
                    yield f"{schema}.{table}.{column}", value


def test_no_personal_data_is_published(demo_night: Company) -> None:
    personal = names_and_addresses(demo_night)
    assert len(personal) > 500
    found = {where for where, value in published_texts(demo_night) if value.strip().lower() in personal or "@" in value}
    assert found == set()


def test_every_published_table_and_column_has_a_description(demo_night: Company) -> None:
    undescribed = demo_night.query(
        """
        select schema_name || '.' || table_name || '.' || column_name from duckdb_columns()
        where not internal and comment is null
        union all
        select schema_name || '.' || table_name from duckdb_tables()
        where not internal and comment is null
        """
    )
    assert undescribed == []


def test_the_published_file_has_no_index(demo_night: Company) -> None:
    """DuckDB before 1.1 does not open a file with an index that DuckDB 1.5 wrote, and a key is an index."""
    assert demo_night.query("select index_name from duckdb_indexes()") == []
    keys = (
        "select table_name from duckdb_constraints() where constraint_type in ('PRIMARY KEY', 'UNIQUE', 'FOREIGN KEY')"
    )
    assert demo_night.query(keys) == []


def test_the_published_file_has_the_not_null_constraints_of_the_star(demo_night: Company) -> None:
    [(count,)] = demo_night.query(
        "select count(*) from duckdb_constraints() where constraint_type = 'NOT NULL' and schema_name = 'star'"
    )
    assert isinstance(count, int)
    assert count > 50


def test_star_and_marts_are_published_as_parquet_with_the_same_rows(demo_night: Company) -> None:
    folder = demo_night.published.parent / "parquet"
    with duckdb.connect(demo_night.published, read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where schema_name in ('star', 'marts')"
        ).fetchall()
        for schema, table in tables:
            different = connection.execute(
                f"select * from {schema}.{table} except all select * from read_parquet('{folder / table}.parquet')"
            ).fetchall()
            assert different == [], table
    assert {f"{table}.parquet" for _, table in tables} == {path.name for path in folder.iterdir()}


def test_a_parquet_file_has_the_comments_and_types_of_its_table(demo_night: Company) -> None:
    folder = demo_night.published.parent / "parquet"
    for file in folder.iterdir():
        schema = pq.read_schema(file)
        comments = demo_night.query(
            f"select column_name, comment from duckdb_columns() where table_name = '{file.stem}'"
        )
        [(described,)] = demo_night.query(f"select comment from duckdb_tables() where table_name = '{file.stem}'")
        assert schema.metadata[b"description"].decode() == described
        assert json.loads(schema.metadata[b"columns"]) == {str(name): comment for name, comment in comments}
    orders = pq.read_schema(folder / "fct_orders.parquet")
    assert orders.field("net_amount").type == pa.decimal128(18, 2)
    assert orders.field("ordered_date").type == pa.date32()
    assert orders.field("ordered_at").type == pa.timestamp("us")


def test_nps_equals_what_pandas_computes_from_the_survey_tools_files(demo_night: Company) -> None:
    scores = []
    for file in demo_night.extracts.rglob("survey_tool/responses.jsonl.gz"):
        for line in gzip.decompress(file.read_bytes()).decode().splitlines():
            if line:
                response = json.loads(line)
                scores += [
                    (response["response_id"], response["survey_id"], answer["value"])
                    for answer in response["answers"]
                    if answer["metric"] == "nps"
                ]
    answers = pd.DataFrame(scores, columns=["response", "survey", "value"]).drop_duplicates("response")
    kind = answers["survey"].eq("relationship").map({True: "relational", False: "transactional"})
    value = (answers["value"] >= 9).astype(int) - (answers["value"] <= 6).astype(int)
    expected = value.groupby(kind).agg(["size", "sum"])
    published = demo_night.query(
        """
        select survey_type, sum(answer_count), sum(nps_sum) from marts.mart_nps_by_segment_stage
        group by survey_type
        """
    )
    assert {row[0]: (int(str(row[1])), int(str(row[2]))) for row in published} == {
        str(name): (int(row["size"]), int(row["sum"])) for name, row in expected.iterrows()
    }


def test_revenue_equals_what_pandas_computes_from_the_shops_files(demo_night: Company) -> None:
    def shop(table: str, key: list[str]) -> pd.DataFrame:
        files = sorted(demo_night.extracts.rglob(f"shop/{table}.parquet"), key=lambda file: _drop_order(str(file)))
        return pd.concat(pd.read_parquet(file) for file in files).drop_duplicates(key, keep="last")

    orders = shop("orders", ["order_number"])
    lines = shop("order_lines", ["order_number", "line_number"])
    refunds = shop("refunds", ["refund_id"])
    counted = orders.loc[orders["status"] != "canceled", "order_number"]
    sold = lines.loc[lines["order_number"].isin(counted), "net_amount"].sum()
    refunded = refunds.loc[refunds["order_number"].isin(counted), "refund_amount"].sum()
    [(published,)] = demo_night.query("select sum(revenue_amount) from marts.mart_customer_lifetime_value")
    assert published == sold - refunded


def _drop_order(path: str) -> str:
    day = re.search(r"\d{4}-\d\d-\d\d", path)
    return day.group() if day else ""


def test_the_unit_tests_of_dbt_pass(demo_night: Company) -> None:
    # dbt takes the types of the given rows from the built tables, which publishing has moved away
    built = demo_night.home.star_db
    shutil.copy(demo_night.published, built)
    try:
        result = run_dbt(demo_night.deployment, demo_night.home, ["--quiet", "test", "--select", "test_type:unit"])
    finally:
        built.unlink()
    statuses = [str(test.status) for test in result.result.results]  # type: ignore[union-attr]
    assert len(statuses) > 40
    assert set(statuses) == {"pass"}
