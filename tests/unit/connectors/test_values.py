"""Declared numbers and times land in the usual form; a value that is not written as declared is a fault."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.config.deployment import Table
from orchestration.config.files import Files
from orchestration.connectors.batch import Batch, SourceError
from orchestration.connectors.sources import pull
from tests.unit.connectors.deliveries import table_of


def declared(files: Files, **settings: Any) -> Table:
    """A table of files with declared values."""
    table = table_of(files)
    own = type(table.settings).model_validate({**table.settings.model_dump(exclude_unset=True), **settings})
    system = table.system.model_copy(update={"tables": {"customers": own}})
    deployment = table.deployment.model_copy(update={"systems": {"crm": system}})
    return Table(deployment=deployment, system_name="crm", table_name="customers")


def taken(folder: Path, values: list[str], **settings: Any) -> tuple[list[Any], list[str]]:
    """What lands of ``values``, one a line, and the reasons of the faults."""
    path = folder / "customers.csv"
    path.write_text("\n".join(["x", *(f'"{value}"' for value in values)]) + "\n", encoding="utf-8")
    batches = pulled(declared(Files(format="csv", history=path.name), **settings), folder)
    rows = [row for batch in batches for row in batch.rows["x"].to_pylist()]
    return rows, [fault.reason for batch in batches for fault in batch.faults]


def pulled(table: Table, folder: Path) -> list[Batch]:
    return list(pull(table, table.deployment.history_load_date, folder))


@pytest.mark.parametrize(
    ("marks", "good", "bad"),
    [
        (
            {"decimal": ",", "thousands": "."},
            {"1.234": "1234", "1.234,5": "1234.5", "-12,50": "-12.50", "1234": "1234", "1.234.567,00": "1234567.00"},
            ["1.23", "12.34", "1,234.5", "1.2345", "1234.567", "€ 3", "1,2,3"],
        ),
        ({"decimal": ","}, {"1234,5": "1234.5", "1,234": "1.2340", "0,125": "0.125"}, ["1.234", "1.5", "1.234,5"]),
        ({"thousands": ","}, {"1,234": "1234", "1,234.50": "1234.50", "1.234": "1.2340"}, ["1,23", "1.234,50"]),
        (
            {"decimal": ",", "thousands": " "},
            {"1 234,50": "1234.50", "1\u00a0234": "1234", "1\u202f234,5": "1234.5", " 7 ": "7"},
            ["1 23", "1.234"],
        ),
        ({"thousands": "'"}, {"1'234.50": "1234.50", "1\u2019234": "1234"}, ["1'23"]),
        ({}, {"1.234": "1.2340", "12.5": "12.5", "1234.567": "1234.567"}, ["1,5", "1e3"]),
    ],
    ids=["german", "comma", "english", "blank", "swiss", "point"],
)
def test_numbers_are_read_by_their_declared_marks_or_refused(
    tmp_path: Path, marks: dict[str, str], good: dict[str, str], bad: list[str]
) -> None:
    rows, reasons = taken(tmp_path, [*good, *bad], numbers={"columns": ["X"], **marks})
    assert rows == list(good.values())
    assert len(reasons) == len(bad)
    assert f"with the decimal mark '{marks.get('decimal', '.')}'" in reasons[0]
    assert not any(value in reason for value, reason in zip(bad, reasons, strict=True))


@pytest.mark.parametrize(
    ("formats", "good", "bad"),
    [
        ("%d.%m.%Y %H:%M", {"02.09.2026 10:23": "2026-09-02 10:23:00"}, ["2026-09-02 10:23", "32.09.2026 10:23"]),
        (["%d.%m.%Y", "%d.%m.%Y %H:%M:%S"], {"02.09.2026": "2026-09-02 00:00:00"}, ["09/02/2026"]),
        ("%m/%d/%Y %I:%M %p", {"09/02/2026 10:23 PM": "2026-09-02 22:23:00"}, ["13/02/2026 10:23 PM"]),
        ("%d %b %Y %H:%M:%S %z", {"02 Sep 2026 10:23:45 +0200": "2026-09-02 08:23:45+00"}, ["02 Sep 2026"]),
        (
            "epoch_seconds",
            {"1788344625": "2026-09-02 10:23:45+00", "1788344625.5": "2026-09-02 10:23:45.5+00"},
            ["soon", "9" * 19, "9" * 40, "inf", "nan"],
        ),
        ("epoch_milliseconds", {"1788344625250": "2026-09-02 10:23:45.25+00"}, ["1.5e3x", "9" * 30]),
    ],
)
def test_times_are_read_by_their_declared_formats_or_refused(
    tmp_path: Path, formats: Any, good: dict[str, str], bad: list[str]
) -> None:
    rows, reasons = taken(tmp_path, [*good, *bad], times={"x": formats})
    assert rows == list(good.values())
    assert [reason.startswith("x is not a time like ") for reason in reasons] == [True] * len(bad)


def test_a_refused_row_is_a_fault_with_its_line_and_all_its_values_as_delivered(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text('id,total,at\n1,1.5,x\n2,"1.234,5",02.09.2026\n', encoding="utf-8")
    table = declared(
        Files(format="csv", history="customers.csv"),
        numbers={"columns": ["total"], "decimal": ",", "thousands": "."},
        times={"at": "%d.%m.%Y"},
    )
    (batch,) = pulled(table, tmp_path)
    assert [(fault.source_file, fault.source_row, fault.text) for fault in batch.faults] == [
        ("customers.csv", 2, '{"id": "1", "total": "1.5", "at": "x"}')
    ]
    assert "total is not a number" in batch.faults[0].reason
    assert "at is not a time like %d.%m.%Y" in batch.faults[0].reason
    assert batch.rows.to_pylist() == [
        {"id": "2", "total": "1234.5", "at": "2026-09-02 00:00:00", "_source_file": "customers.csv", "_source_row": 3}
    ]


def test_a_column_that_is_not_delivered_or_not_text_stops_the_night(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"'y', which is not delivered.*deployments/demo/deployment\.yml"):
        taken(tmp_path, ["1"], numbers={"columns": ["y"]})
    with pytest.raises(SourceError, match=r"formats of column 'x' \(%Q\) cannot be read"):
        taken(tmp_path, ["1"], times={"x": "%Q"})
    pq.write_table(pa.table({"x": [1.5]}), tmp_path / "customers.parquet")
    table = declared(Files(format="parquet", history="customers.parquet"), numbers={"columns": ["x"]})
    with pytest.raises(SourceError, match="column 'x' holds double"):
        pulled(table, tmp_path)


def test_an_object_without_the_declared_key_is_a_row_without_a_value(tmp_path: Path) -> None:
    (tmp_path / "customers.jsonl").write_text('{"id": 1}\n', encoding="utf-8")
    table = declared(Files(format="jsonl", history="customers.jsonl"), times={"at": "epoch_seconds"})
    assert [batch.rows.num_rows for batch in pulled(table, tmp_path)] == [1]
