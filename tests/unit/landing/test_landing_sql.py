"""Thirty nights of a database against the same nights by files: the same rows land, unit for unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment, load_deployment
from orchestration.landing.landing import Landing
from tests.extracts_in_postgres import DELIVERED, URL, load, pulled_from_postgres
from tests.postgres import Postgres
from tests.unit.landing.thirty_nights import DAYS, Landed

pytestmark = pytest.mark.xdist_group("thirty nights")

TABLES = ("crm__customers", "crm__cases", "shop__accounts", "shop__orders", "shop__order_lines", "shop__products")
DATABASE = "nights"


@pytest.fixture(scope="module")
def company(by_files: Landed, postgres_server: Postgres) -> Iterator[Deployment]:
    """The demo company, whose CRM and shop are databases that hold what the extracts do."""
    load(postgres_server, DATABASE, [by_files.table(name) for name in TABLES], by_files.extracts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(URL, postgres_server.url(DATABASE))
        yield pulled_from_postgres(by_files.deployment, ["crm", "shop"])


def rows_of(unit: pa.Table, columns: list[str]) -> Counter[tuple[Any, ...]]:
    """The rows of a unit; times by the moment, whatever fraction of a second their column counts."""
    arrays = [
        unit[name].cast(pa.timestamp("us", unit[name].type.tz))
        if pa.types.is_timestamp(unit[name].type)
        else unit[name]
        for name in columns
    ]
    return Counter(zip(*(array.to_pylist() for array in arrays), strict=True))


@pytest.mark.long
@pytest.mark.parametrize("table", TABLES)
def test_thirty_nights_and_the_history_land_as_the_same_nights_by_files(
    company: Deployment, by_files: Landed, tmp_path: Path, table: str
) -> None:
    of_files = by_files.nights(table)
    of_database = Landed(company, Home(tmp_path), tmp_path / "nothing").nights(table)
    for day in DAYS:
        columns = [name for name in of_files[day].column_names if name not in {"_source_file", "_source_row"}]
        assert set(of_database[day].column_names) - {DELIVERED} == set(of_files[day].column_names)
        assert rows_of(of_database[day], columns) == rows_of(of_files[day], columns)
        assert of_database[day]["_source_row"].to_pylist() == list(range(1, of_database[day].num_rows + 1))
    assert sum(unit.num_rows for unit in of_database.values()) > 100


@pytest.mark.long
def test_a_day_that_is_pulled_again_lands_byte_for_byte_the_same(company: Deployment, tmp_path: Path) -> None:
    landed = Landed(company, Home(tmp_path), tmp_path / "nothing")
    before = landed.pull("shop__orders", *DAYS[:4])
    assert before
    assert landed.pull("shop__orders", DAYS[2]) == before


def test_rows_that_are_updated_in_place_end_as_one_pull_of_everything_has_them(
    postgres_server: Postgres, tmp_path: Path
) -> None:
    """Between the nights some customers change, some twice, some are new, and one change comes back late."""
    postgres_server.execute("create database mutable")
    rows = "customer_id text, email text, phone text, segment text, registered_at timestamptz, updated_at timestamptz"
    postgres_server.execute(
        f"create schema crm create table customers ({rows})",
        "insert into crm.customers select 'c' || n, 'c' || n || '@example.com', null, 'retail',"
        " timestamptz '2025-06-01', timestamptz '2025-12-01' + n * interval '1 hour' from generate_series(1, 400) as n",
        database="mutable",
    )
    deployment = _with_cursor(pulled_from_postgres(load_deployment("demo"), ["crm"]))
    table = next(one for one in deployment.tables() if one.name == "crm__customers")
    home = Home(tmp_path / "home")
    landing = Landing(deployment, home, tmp_path / "extracts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(URL, postgres_server.url("mutable"))
        for place, day in enumerate(DAYS[:4]):
            (unit,) = landing.admit(table, [day])
            assert unit.has_landed, unit.explain()
            changed_at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC) + timedelta(days=1)
            postgres_server.execute(
                f"update crm.customers set segment = 's{place}', updated_at = '{changed_at}'"
                f" where right(customer_id, 1) in ('{place}', '{(place * 3) % 10}')",
                f"insert into crm.customers"
                f" values ('new{place}', 'n@example.com', null, 'retail', '{changed_at}', '{changed_at}')",
                f"update crm.customers set email = 'twice@example.com', updated_at = updated_at + interval '1 hour'"
                f" where customer_id = 'new{place}'",
                database="mutable",
            )
        (last,) = landing.admit(table, [DAYS[4]])
        assert last.has_landed
    latest = f"""
        select customer_id, email, segment, updated_at
        from read_parquet('{home.landing}/crm/customers/*/*.parquet', union_by_name = true)
        qualify row_number() over (partition by customer_id order by updated_at desc, _load_date desc) = 1
    """
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        found = {row[0]: row[1:] for row in connection.execute(latest).fetchall()}
    with postgres_server.connect("mutable") as source:
        expected = source.execute("select customer_id, email, segment, updated_at from crm.customers").fetchall()
    assert len(found) == len(expected) == 404
    assert found == {row[0]: row[1:] for row in expected}


def _with_cursor(deployment: Deployment) -> Deployment:
    """The CRM's customers by the time of their own change."""
    crm = deployment.systems["crm"]
    settings = crm.tables["customers"]
    assert settings.sql
    settings = settings.model_copy(update={"sql": settings.sql.model_copy(update={"cursor": "updated_at"})})
    crm = crm.model_copy(update={"tables": {**crm.tables, "customers": settings}})
    return deployment.model_copy(update={"systems": {**deployment.systems, "crm": crm}})
