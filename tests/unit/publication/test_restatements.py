"""Which figures differ between two versions of a mart, for periods that ended before both."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.publication.restatements import PeriodMart, period_marts, restated
from orchestration.publication.versions import Version

MONTHS = PeriodMart("mart_orders", ("month_start_date", "segment"), "last_day(month_start_date)")
JANUARY, FEBRUARY, MARCH = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
AS_OF = date(2026, 3, 10)
DAY = date(2026, 3, 9)

Row = tuple[date, str | None, int | None, str | None, float | None]


def write(
    connection: duckdb.DuckDBPyConnection,
    database: str,
    rows: Sequence[Row],
    *,
    merged: int,
    rejected: int,
    segment: str = "segment",
) -> None:
    """Create a database with one mart and the tables that give the causes."""
    connection.execute(
        f"""
        create schema {database}.marts;
        create schema {database}.star;
        create schema {database}.quality;
        create table {database}.marts.mart_orders (
            month_start_date date, {segment} varchar, order_count bigint, net_amount decimal(18, 2), mean double
        );
        create table {database}.star.map_customer_merges as select range as customer_id from range({merged});
        create table {database}.quality.quality_landing_reconciliation as
            select 'crm' as system, 'cases' as table_name, date '2026-03-08' as load_date,
                {rejected} as quarantined_row_count;
        """
    )
    if rows:
        connection.executemany(
            f"insert into {database}.marts.mart_orders values (?, ?, ?, ?, ?)", [list(r) for r in rows]
        )


@pytest.fixture
def compare(tmp_path: Path) -> Iterator[Any]:
    """Publish a version of the mart, build another, and compare them."""
    opened = []

    def compared(
        old: Sequence[Row],
        new: Sequence[Row],
        *,
        merged: int = 0,
        rejected: int = 5,
        taken: set[date] | None = None,
        revision: str = "a",
        as_of_date: date = AS_OF,
        segment_before: str = "segment",
    ) -> list[dict[str, Any]]:
        with duckdb.connect(tmp_path / "cx360.duckdb") as before:
            write(before, "cx360", old, merged=0, rejected=5, segment=segment_before)
        connection = duckdb.connect(":memory:")
        opened.append(connection)
        connection.execute("attach ':memory:' as cx360")
        write(connection, "cx360", new, merged=merged, rejected=rejected)
        previous = Version(
            tmp_path, {"as_of_date": AS_OF.isoformat(), "code_revision": "a", "load_dates": [DAY.isoformat()]}
        )
        run = {"run_id": "run-2", "as_of_date": as_of_date, "code_revision": revision}
        rows = restated(connection, iter([MONTHS]), previous, run, taken or set())
        return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]

    yield compared
    for connection in opened:
        connection.close()


OLD: list[Row] = [
    (JANUARY, "retail", 10, "100.00", 10.0),
    (FEBRUARY, "retail", 20, "200.00", 10.0),
    (FEBRUARY, None, 1, "5.00", 5.0),
    (MARCH, "retail", 3, "30.00", 10.0),
]


def test_equal_versions_restate_nothing(compare: Any) -> None:
    assert compare(OLD, OLD) == []


def test_every_changed_figure_is_listed_with_row_period_and_both_values(compare: Any) -> None:
    new = [OLD[0], (FEBRUARY, "retail", 21, "210.50", 10.0), *OLD[2:]]
    rows = compare(OLD, new, taken={AS_OF})
    assert [(row["figure"], row["old_value"], row["new_value"]) for row in rows] == [
        ("net_amount", 200.0, 210.5),
        ("order_count", 20.0, 21.0),
    ]
    [grain] = {row["row_grain"] for row in rows}
    assert json.loads(grain) == {"month_start_date": "2026-02-01", "segment": "retail"}
    assert {(row["mart"], row["period_end_date"].date(), row["cause"]) for row in rows} == {
        ("mart_orders", date(2026, 2, 28), "late rows")
    }


def test_a_period_that_had_not_ended_is_not_compared(compare: Any) -> None:
    assert compare(OLD, [*OLD[:3], (MARCH, "retail", 9, "90.00", 10.0)], as_of_date=date(2026, 4, 2)) == []


def test_rows_with_null_in_their_key_are_compared_too(compare: Any) -> None:
    [row] = compare(OLD, [*OLD[:2], (FEBRUARY, None, 2, "5.00", 5.0), OLD[3]])
    assert (json.loads(row["row_grain"])["segment"], row["figure"]) == (None, "order_count")


def test_an_added_or_removed_row_is_listed_without_its_zeros(compare: Any) -> None:
    new = [*OLD[1:], (JANUARY, "business", 0, "0.00", None), (JANUARY, "premium", 4, "0.00", None)]
    found = {(json.loads(row["row_grain"])["segment"], row["figure"], row["new_value"]) for row in compare(OLD, new)}
    gone = {figure for segment, figure, _ in found if segment == "retail"}
    assert gone == {"order_count", "net_amount", "mean"}
    assert {entry for entry in found if entry[0] != "retail"} == {("premium", "order_count", 4.0)}


@pytest.mark.parametrize(
    ("old", "segment_before"),
    [(OLD, "region"), ([*OLD, (FEBRUARY, "retail", 4, "40.00", 10.0)], "segment")],
    ids=["a column of the grain is new", "a column of the grain is gone"],
)
def test_a_mart_that_had_another_grain_is_not_compared(compare: Any, old: list[Row], segment_before: str) -> None:
    new = [OLD[0], (FEBRUARY, "retail", 21, "210.50", 10.0), *OLD[2:]]
    assert compare(old, new, segment_before=segment_before) == []


def test_a_figure_that_became_null_is_listed(compare: Any) -> None:
    [row] = compare(OLD, [(JANUARY, "retail", 10, "100.00", None), *OLD[1:]])
    assert (row["figure"], row["old_value"]) == ("mean", 10.0)
    assert row["new_value"] != row["new_value"]  # a missing number, as pandas has it


def test_a_rounding_difference_restates_nothing(compare: Any) -> None:
    assert compare(OLD, [(JANUARY, "retail", 10, "100.00", 10.0 + 1e-12), *OLD[1:]]) == []


@pytest.mark.parametrize(
    ("differing", "cause"),
    [
        ({"taken": {AS_OF}}, "late rows"),
        ({"taken": {DAY}}, "repeated delivery"),
        ({"rejected": 3}, "readmitted rows"),
        ({"merged": 1}, "merged identities"),
        ({"revision": "b"}, "code change"),
        ({}, "other"),
        ({"taken": {AS_OF}, "merged": 1}, "late rows, merged identities"),
    ],
)
def test_the_cause_is_the_difference_between_the_versions(compare: Any, differing: dict[str, Any], cause: str) -> None:
    rows = compare(OLD, [(JANUARY, "retail", 11, "100.00", 10.0), *OLD[1:]], **differing)
    assert [row["cause"] for row in rows] == [cause]


def test_a_marts_yml_gives_its_grain_and_the_end_of_its_period() -> None:
    def mart(name: str, period_end: str) -> dict[str, Any]:
        return {"resource_type": "model", "name": name, "config": {"meta": {"period_end": period_end}}}

    def keys(node: str, *unique: list[str]) -> dict[str, Any]:
        return {
            "test_metadata": {"name": "keys", "kwargs": {"unique": list(unique)}},
            "attached_node": node,
            "config": {},
        }

    manifest = {
        "nodes": {
            "months": mart("mart_months", "last_day(month_start_date)"),
            "days": mart("mart_days", "date_day"),
            "now": mart("mart_now", "none"),
            "test.1": keys("months", ["month_start_date", "segment"], ["row_id"]),
            "test.2": keys("days", ["date_day"]),
        }
    }
    assert list(period_marts(manifest)) == [
        PeriodMart("mart_months", ("month_start_date", "segment"), "last_day(month_start_date)"),
        PeriodMart("mart_days", ("date_day",), "date_day"),
    ]


def test_a_table_whose_keys_only_refer_to_others_has_no_grain() -> None:
    # as the order lines of a source that delivers no line numbers: their key is tested elsewhere
    keys = {"attached_node": "model.lines", "test_metadata": {"name": "keys", "kwargs": {"references": []}}}
    manifest = {"nodes": {"model.lines": {"name": "lines", "config": {}}, "test.keys": {**keys, "config": {}}}}
    assert list(period_marts(manifest)) == []
