"""The marts of a version as an Excel workbook: contents, one sheet per mart in the colour of its question, definitions.

Tables with a row per customer are left out. Text is inert: no cell becomes a formula or a link, whatever it begins
with. Keep out which version it is of, and where the file goes (``cli/export.py``, the site).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import cycle
from pathlib import Path
from typing import Any

import duckdb
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from orchestration.base import durable
from orchestration.config.deployment import Deployment

EXCEL_ROWS, EXCEL_TEXT, EXCEL_NAME = 1_048_576, 32_767, 31
"""What a sheet, a cell and the name of a sheet can hold."""

CONTENTS, DEFINITIONS = "contents", "definitions"
CUT = " ... (cut: a cell holds no more)"
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
"""Of the questions' tabs: the palette of Okabe and Ito, which people with any colour vision tell apart."""

OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
FORMATS = (
    (r"_(rate|probability)(_low|_high|_change)?$", "0.0 %"),
    (r"_amount(_low|_high|_change)?$", "#,##0.00"),
    (r"_(count|days|months)$", "#,##0"),
)
"""Number formats by the ending of a column's name (docs/naming.md); the others follow from the type."""


@dataclass(frozen=True)
class Column:
    """A column of a mart."""

    name: str
    kind: str
    description: str

    @property
    def number_format(self) -> str:
        """The format of its cells."""
        for pattern, number_format in FORMATS:
            if re.search(pattern, self.name):
                return number_format
        if self.kind == "DATE":
            return "yyyy-mm-dd"
        if self.kind.startswith("TIMESTAMP"):
            return "yyyy-mm-dd hh:mm"
        return "#,##0" if self.kind.endswith("INT") or self.kind == "INTEGER" else "#,##0.00"


@dataclass(frozen=True)
class Mart:
    """A mart and its sheet."""

    question: str
    name: str
    sheet: str
    description: str
    row_count: int
    columns: Sequence[Column]
    definition_row: int
    """The row of its first column on the sheet of definitions, from 1."""

    def shown_rows(self, most_rows: int) -> int:
        """How many rows its sheet has room for, beside the heading, and the note if there are more."""
        room = min(most_rows, EXCEL_ROWS - 1)
        return self.row_count if self.row_count <= room else min(room, EXCEL_ROWS - 2)


def write_workbook(
    connection: duckdb.DuckDBPyConnection,
    deployment: Deployment,
    file: Path,
    manifest: Mapping[str, Any],
    most_rows: int = EXCEL_ROWS,
) -> list[str]:
    """Write the marts into an Excel file, which appears whole or not at all.

    Args:
        connection: to the published file.
        manifest: of its version.
        most_rows: rows of a mart that a sheet shows at most.

    Returns:
        What was cut, for the person who asked for the file.

    Raises:
        OSError: the file cannot be written.
    """
    marts = _marts(connection, manifest)
    notes = [note for mart in marts if (note := _note(mart, most_rows))]
    new = durable.new_of(file)
    with xlsxwriter.Workbook(new, OPTIONS) as book:
        made = _Book(book, connection, list(dict.fromkeys(mart.question for mart in marts)), most_rows)
        made.write_contents(marts, deployment, manifest)
        for mart in marts:
            made.write_mart(mart)
        made.write_definitions(marts)
    durable.sync(new)
    new.replace(file)
    if made.cut_texts:
        notes.append(f"{made.cut_texts:,} texts were cut at {EXCEL_TEXT:,} characters, which is all that a cell holds")
    return notes


def _marts(connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any]) -> list[Mart]:
    """The published marts that have no row per customer, by question."""
    rows = connection.execute(
        """
        select table_name, coalesce(tables.comment, ''),
            list({name: column_name, kind: columns.data_type, description: coalesce(columns.comment, '')}
                order by column_index)
        from duckdb_columns() as columns
        inner join duckdb_tables() as tables using (database_name, schema_name, table_name)
        where database_name = current_database() and schema_name = 'marts'
        group by all
        having not list_contains(list(column_name), 'customer_id')
        """
    ).fetchall()
    found = {name: (description, [Column(**column) for column in columns]) for name, description, columns in rows}
    questions = manifest.get("questions") or {"marts": sorted(found)}
    marts: list[Mart] = []
    sheets, next_row = {CONTENTS, DEFINITIONS}, 2
    for question, names in questions.items():
        for name in names:
            if name in found:
                description, columns = found[name]
                sheet = _sheet_name(name.removeprefix("mart_"), sheets)
                [(row_count,)] = connection.execute(f'select count(*) from marts."{name}"').fetchall()
                marts.append(Mart(question, name, sheet, description, row_count, columns, next_row))
                sheets.add(sheet.lower())
                next_row += len(columns)
    return marts


def _sheet_name(name: str, taken: set[str]) -> str:
    """A name that Excel takes and that no other sheet has, whatever the case of its letters."""
    plain = re.sub(r"[\[\]:*?/\\']", "_", name)
    short, number = plain[:EXCEL_NAME], 1
    while short.lower() in taken:
        number += 1
        short = f"{plain[: EXCEL_NAME - len(f'~{number}')]}~{number}"
    return short


def _note(mart: Mart, most_rows: int) -> str:
    shown = mart.shown_rows(most_rows)
    if shown == mart.row_count:
        return ""
    return f"{mart.name}: {shown:,} of {mart.row_count:,} rows are shown; the published file has all"


class _Book:
    """The workbook while it is written; every sheet from its first row to its last, as constant memory requires."""

    def __init__(
        self,
        book: xlsxwriter.Workbook,
        connection: duckdb.DuckDBPyConnection,
        questions: Sequence[str],
        most_rows: int,
    ) -> None:
        self.book, self.connection, self.most_rows, self.cut_texts = book, connection, most_rows, 0
        self.colours = dict(zip(questions, cycle(COLOURS), strict=False))
        self.formats: dict[str, Format] = {}
        self.heading = book.add_format({"bold": True, "bottom": 1, "bg_color": "#E8EEF4", "font_color": "#000000"})
        self.link = book.add_format({"underline": 1, "font_color": "#0B5394"})
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.bold = book.add_format({"bold": True})
        self.alarm = book.add_format({"bold": True, "font_color": "#B00000"})
        # the mark that keeps a text a text also when somebody edits the cell
        self.quoted = book.add_format({"quote_prefix": True})

    def write_contents(self, marts: Sequence[Mart], deployment: Deployment, manifest: Mapping[str, Any]) -> None:
        """Write what the file is, and the marts of each question with links to their sheets."""
        sheet = self.book.add_worksheet(CONTENTS)
        sheet.set_column(0, 0, 44)
        sheet.set_column(1, 2, 14)
        sheet.set_column(3, 3, 100)
        facts = (
            ("Company", deployment.name),
            ("Version", str(manifest["version"])),
            ("As of", str(manifest["as_of_date"])),
            ("Published, UTC", str(manifest.get("published_at", ""))[:16].replace("T", " ")),
            ("Amounts in", deployment.currency),
            ("Empty cell", "not known, or on too few answers or customers to be shown"),
        )
        sheet.write_string(0, 0, "Customer experience: the published figures", self.title)
        for row, (name, value) in enumerate(facts, start=1):
            sheet.write_string(row, 0, name, self.bold)
            self._text(sheet, row, 1, value)
        row = len(facts) + 2
        for column, name in enumerate(("Table", "Rows", "Question", "What it says")):
            sheet.write_string(row, column, name, self.heading)
        for mart in marts:
            row += 1
            sheet.write_url(row, 0, f"internal:'{mart.sheet}'!A1", self.link, mart.name)
            sheet.write_number(row, 1, mart.row_count, self._number("#,##0"))
            sheet.write_string(row, 2, mart.question)
            note = _note(mart, self.most_rows)
            self._text(sheet, row, 3, note or mart.description, self.alarm if note else None)

    def write_mart(self, mart: Mart) -> None:
        """Write a mart; each heading leads to its definition."""
        sheet = self.book.add_worksheet(mart.sheet)
        sheet.set_tab_color(self.colours[mart.question])
        shown = mart.shown_rows(self.most_rows)
        for position, column in enumerate(mart.columns):
            sheet.set_column(position, position, max(11, min(len(column.name) + 3, 40)))
            target = f"internal:'{DEFINITIONS}'!A{mart.definition_row + position}"
            sheet.write_url(0, position, target, self.heading, column.name)
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, shown, len(mart.columns) - 1)
        formats = [self._number(column.number_format) for column in mart.columns]
        for row, values in enumerate(self._rows(mart, shown), start=1):
            for position, value in enumerate(values):
                self._value(sheet, row, position, value, formats[position])
        if shown < mart.row_count:
            sheet.write_string(shown + 1, 0, _note(mart, self.most_rows), self.alarm)

    def write_definitions(self, marts: Sequence[Mart]) -> None:
        """Write what every column means."""
        sheet = self.book.add_worksheet(DEFINITIONS)
        for position, (name, width) in enumerate((("table", 40), ("column", 34), ("type", 16), ("definition", 120))):
            sheet.set_column(position, position, width)
            sheet.write_string(0, position, name, self.heading)
        sheet.freeze_panes(1, 2)
        row = 0
        for mart in marts:
            for column in mart.columns:
                row += 1
                sheet.write_url(row, 0, f"internal:'{mart.sheet}'!A1", self.link, mart.name)
                sheet.write_string(row, 1, column.name)
                sheet.write_string(row, 2, column.kind.lower())
                self._text(sheet, row, 3, column.description)
        sheet.autofilter(0, 0, row, 3)

    def _rows(self, mart: Mart, count: int) -> Iterator[tuple[Any, ...]]:
        cursor = self.connection.cursor()
        found = cursor.execute(f'select * from marts."{mart.name}" order by all limit {count}')
        while rows := found.fetchmany(10_000):
            yield from rows

    def _number(self, number_format: str) -> Format:
        if number_format not in self.formats:
            self.formats[number_format] = self.book.add_format({"num_format": number_format})
        return self.formats[number_format]

    def _value(self, sheet: Worksheet, row: int, column: int, value: Any, number: Format) -> None:
        """Write a value by its type; nothing for a null, and for what no spreadsheet can calculate with."""
        match value:
            case None:
                return
            case bool():
                sheet.write_boolean(row, column, value)
            case int() | float() | Decimal():
                if math.isfinite(value):
                    sheet.write_number(row, column, float(value), number)
            case date() if value.year >= 1900:
                at = value.replace(tzinfo=None) if isinstance(value, datetime) else value
                sheet.write_datetime(row, column, at, number)
            case _:
                self._text(sheet, row, column, str(value))

    def _text(self, sheet: Worksheet, row: int, column: int, value: str, look: Format | None = None) -> None:
        if len(value) > EXCEL_TEXT:
            self.cut_texts += 1
            value = value[: EXCEL_TEXT - len(CUT)] + CUT
        sheet.write_string(row, column, value, look or (self.quoted if value[:1] in set("=+-@\t\r") else None))
