"""Files that are still being written wait, and the same content is taken once."""

from __future__ import annotations

import datetime as dt
import os
import threading
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from orchestration.config.deployment import Table
from orchestration.config.files import Files
from orchestration.connectors.batch import SourceError
from orchestration.connectors.sources import available_load_dates, pull
from tests.unit.connectors.deliveries import table_of

HISTORY = dt.date(2025, 12, 31)


def table_with(**settings: Any) -> Table:
    """The CRM's customers as CSV files."""
    return table_of(Files(**{"format": "csv", "history": "customers*.csv", **settings}))


def ids(table: Table, extracts: Path) -> list[str]:
    return [row["id"] for batch in pull(table, HISTORY, extracts) for row in batch.rows.to_pylist()]


def write_slowly(path: Path, lines: int, pause: float) -> threading.Thread:
    """A source that takes its time: a line after each pause."""

    def write() -> None:
        with path.open("ab", buffering=0) as file:
            for number in range(lines):
                time.sleep(pause)
                file.write(b"%d\n" % number)

    path.write_bytes(b"id\n")
    thread = threading.Thread(target=write)
    thread.start()
    return thread


def test_a_file_that_grows_is_taken_when_it_is_whole(tmp_path: Path) -> None:
    writer = write_slowly(tmp_path / "customers.csv", lines=6, pause=0.2)
    taken = ids(table_with(settle_seconds=1), tmp_path)
    writer.join()
    assert taken == [str(number) for number in range(6)]


def test_a_file_that_does_not_stop_growing_stops_the_night_and_nothing_of_it_is_taken(tmp_path: Path) -> None:
    writer = write_slowly(tmp_path / "customers.csv", lines=12, pause=0.2)
    batches = pull(table_with(settle_seconds=0.6, wait_seconds=0.9), HISTORY, tmp_path)
    with pytest.raises(SourceError) as error:
        next(batches)
    writer.join()
    assert "the file 'customers.csv' is still being written: it still changes after 0.9 seconds" in str(error.value)
    assert "Run again when the source has finished" in str(error.value)


def test_an_unchanged_file_is_taken_without_waiting(tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_bytes(b"id\n1\n")
    an_hour_ago = time.time() - 3600
    os.utime(path, (an_hour_ago, an_hour_ago))
    started = time.monotonic()
    assert ids(table_with(settle_seconds=60), tmp_path) == ["1"]
    assert time.monotonic() - started < 30


def test_a_file_from_a_clock_that_is_ahead_is_looked_at_twice_and_taken(tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_bytes(b"id\n1\n")
    soon = time.time() + 300
    os.utime(path, (soon, soon))
    assert ids(table_with(settle_seconds=0.2), tmp_path) == ["1"]


def test_a_file_that_changes_while_it_is_read_is_not_taken_for_whole(tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_bytes(b"id\n" + b"1\n" * 300_000)
    batches = pull(table_with(), HISTORY, tmp_path)
    next(batches)
    with path.open("ab") as file:
        file.write(b"2\n")
    with pytest.raises(SourceError, match=r"file 'customers\.csv': the file changed while it was read"):
        list(batches)


def test_a_declared_marker_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_bytes(b"id\n1\n")
    table = table_with(done_marker="{file}.done", wait_seconds=0.2)
    with pytest.raises(SourceError) as error:
        list(pull(table, HISTORY, tmp_path))
    assert "the file 'customers.csv' is still being written" in str(error.value)
    assert "its marker 'customers.csv.done' is missing after 0.2 seconds" in str(error.value)
    marking = threading.Timer(0.5, (tmp_path / "customers.csv.done").touch)
    marking.start()
    assert ids(table_with(done_marker="{file}.done", wait_seconds=30), tmp_path) == ["1"]


def test_a_file_whose_marker_is_there_is_taken_at_once(tmp_path: Path) -> None:
    for name in ("customers.csv", "customers.csv.done"):
        (tmp_path / name).write_bytes(b"id\n1\n")
    started = time.monotonic()
    assert ids(table_with(done_marker="{file}.done", settle_seconds=60), tmp_path) == ["1"]
    assert time.monotonic() - started < 30


def test_one_marker_may_stand_for_a_folder_and_is_no_file_itself(tmp_path: Path) -> None:
    (tmp_path / "drop").mkdir()
    (tmp_path / "drop" / "customers_1").write_bytes(b"id\n1\n")
    (tmp_path / "drop" / "customers_done").touch()
    table = table_with(history="drop/customers_*", done_marker="{folder}/customers_done", wait_seconds=0)
    assert ids(table, tmp_path) == ["1"]


@pytest.mark.parametrize("marker", ["done", "{table}.done", "{file"])
def test_a_marker_that_says_nothing_of_a_file_is_refused(marker: str) -> None:
    with pytest.raises(ValueError, match=r"placeholder|cannot be read|neither"):
        Files(format="csv", history="x.csv", done_marker=marker)


def test_the_same_content_under_a_second_name_is_taken_once(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_bytes(b"id\n1\n")
    (tmp_path / "customers (1).csv").write_bytes(b"id\n1\n")
    (tmp_path / "customers_b.csv").write_bytes(b"id\n2\n")
    batches = list(pull(table_with(), HISTORY, tmp_path))
    assert [row["id"] for batch in batches for row in batch.rows.to_pylist()] == ["1", "2"]
    repeats = {batch.delivery.name: batch.delivery.repeats for batch in batches if batch.delivery}
    assert repeats == {"customers (1).csv": None, "customers.csv": "customers (1).csv", "customers_b.csv": None}
    # its columns are known all the same: a column that only it had would be missed
    assert {tuple(batch.rows.column_names) for batch in batches} == {("id", "_source_file", "_source_row")}


def test_two_empty_windows_are_no_repetition(tmp_path: Path) -> None:
    for name in ("customers_1.csv", "customers_2.csv"):
        (tmp_path / name).write_bytes(b"id\n")
    batches = list(pull(table_with(), HISTORY, tmp_path))
    assert [batch.delivery and batch.delivery.repeats for batch in batches] == [None, None]


@pytest.mark.parametrize("suffix", [".zst", ".zstd"])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_zstd_is_unpacked_in_one_frame_or_several(tmp_path: Path, suffix: str, kind: str) -> None:
    first, second = (b"id\n1\n", b"2\n") if kind == "csv" else (b'{"id": "1"}\n', b'{"id": "2"}\n')
    frames = [pa.compress(part, "zstd", asbytes=True) for part in (first, second)]
    (tmp_path / f"customers.{kind}{suffix}").write_bytes(b"".join(frames))
    assert ids(table_with(format=kind, history=f"customers.{kind}{suffix}"), tmp_path) == ["1", "2"]


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"unpacked_ratio": 20}, "the zstd file unpacks to more than 20 times its size. If the size is right, raise"),
        ({"unpacked_gigabytes": 0.03}, "the zstd file unpacks to more than 0.03 GB. If the size is right, raise"),
    ],
)
def test_a_zstd_file_above_the_size_limits_stops_the_night(
    tmp_path: Path, limits: dict[str, float], message: str
) -> None:
    content = b"id,note\n" + b'1,"............."\n' * 3_000_000
    (tmp_path / "customers.zst").write_bytes(pa.compress(content, "zstd", asbytes=True))
    with pytest.raises(SourceError) as error:
        list(pull(table_with(history="customers.zst", **{"unpacked_ratio": 1e6, **limits}), HISTORY, tmp_path))
    assert message in str(error.value)


@pytest.mark.parametrize("damage", ["cut off", "no zstd at all"])
def test_a_zstd_file_that_is_cut_off_or_none_stops_the_night(tmp_path: Path, damage: str) -> None:
    packed = pa.compress(b"id\n" + b"".join(b"%d\n" % n for n in range(1000)), "zstd", asbytes=True)
    (tmp_path / "customers.zst").write_bytes(packed[:-20] if damage == "cut off" else b"id\n1\n")
    with pytest.raises(SourceError, match=r"the zstd file is cut off or damaged.*Deliver the complete file again"):
        list(pull(table_with(history="customers.zst"), HISTORY, tmp_path))


def test_a_zstd_file_by_a_name_without_its_suffix_is_known(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_bytes(pa.compress(b"id\n1\n", "zstd", asbytes=True))
    with pytest.raises(SourceError, match="the file is zstd, not text"):
        list(pull(table_with(), HISTORY, tmp_path))


def test_files_without_a_marker_are_not_there_yet(tmp_path: Path) -> None:
    table = table_with(history=None, found="customers_*.csv", done_marker="{file}.done")
    (tmp_path / "customers_1.csv").write_bytes(b"id\n1\n")
    assert available_load_dates(table.deployment, tmp_path) == []
    (tmp_path / "customers_1.csv.done").touch()
    assert len(available_load_dates(table.deployment, tmp_path)) == 1
