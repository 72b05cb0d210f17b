"""Finding files: patterns, several files, what is missing, and which load dates have any."""

from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path
from typing import Literal

import pytest

from orchestration.config.deployment import Table
from orchestration.config.files import Files
from orchestration.connectors.batch import SourceError
from orchestration.connectors.files import BATCH_ROWS
from orchestration.connectors.sources import available_load_dates, pull
from tests.unit.connectors.deliveries import table_of

HISTORY = dt.date(2025, 12, 31)
MONDAY = dt.date(2026, 1, 5)


def deliver(extracts: Path, *names: str, content: bytes = b"id\n1\n") -> None:
    """Write the same small file under each of ``names``."""
    for name in names:
        (extracts / name).parent.mkdir(parents=True, exist_ok=True)
        (extracts / name).write_bytes(content)


def table_with(history: str | None = None, daily: str | None = None) -> Table:
    """The CRM's customers as CSV files."""
    return table_of(Files(format="csv", history=history, daily=daily))


def problem(table: Table, load_date: dt.date, extracts: Path) -> str:
    """The message with which the night stops."""
    with pytest.raises(SourceError) as error:
        list(pull(table, load_date, extracts))
    return str(error.value)


def test_the_file_of_a_night_is_found_by_table_and_date(tmp_path: Path) -> None:
    deliver(tmp_path, "2026-01-05/crm/customers.csv", "2026-01-06/crm/customers.csv", "2026-01-05/crm/cases.csv")
    (batch,) = pull(table_with(daily="{load_date}/crm/{table}.csv"), MONDAY, tmp_path)
    assert batch.rows.to_pylist() == [{"id": "1", "_source_file": "2026-01-05/crm/customers.csv", "_source_row": 2}]


def test_several_files_of_a_night_are_taken_in_the_order_of_their_names(tmp_path: Path) -> None:
    for number, name in enumerate(("customers_2", "customers_10", "customers_1", "other")):
        deliver(tmp_path, f"crm/{name}.csv", content=b"id\n%d\n" % number)
    batches = list(pull(table_with(history="crm/{table}_*.csv"), HISTORY, tmp_path))
    assert [batch.rows["_source_file"][0].as_py() for batch in batches] == [
        "crm/customers_1.csv",
        "crm/customers_10.csv",
        "crm/customers_2.csv",
    ]


def test_where_the_deployment_expects_nothing_there_is_no_batch(tmp_path: Path) -> None:
    assert list(pull(table_with(history="customers.csv"), MONDAY, tmp_path)) == []


def test_batches_are_of_bounded_length_and_every_row_keeps_its_line(tmp_path: Path) -> None:
    numbers = range(BATCH_ROWS * 2 + 5)
    deliver(tmp_path, "customers.csv", content=b"id\n" + b"".join(b"%d\n" % number for number in numbers) + b",\n")
    batches = list(pull(table_with(history="customers.csv"), HISTORY, tmp_path))
    assert [batch.rows.num_rows for batch in batches] == [BATCH_ROWS, BATCH_ROWS, 5]
    assert [row for batch in batches for row in batch.rows["_source_row"].to_pylist()] == [n + 2 for n in numbers]
    assert [fault.text for batch in batches for fault in batch.faults] == [","]


def test_a_missing_file_is_named_with_similar_names(tmp_path: Path) -> None:
    deliver(tmp_path, "2026-01-05/crm/customer.csv", "2026-01-05/crm/orders.parquet")
    message = problem(table_with(daily="{load_date}/crm/{table}.csv"), MONDAY, tmp_path)
    assert message.startswith("Deployment 'demo', system 'crm', table 'customers': no file")
    assert f"'2026-01-05/crm/customers.csv' in the extracts folder '{tmp_path}'" in message
    assert f"in '{tmp_path}/2026-01-05/crm': 'customer.csv'" in message
    assert "correct its pattern" in message


def test_a_missing_folder_is_named_with_similar_names(tmp_path: Path) -> None:
    deliver(tmp_path, "2026-01-04/crm/customers.csv", "history/crm/customers.csv")
    message = problem(table_with(daily="{load_date}/crm/{table}.csv"), MONDAY, tmp_path)
    assert f"Similar names in '{tmp_path}': '2026-01-04'" in message


def test_an_empty_or_missing_extracts_folder_is_reported(tmp_path: Path) -> None:
    table = table_with(history="customers.csv")
    assert "nothing" in problem(table, HISTORY, tmp_path)
    assert "extracts' does not exist" in problem(table, HISTORY, tmp_path / "extracts")


@pytest.mark.parametrize("name", ["customers.csv", "customers.csv.gz"])
def test_a_file_of_0_bytes_stops_the_night(tmp_path: Path, name: str) -> None:
    deliver(tmp_path, name, content=b"")
    assert f"file '{name}': the file has 0 bytes" in problem(table_with(history=name), HISTORY, tmp_path)


def test_the_batches_of_sound_files_come_before_the_message_about_a_bad_one(tmp_path: Path) -> None:
    deliver(tmp_path, "customers_1.csv")
    deliver(tmp_path, "customers_2.csv", content=b"")
    batches = pull(table_with(history="customers_*.csv"), HISTORY, tmp_path)
    assert next(batches).rows.num_rows == 1
    with pytest.raises(SourceError, match=r"customers_2\.csv"):
        next(batches)


@pytest.mark.parametrize("pattern", ["../customers.csv", "crm/../../customers.csv", "/etc/{table}.csv"])
def test_a_pattern_that_leads_out_of_the_extracts_folder_is_refused(tmp_path: Path, pattern: str) -> None:
    deliver(tmp_path, "customers.csv", "extracts/crm/customers.csv")
    table = table_with(history=pattern)
    assert "leads out of the extracts folder" in problem(table, HISTORY, tmp_path / "extracts")
    with pytest.raises(SourceError, match="leads out of the extracts folder"):
        available_load_dates(table.deployment, tmp_path / "extracts")


def test_a_link_that_leads_out_of_the_extracts_folder_is_refused(tmp_path: Path) -> None:
    deliver(tmp_path, "secret.csv", "extracts/inside.csv")
    (tmp_path / "extracts" / "customers.csv").symlink_to(tmp_path / "secret.csv")
    message = problem(table_with(history="customers.csv"), HISTORY, tmp_path / "extracts")
    assert "is a link that leads out of the extracts folder" in message


def test_a_link_inside_the_extracts_folder_is_followed(tmp_path: Path) -> None:
    deliver(tmp_path, "extracts/inside.csv")
    (tmp_path / "extracts" / "customers.csv").symlink_to(tmp_path / "extracts" / "inside.csv")
    (tmp_path / "link").symlink_to(tmp_path / "extracts")
    (batch,) = pull(table_with(history="customers.csv"), HISTORY, tmp_path / "link")
    assert batch.rows["_source_file"].to_pylist() == ["customers.csv"]


def test_the_load_dates_are_those_with_a_file_of_any_table(tmp_path: Path) -> None:
    table = table_with(history="history/{table}*.csv", daily="{load_date}/{table}.csv")
    assert available_load_dates(table.deployment, tmp_path) == []
    deliver(tmp_path, "2026-01-06/customers.csv", "2026-01-05/customers.csv", "2026-01-07/other.csv")
    deliver(tmp_path, "2026-02-30/customers.csv", "notes-2026/customers.csv")
    assert available_load_dates(table.deployment, tmp_path) == [MONDAY, dt.date(2026, 1, 6)]
    deliver(tmp_path, "history/customers_part1.csv")
    assert available_load_dates(table.deployment, tmp_path) == [HISTORY, MONDAY, dt.date(2026, 1, 6)]


def test_a_load_date_is_read_where_the_pattern_has_it_and_nowhere_else(tmp_path: Path) -> None:
    deliver(tmp_path, "2026-01-05_customers_2024-01-01.csv", "2026-01-06_customers_x.csv")
    table = table_with(daily="{load_date}_{table}_*.csv")
    assert available_load_dates(table.deployment, tmp_path) == [MONDAY, dt.date(2026, 1, 6)]


def test_a_table_that_comes_once_has_the_history_date_alone(tmp_path: Path) -> None:
    deliver(tmp_path, "customers.csv")
    assert available_load_dates(table_with(history="customers.csv").deployment, tmp_path) == [HISTORY]


def test_a_file_whose_name_cannot_be_shown_is_refused(tmp_path: Path) -> None:
    deliver(tmp_path, "customers_\x1b[2J.csv")
    message = problem(table_with(history="customers_*.csv"), HISTORY, tmp_path)
    assert "unprintable characters in its name 'customers_\\x1b[2J.csv'" in message


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"unpacked_ratio": 20}, "the gzip file unpacks to more than 20 times its size. If the size is right, raise"),
        ({"unpacked_gigabytes": 0.03}, "the gzip file unpacks to more than 0.03 GB. If the size is right, raise"),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_gzip_file_above_the_size_limits_stops_the_night(
    tmp_path: Path, limits: dict[str, float], message: str, kind: Literal["csv", "jsonl"]
) -> None:
    line = b'{"id": "1"}\n' if kind == "jsonl" else b'1,"............."\n'
    deliver(tmp_path, "customers.gz", content=gzip.compress(b"id,note\n" * (kind == "csv") + line * 3_000_000))
    table = table_of(Files(format=kind, history="customers.gz", **{"unpacked_ratio": 1e6, **limits}))
    assert message in problem(table, HISTORY, tmp_path)


def test_a_small_gzip_file_may_pack_as_tight_as_it_can(tmp_path: Path) -> None:
    deliver(tmp_path, "customers.csv.gz", content=gzip.compress(b"id\n" + b"1\n" * 1_000_000))
    batches = pull(table_of(Files(format="csv", history="customers.csv.gz", unpacked_ratio=2)), HISTORY, tmp_path)
    assert sum(batch.rows.num_rows for batch in batches) == 1_000_000
