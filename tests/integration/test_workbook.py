"""The workbook of a night holds the figures of its marts."""

from __future__ import annotations

import math
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from orchestration.cli.export import export_workbook
from tests.integration.conftest import Company

pytestmark = pytest.mark.xdist_group("demo nights")


def is_same(cell: object, value: object) -> bool:
    """Whether a cell holds a value of a mart: numbers with 15 digits, days as midnights."""
    if isinstance(value, Decimal | float) and isinstance(cell, int | float):
        return math.isclose(cell, value, rel_tol=1e-14)
    if isinstance(value, date) and not isinstance(value, datetime):
        return cell == datetime.combine(value, time())
    return cell == value


def test_every_mart_without_customers_is_in_the_workbook_with_the_same_rows(
    demo_night: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CX360_HOME", str(demo_night.home.root.parent))
    file = tmp_path / "cx360.xlsx"
    [line] = export_workbook(demo_night.deployment, file)
    assert demo_night.manifest()["version"] in line
    book = openpyxl.load_workbook(file, read_only=True)
    listed = {row[0]: row[2] for row in book["contents"].iter_rows(min_row=10, values_only=True) if row[0]}
    marts = demo_night.query(
        """
        select table_name from duckdb_columns() where schema_name = 'marts'
        group by table_name having not list_contains(list(column_name), 'customer_id')
        """
    )
    assert set(listed) == {mart for (mart,) in marts}
    assert {"nps", "retention", "clv"} <= set(listed.values())
    definitions = list(book["definitions"].iter_rows(min_row=2, values_only=True))
    # contents and sheets list the marts in the same order
    for mart, sheet in zip(listed, book.sheetnames[1:-1], strict=True):
        [headings, *rows] = list(book[sheet].iter_rows(values_only=True))
        expected = demo_night.query(f"select * from marts.{mart} order by all")
        assert len(rows) == len(expected), mart
        for row, wanted in zip(rows, expected, strict=True):
            assert all(map(is_same, row, wanted)), (mart, row, wanted)
        assert list(headings) == [column for table, column, *_ in definitions if table == mart]
