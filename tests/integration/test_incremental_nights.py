"""Nights that rewrite the past: what an incremental night keeps is what a full refresh would build.

dbt's parts are driven as the night drives them, over a landing that each night finds changed in every way there is.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

import duckdb
import pyarrow.parquet as pq
import pytest
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.contracts.graph.manifest import Manifest

from orchestration.assets.identity import cluster_records
from orchestration.assets.transform import PARTS
from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment, load_deployment
from orchestration.landing.landing import Landing
from orchestration.warehouse.dbt import Dbt, run_dbt
from orchestration.warehouse.warehouse import Warehouse
from tests.integration.conftest import HISTORY, NIGHTS

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("demo nights")]

NEXT_MONTH = date(2026, 2, 2)
# what a build keeps of the one before it, which a full refresh has not
REMEMBERED = ("customer_identities__touched", "customer_months__cut_points")
Figures = dict[str, tuple[int, int]]


@dataclass
class Nights:
    """A company whose landing is changed between its nights, and the warehouse that these build."""

    deployment: Deployment
    home: Home
    manifest: Manifest

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.home, "2GB")

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with self.warehouse.connect() as connection:
            return connection.execute(sql).fetchall()

    def land(self, extracts: Path, *load_dates: date) -> None:
        # as the demo company delivers them, new payments only: what is delivered whole is made of it
        delivering = load_deployment("demo")
        landing = Landing(delivering, self.home, extracts)
        for table in delivering.tables():
            assert all(unit.has_landed for unit in landing.admit(table, load_dates))

    def land_again(self, load_date: date, table: str) -> None:
        """Have a unit hold again what was delivered, whatever has become of it."""
        unit = f"{table}/load_date={load_date}"
        shutil.copytree(self.home.root / "delivered" / unit, self.home.landing / unit, dirs_exist_ok=True)

    def rewrite(self, table: str, load_date: date, select: str) -> None:
        """Have a unit hold what ``select`` makes of it (``unit``), or of all the table's units (``landed``)."""
        folder = self.home.landing / table
        [file] = (folder / f"load_date={load_date}").glob("*.parquet")
        with duckdb.connect() as connection:
            connection.execute(f"create view unit as from read_parquet('{file}', hive_partitioning = false)")
            connection.execute(
                f"create view landed as from read_parquet('{folder}/*/*.parquet', hive_partitioning = false)"
            )
            rows = connection.sql(select).to_arrow_table()
        pq.write_table(rows, file)

    def build(self, *, is_whole: bool = False) -> None:
        """Build everything from the doors on; the seeds stay as they are."""
        self.dbt("run", "fqn:cx360.staging fqn:cx360.intermediate")
        with self.warehouse.connect() as connection:
            cluster_records(connection)
        for selection in (PARTS["star"], "fqn:cx360.marts"):
            self.dbt("run", selection, *(["--full-refresh"] if is_whole else []))

    def dbt(self, command: str, selection: str, *options: str) -> None:
        """Have dbt build what is selected; the data's tests are not the question here."""
        arguments = ["--quiet", "--no-write-json", command, "--select", *selection.split(), *options]
        result = cast(
            "RunExecutionResult", run_dbt(self.deployment, self.home, arguments, manifest=self.manifest).result
        )
        assert [f"{each.node.name}: {each.message}" for each in result.results if each.status != "success"] == []

    def figures(self) -> Figures:
        """Row count and checksum of every table of the star and the marts, and of the steps between them."""
        tables = self.query("select schema_name, table_name, database_name from duckdb_tables() order by all")
        return {
            f"{schema}.{name}": self.query(f"select count(*), sum(hash(t)) from {database}.{schema}.{name} t")[0]
            for schema, name, database in tables
            if schema in ("star", "marts", "science") and name not in REMEMBERED
        }

    def share_of_people_touched(self) -> float:
        return float(self.query("select avg(cast(is_touched as integer)) from star.customer_identities__touched")[0][0])


def company() -> Deployment:
    """The demo company, whose shop delivers all its payments every night."""
    demo = load_deployment("demo").model_dump()
    demo["systems"]["shop"]["tables"]["payments"]["snapshot"] = True
    return Deployment.model_validate(demo)


@pytest.fixture(scope="module")
def nights(demo_extracts: Path, tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """The company after its history and a first night, a part of whose orders is in quarantine."""
    home = Home(tmp_path_factory.mktemp("incremental") / "demo")
    made = Nights(company(), home, Dbt(company(), home).parse())
    made.land(demo_extracts, HISTORY, NIGHTS[0])
    shutil.copytree(home.landing, home.root / "delivered")
    deliver_all_payments(made, NIGHTS[0])
    made.rewrite("shop/orders", NIGHTS[0], "select * from unit where _source_row % 3 > 0")
    made.dbt("seed", "resource_type:seed")
    for source in made.manifest.sources.values():
        if source.schema == "science":
            columns = ", ".join(f"{column.name} {column.data_type}" for column in source.columns.values())
            made.query(f"create schema if not exists science; create table science.{source.name} ({columns})")
    made.build(is_whole=True)
    return made


def deliver_all_payments(nights: Nights, load_date: date, but: str = "''") -> None:
    """Have a night bring every payment there ever was, but for those named."""
    nights.rewrite(
        "shop/payments",
        load_date,
        f"""
        select * replace (date '{load_date}' as _load_date, row_number() over (order by payment_id) as _source_row)
        from (
            select * from landed where _load_date <= date '{load_date}' and payment_id not in ({but})
            qualify row_number() over (partition by payment_id order by _load_date desc) = 1
        )
        """,
    )


def rewrite_the_past(nights: Nights) -> None:
    """Change what landed in every way in which a night can find it changed."""
    day, before = NIGHTS[1], NIGHTS[0]
    # payments that the shop no longer has, and a product that it no longer sells
    deliver_all_payments(nights, day, but="select distinct payment_id from landed order by payment_id limit 3")
    nights.rewrite("shop/products", day, "select * from unit where sku <> (select min(sku) from unit)")
    # a change of a customer that is dated back, and an address that makes two customers one
    nights.rewrite(
        "crm/customers",
        day,
        """
        with known as (select *, row_number() over (order by updated_at) as place from landed)
        select * from unit
        union all
        select * exclude place replace (
            if(segment = 'premium', 'consumer', 'premium') as segment,
            strftime(cast(registered_at as timestamptz) + interval 1 day, '%Y-%m-%dT%H:%M:%S+00:00') as updated_at,
            (select max(_load_date) from unit) as _load_date, _source_row + 100000 as _source_row
        ) from known where place = 4
        union all
        select * exclude place replace (
            (select email from known where place = 6) as email,
            (select max(_load_date) from unit) as _load_date, _source_row + 200000 as _source_row
        ) from known where place = 9
        """,
    )
    # a late cancellation, and an order of long ago that comes late with its lines and an answer about it
    for table, changes in {
        "shop/orders": "order_number || 'L' as order_number, ordered_at - interval 200 day as ordered_at",
        "shop/order_lines": "order_number || 'L' as order_number",
        "survey_tool/responses": "response_id || 'L' as response_id, '2025-05-05T10:00:00Z' as submitted_at",
    }.items():
        late = f"select * replace ({changes}, _source_row + 100000 as _source_row) from unit where _source_row % 5 = 0"
        nights.rewrite(table, day, f"select * from unit union all {late}")
    nights.rewrite(
        "shop/orders",
        day,
        f"""
        select * from unit
        union all
        (
            select * replace (
                'canceled' as status, timestamptz '{day} 10:00:00+00' as updated_at, date '{day}' as _load_date,
                _source_row + 200000 as _source_row
            )
            from landed where status = 'delivered' order by order_number limit 2
        )
        """,
    )
    # a day that has fewer rows when it is pulled again, and rows that come back from quarantine
    nights.rewrite("tracking/events", before, "select * from unit where _source_row % 5 > 0")
    nights.land_again(before, "shop/orders")


def test_nights_that_rewrite_the_past_end_where_a_full_refresh_does(demo_extracts: Path, nights: Nights) -> None:
    count = "select count(*) from {}"
    merges = nights.query(count.format("cx360.star.map_customer_merges"))[0][0]
    nights.land(demo_extracts, NIGHTS[1])
    rewrite_the_past(nights)
    nights.build()
    assert 0 < nights.share_of_people_touched() < 0.5
    assert nights.query(count.format("cx360.star.map_customer_merges"))[0][0] > merges
    assert nights.query(count.format("cx360.star.fct_orders where source_id like '%L'"))[0][0] > 0
    assert nights.query(count.format("intermediate.int_records__deleted where entity = 'payments'")) == [(3,)]
    incremental = nights.figures()
    nights.build(is_whole=True)
    assert nights.share_of_people_touched() == 1
    assert incremental == nights.figures()


def test_a_month_that_ends_a_split_and_who_is_back_end_where_a_full_refresh_does(
    demo_extracts: Path, nights: Nights, tmp_path: Path
) -> None:
    """Who was gone is there again, the first day is pulled whole again, and a seed parts two who were one."""
    shutil.copytree(demo_extracts / NIGHTS[2].isoformat(), tmp_path / NEXT_MONTH.isoformat())
    nights.land(tmp_path, NEXT_MONTH)
    deliver_all_payments(nights, NEXT_MONTH)
    nights.land_again(NIGHTS[0], "tracking/events")
    nights.query(
        """
        insert into reference.identity_overrides (system, source_id, link_type)
        select system, source_id, link_rule from identity.customer_identities
        where system = 'shop' and link_rule <> 'first' order by source_id limit 1
        """
    )
    customers = nights.query("select count(distinct customer_id) from identity.customer_identities")
    nights.build()
    assert nights.query("select count(distinct customer_id) from identity.customer_identities") > customers
    assert nights.query("select count(*) from intermediate.int_records__deleted where restored_at is null") == [(0,)]
    assert 0 < nights.share_of_people_touched() < 0.5
    incremental = nights.figures()
    nights.build(is_whole=True)
    assert incremental == nights.figures()
