"""Parquet files: own types, numbered rows, files that stop the night."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.config.files import Files
from orchestration.connectors.batch import SourceError
from orchestration.connectors.sources import pull
from tests.unit.connectors.deliveries import pulled, table_of


def test_columns_keep_their_types_and_rows_their_numbers(tmp_path: Path) -> None:
    table = pa.table(
        {
            "sku": ["a", "", None],
            "price": pa.array([Decimal("1.50"), None, Decimal("2.00")], pa.decimal128(12, 2)),
            "sold_on": [dt.date(2026, 1, 1), None, dt.date(2026, 1, 2)],
            "tags": [["x"], [], None],
        }
    )
    pq.write_table(table, tmp_path / "orders.parquet")
    (batch,) = pull(
        orders := table_of(Files(format="parquet", history="orders.parquet")),
        orders.deployment.history_load_date,
        tmp_path,
    )
    assert batch.rows.select(table.column_names).equals(table)
    assert batch.rows.schema.field("_source_row").type == pa.int64()
    assert batch.rows["_source_row"].to_pylist() == [1, 2, 3]
    assert batch.rows["_source_file"].to_pylist() == ["orders.parquet"] * 3


def test_a_long_file_comes_in_batches_whose_rows_go_on_counting(tmp_path: Path) -> None:
    numbers = list(range(1, 250_001))
    pq.write_table(pa.table({"id": numbers}), tmp_path / "orders.parquet")
    table = table_of(Files(format="parquet", history="orders.parquet"))
    batches = list(pull(table, table.deployment.history_load_date, tmp_path))
    assert [batch.rows.num_rows for batch in batches] == [100_000, 100_000, 50_000]
    assert [row for batch in batches for row in batch.rows["_source_row"].to_pylist()] == numbers


def test_a_file_without_rows_is_an_empty_window_with_its_columns(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": pa.array([], pa.int32())}), tmp_path / "orders.parquet")
    found = pulled(tmp_path / "orders.parquet", format="parquet")
    assert (found.columns, found.rows) == (["id", "_source_file", "_source_row"], [])


def landed(tmp_path: Path, column: pa.Array, **options: object) -> pa.ChunkedArray:
    """The column as it is pulled from a Parquet file."""
    pq.write_table(pa.table({"x": column}), tmp_path / "orders.parquet", **options)
    table = table_of(Files(format="parquet", history="orders.parquet"))
    (batch,) = pull(table, table.deployment.history_load_date, tmp_path)
    return batch.rows["x"]


@pytest.mark.parametrize(
    ("delivered", "lands_as"),
    [
        (pa.array(["placed", None, "placed"]).dictionary_encode(), pa.array(["placed", None, "placed"])),
        (pa.array([7, 7]).dictionary_encode(), pa.array([7, 7])),
        (pa.array([77.0, None, 78.0]), pa.array([77, None, 78])),
        (pa.array([77.5, None]), pa.array([77.5, None])),
        (pa.array([2.0**60, 1.0]), pa.array([2.0**60, 1.0])),
        (pa.array([float("nan"), 1.0]), pa.array([float("nan"), 1.0])),
        (pa.array([None, None], pa.float64()), pa.array([None, None], pa.float64())),
        (pa.array([2**64 - 1, 0], pa.uint64()), pa.array([2**64 - 1, 0], pa.uint64())),
        (pa.array([Decimal(10**37 + 1)], pa.decimal128(38, 0)), pa.array([Decimal(10**37 + 1)], pa.decimal128(38, 0))),
        (pa.array([Decimal(10**39 + 1)], pa.decimal256(40, 0)), pa.array([str(10**39 + 1)])),
        (pa.array([Decimal("1.5")], pa.decimal256(20, 2)), pa.array([Decimal("1.50")], pa.decimal128(20, 2))),
        (pa.array(["a"], pa.string_view()), pa.array(["a"])),
        (pa.nulls(2), pa.nulls(2)),
    ],
    ids=lambda column: str(column.type),
)
def test_what_duckdb_would_misread_lands_with_the_same_value_in_another_type(
    tmp_path: Path, delivered: pa.Array, lands_as: pa.Array
) -> None:
    found = landed(tmp_path, delivered)
    assert found.type == lands_as.type
    assert [str(value) for value in found.to_pylist()] == [str(value) for value in lands_as.to_pylist()]


def test_int96_times_of_any_year_are_not_shifted(tmp_path: Path) -> None:
    times = [dt.datetime.fromisoformat(f"{year}-09-01T10:00:00") for year in ("0001", 1677, 2026, 2263, 9999)]
    found = landed(tmp_path, pa.array(times, pa.timestamp("us")), use_deprecated_int96_timestamps=True)
    assert found.to_pylist() == times


def test_a_file_without_columns_is_an_empty_window(tmp_path: Path) -> None:
    pq.write_table(pa.table({}), tmp_path / "orders.parquet")
    assert pulled(tmp_path / "orders.parquet", format="parquet").rows == []


def test_too_many_columns_stop_the_night(tmp_path: Path) -> None:
    pq.write_table(pa.table({f"c{number}": [1] for number in range(2_001)}), tmp_path / "orders.parquet")
    with pytest.raises(SourceError, match="there are 2,001 columns; at most 2,000 can land"):
        pulled(tmp_path / "orders.parquet", format="parquet")


@pytest.mark.parametrize("content", [b"PAR1", b"id,note\n1,a\n", b"PAR1 and then no footer PAR1"])
def test_a_file_that_is_not_parquet_stops_the_night(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "orders.parquet").write_bytes(content)
    with pytest.raises(SourceError, match=r"file 'orders\.parquet': the Parquet file is cut off or damaged"):
        pulled(tmp_path / "orders.parquet", format="parquet")


def test_a_file_that_is_cut_off_or_damaged_inside_stops_the_night(tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    pq.write_table(pa.table({"id": list(range(50_000))}), path, write_page_checksum=True)
    whole = path.read_bytes()
    for damaged in (whole[:-20], whole[: len(whole) // 2], whole[:100] + b"\xff" * 5000 + whole[5100:]):
        path.write_bytes(damaged)
        with pytest.raises(SourceError, match="cut off or damaged") as error:
            pulled(path, format="parquet")
        assert "\n" not in str(error.value)


def test_columns_that_differ_only_in_case_stop_the_night(tmp_path: Path) -> None:
    pq.write_table(pa.table({"Id": [1], "id": [2]}), tmp_path / "orders.parquet")
    with pytest.raises(SourceError, match="columns 1 and 2 have the same name"):
        pulled(tmp_path / "orders.parquet", format="parquet")


def test_a_file_that_unpacks_to_more_than_may_be_stops_the_night(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": list(range(10_000))}), tmp_path / "orders.parquet")
    assert len(pulled(tmp_path / "orders.parquet", format="parquet", unpacked_gigabytes=1e-3).rows) == 10_000
    with pytest.raises(SourceError, match=r"unpacks to more than 1e-06 GB\. If the size is right, raise"):
        pulled(tmp_path / "orders.parquet", format="parquet", unpacked_gigabytes=1e-6)
