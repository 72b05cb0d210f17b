"""Late rows, corrected rows and days that are pulled in any order: the doors hold the latest of each record.

The doors' own SQL, over a landing that a test writes; gate 1 has no part in it.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment, load_deployment
from orchestration.connectors.batch import Batch
from orchestration.gates.suites import suite_of
from orchestration.landing.compaction import compact, expand
from orchestration.landing.unit import UnitWriter
from orchestration.landing.unit_place import UnitFolders, UnitPlace, recover_units
from orchestration.warehouse.dbt import run_dbt

DOORS = {"shop__orders": "int_orders__unioned", "crm__customers": "int_customers__unioned"}
MODELS = (
    "stg_shop__orders",
    "stg_crm__customers",
    "int_as_of",
    "int_records__deleted",
    "int_records__excluded",
    "int_records__left_out",
    "int_orders__unioned",
    "int_customers__unioned",
)
VERSIONED = "int_customers__versioned"
# three days of a month that is compacted once a day of the next one has landed
FIRST_DAY = date(2026, 1, 29)
DAYS = 5
BEGIN = datetime(2026, 1, 29, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Doors:
    """The doors of the demo company and its empty landing, ready to be copied."""

    deployment: Deployment
    base: Home
    queries: Mapping[str, str] = field(repr=False)
    places: Mapping[str, str] = field(repr=False)

    def built(self, landing: Path) -> dict[str, list[tuple[object, ...]]]:
        """The rows of each model over a landing."""
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.execute("set timezone = 'UTC'")
            connection.execute("attach ':memory:' as work")
            for schema in ("staging", "intermediate"):
                connection.execute(f"create schema work.{schema}")
            for name, query in self.queries.items():
                here = query.replace(str(self.base.landing), str(landing))
                connection.execute(f"create table {self.places[name]} as {here}")
            return {name: connection.sql(f"from {self.places[name]} order by all").fetchall() for name in self.queries}


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Doors:
    """The doors as dbt compiles them, where every table has landed and holds nothing."""
    demo = load_deployment("demo")
    systems = {name: demo.systems[name] for name in ("shop", "crm")}
    for name, kept in (("shop", "orders"), ("crm", "customers")):
        systems[name] = systems[name].model_copy(update={"tables": {kept: systems[name].tables[kept]}})
    deployment = demo.model_copy(update={"systems": systems})
    home = Home(tmp_path_factory.mktemp("doors"))
    for table in deployment.tables():
        land(deployment, home, table.name, FIRST_DAY - timedelta(days=5), [])
    names = (*MODELS, VERSIONED)
    # the doors ask the database which columns a staging view has
    for command in (["run", "--select", *names], ["compile", "--select", *names]):
        answer = run_dbt(deployment, home, ["--quiet", *command])
        assert answer.success, answer.exception
    nodes: dict[str, Any] = {result.node.name: result.node for result in answer.result.results}  # type: ignore[union-attr]
    return Doors(
        deployment,
        home,
        {name: nodes[name].compiled_code for name in names},
        {name: nodes[name].relation_name for name in names},
    )


Row = Mapping[str, Any]


def land(deployment: Deployment, home: Home, name: str, load_date: date, rows: Sequence[Row]) -> None:
    """Land a day of a table as the landing does, in place of what it had."""
    table = next(table for table in deployment.tables() if table.name == name)
    suite = suite_of(table)
    recover_units(home, table)
    folders = UnitFolders.of(home, table)
    expand(folders, [load_date])
    writer = UnitWriter(UnitPlace(home, table, load_date), suite, {})
    columns = {column: pa.array([row.get(column) for row in rows], pa.string()) for column in suite.promised}
    if rows:
        writer.take(Batch.of(pa.table(columns), f"{load_date}.csv", np.arange(len(rows)) + 2), {})
    writer.close(())
    writer.place.commit()
    compact(folders)


# a version of a record: which one, when it changed in minutes (never said, at times), and what it says
version = st.tuples(st.integers(0, 2), st.one_of(st.none(), st.integers(0, 3)), st.sampled_from("abcd"))
delivery = st.lists(version, max_size=4)
# what each day delivers in the end, and in which order the days are pulled: some of them before all of it was there
arrival = st.tuples(
    st.lists(delivery, min_size=DAYS, max_size=DAYS),
    st.lists(st.tuples(st.integers(0, DAYS - 1), delivery), max_size=6),
    st.permutations(range(DAYS)),
)


def orders(versions: Sequence[tuple[int, int | None, str]]) -> list[Row]:
    return [
        {"order_number": f"o{record}", "status": told, "ordered_at": str(BEGIN), "updated_at": _at(minutes)}
        for record, minutes, told in versions
    ]


def people(versions: Sequence[tuple[int, int | None, str]]) -> list[Row]:
    return [
        {"customer_id": f"c{record}", "segment": told, "updated_at": _at(minutes)} for record, minutes, told in versions
    ]


def _at(minutes: int | None) -> str | None:
    return None if minutes is None else str(BEGIN + timedelta(minutes=minutes))


@settings(deadline=None, max_examples=25)
@given(arrival)
def test_whatever_comes_in_whatever_order_the_doors_end_the_same(
    doors: Doors, tmp_path_factory: pytest.TempPathFactory, arrival: Any
) -> None:
    days, before, order = arrival
    root = tmp_path_factory.mktemp("landings")
    shuffled, in_order = Home(root / "shuffled"), Home(root / "in-order")
    pulls = [*before, *((place, days[place]) for place in order)]
    for home, sequence in ((shuffled, pulls), (in_order, list(enumerate(days)))):
        for place, versions in sequence:
            day = FIRST_DAY + timedelta(days=place)
            land(doors.deployment, home, "shop__orders", day, orders(versions))
            land(doors.deployment, home, "crm__customers", day, people(versions))
    found, expected = doors.built(shuffled.landing), doors.built(in_order.landing)
    assert found == expected

    # of each record the door of orders has the latest by change time, then by day, then by line
    delivered = [
        (record, -1 if minutes is None else minutes, day, line, told)
        for day, versions in enumerate(days)
        for line, (record, minutes, told) in enumerate(versions)
    ]
    latest = {record: told for record, *_, told in sorted(delivered)}
    columns = doors_columns(doors, "int_orders__unioned")
    at = [columns.index(name) for name in ("source_id", "order_status")]
    assert {row[at[0]]: row[at[1]] for row in found["int_orders__unioned"]} == {
        f"o{record}": told for record, told in latest.items()
    }
    assert len(found["int_customers__unioned"]) == len(delivered)
    shutil.rmtree(root)


def doors_columns(doors: Doors, name: str) -> list[str]:
    """The columns of a model, in its order."""
    with duckdb.connect(doors.base.work_db, read_only=True) as connection:
        return [column for column, *_ in connection.execute(f"describe {doors.places[name]}").fetchall()]
