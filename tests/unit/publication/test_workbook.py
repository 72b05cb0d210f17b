"""The workbook as openpyxl reads it: figures, formats, definitions, and text that stays text."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from openpyxl.workbook import Workbook

from orchestration.config.deployment import load_deployment
from orchestration.publication.workbook import CUT, EXCEL_TEXT, write_workbook

LONG = "mart_change_by_lifecycle_stage_"
MANIFEST: dict[str, Any] = {
    "version": "2026-01-31-0a1b2c3d",
    "as_of_date": "2026-01-31",
    "published_at": "2026-02-01T02:00:00",
    "questions": {"nps": ["mart_scores"], "retention": [f"{LONG}monthly", f"{LONG}quarterly", "mart_customers"]},
}
HOSTILE = (
    '=HYPERLINK("http://x")',
    "+1",
    "-1",
    "@SUM(A1)",
    "http://example.com",
    "<script>",
    "_x0041_",
    "a\x01b",
    "\u202eabc",
    "007",
)


def written(tmp_path: Path, *statements: str, **options: Any) -> tuple[Workbook, list[str]]:
    """The workbook of a small version, read back, and what was cut."""
    file = tmp_path / "figures.xlsx"
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            create schema marts;
            create table marts.mart_scores (
                segment varchar, month_start_date date, is_complete boolean, answer_count bigint,
                response_rate decimal(18, 6), revenue_amount decimal(18, 2), nps decimal(18, 6), answered_at timestamp,
                score double
            );
            insert into marts.mart_scores values
                ('vip', date '2026-01-01', true, 1234, 0.256, 1234.5, -12.345678,
                    timestamp '2026-01-31 10:20:30', 'nan'),
                ('retail', null, false, 0, null, null, null, null, null);
            comment on table marts.mart_scores is 'One row per segment.';
            comment on column marts.mart_scores.nps is '=Promoters minus detractors.';
            create table marts.{LONG}monthly as select 1 as answer_count;
            create table marts.{LONG}quarterly as select 2 as answer_count;
            create table marts.mart_customers (customer_id varchar);
            create table marts.mart_unlisted (segment varchar);
            """
        )
        for statement in statements:
            connection.execute(statement)
        notes = write_workbook(connection, load_deployment("demo"), file, MANIFEST, **options)
    assert [path.name for path in tmp_path.iterdir()] == ["figures.xlsx"]
    return openpyxl.load_workbook(file), notes


def test_every_mart_without_customers_has_a_sheet_with_its_figures(tmp_path: Path) -> None:
    book, notes = written(tmp_path)
    assert notes == []
    assert book.sheetnames == [
        "contents",
        "scores",
        "change_by_lifecycle_stage_month"[:31],
        "change_by_lifecycle_stage_quart"[:31],
        "definitions",
    ]
    rows = list(book["scores"].iter_rows(values_only=True))
    assert rows[0][:4] == ("segment", "month_start_date", "is_complete", "answer_count")
    assert rows[1] == ("retail", None, False, 0, None, None, None, None, None)
    moment = datetime.fromisoformat("2026-01-31T10:20:30")
    assert rows[2] == ("vip", datetime.fromisoformat("2026-01-01"), True, 1234, 0.256, 1234.5, -12.345678, moment, None)


def test_numbers_have_the_format_of_their_name_or_type(tmp_path: Path) -> None:
    book, _ = written(tmp_path)
    formats = [cell.number_format for cell in book["scores"][3]]
    assert formats[1:8] == ["yyyy-mm-dd", "General", "#,##0", "0.0 %", "#,##0.00", "#,##0.00", "yyyy-mm-dd hh:mm"]


def test_a_sheet_can_be_filtered_and_its_headings_stay_and_lead_to_their_definitions(tmp_path: Path) -> None:
    book, _ = written(tmp_path)
    sheet = book["scores"]
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref == "A1:I3"
    link = sheet["G1"].hyperlink.location
    assert link.replace("'", "") == "definitions!A8"
    assert [cell.value for cell in book["definitions"][8]] == [
        "mart_scores",
        "nps",
        "decimal(18,6)",
        "=Promoters minus detractors.",
    ]
    assert book["definitions"]["D8"].data_type == "s"


def test_the_contents_name_version_day_and_every_mart_with_a_link(tmp_path: Path) -> None:
    book, _ = written(tmp_path)
    values = [row for row in book["contents"].iter_rows(values_only=True) if any(row)]
    assert ("Version", "2026-01-31-0a1b2c3d", None, None) in values
    assert ("As of", "2026-01-31", None, None) in values
    assert ("mart_scores", 2, "nps", "One row per segment.") in values
    links = {cell.value: cell.hyperlink.location for cell in book["contents"]["A"] if cell.hyperlink}
    assert links["mart_scores"].strip("'").startswith("scores")
    colours = [book[name].sheet_properties.tabColor.rgb for name in book.sheetnames[1:4]]
    assert colours[0] != colours[1] == colours[2]


def test_sheet_names_that_excel_would_cut_to_the_same_stay_apart(tmp_path: Path) -> None:
    table = "create table marts.mart_change_by_lifecycle_stage_quartiles (answer_count bigint)"
    with pytest.MonkeyPatch.context() as patch:
        names = [*MANIFEST["questions"]["retention"], "mart_change_by_lifecycle_stage_quartiles"]
        patch.setitem(MANIFEST, "questions", {"retention": names})
        book, _ = written(tmp_path, table)
    assert len(set(book.sheetnames)) == len(book.sheetnames) == 5
    assert max(map(len, book.sheetnames)) <= 31


@pytest.mark.parametrize("text", HOSTILE)
def test_text_stays_text(text: str, tmp_path: Path) -> None:
    quoted = text.replace("'", "''")
    book, _ = written(tmp_path, f"update marts.mart_scores set segment = '{quoted}'")
    cell = book["scores"]["A2"]
    assert openpyxl.utils.escape.unescape(cell.value) == text
    assert cell.data_type == "s"
    assert cell.hyperlink is None
    assert cell.quotePrefix == (text[0] in "=+-@")


def test_a_text_that_no_cell_can_hold_is_cut_and_said(tmp_path: Path) -> None:
    book, notes = written(tmp_path, "update marts.mart_scores set segment = repeat('x', 40000)")
    value = book["scores"]["A2"].value
    assert len(value) == EXCEL_TEXT
    assert value.endswith(CUT)
    assert notes == ["2 texts were cut at 32,767 characters, which is all that a cell holds"]


def test_a_mart_that_does_not_fit_is_cut_with_a_note_on_its_sheet(tmp_path: Path) -> None:
    many = "insert into marts.mart_scores (segment) select 'x' || i from range(100) as r (i)"
    book, notes = written(tmp_path, many, most_rows=50)
    assert notes == ["mart_scores: 50 of 102 rows are shown; the published file has all"]
    rows = list(book["scores"].iter_rows(values_only=True))
    assert len(rows) == 52
    assert rows[-1][0] == notes[0]
    assert notes[0] in [cell.value for cell in book["contents"]["D"]]
