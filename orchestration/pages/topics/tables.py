"""The page of tables and columns: what each holds, from the comments of the published file."""

from __future__ import annotations

from collections import defaultdict
from functools import partial

from orchestration.pages.page import Build, Page
from orchestration.pages.parts import Cell, Section, Table
from orchestration.pages.source import Row, Source
from orchestration.pages.topics.definitions import metrics_of_tables
from orchestration.pages.words import counted

SCHEMAS = {
    "marts": ("Answers", "Marts: one table per answer and grain."),
    "star": ("Star schema", "Dimensions, facts and maps that the answers are made from."),
    "quality": ("The night", "What ran, and what was checked."),
}


def _schema(source: Source, schema: str) -> Section | None:
    tables = [row for row in source.rows("tables") if row["schema_name"] == schema]
    if not tables:
        return None
    columns: dict[str, list[Row]] = defaultdict(list)
    for column in source.rows("columns"):
        if column["schema_name"] == schema:
            columns[column["table_name"]].append(column)
    anchors = metrics_of_tables()
    title, lead = SCHEMAS[schema]
    return Section(title, [_table(row, columns[row["table_name"]], anchors) for row in tables], lead)


def _table(table: Row, columns: list[Row], anchors: dict[str, str]) -> Table:
    name = f"{table['schema_name']}.{table['table_name']}"
    metric = anchors.get(table["table_name"])
    return Table(
        name,
        f"{name}, {counted(table['row_count'], 'row')}. {table['comment'] or ''}",
        ("Column", "Type", "Meaning"),
        [
            [
                Cell(column["column_name"], anchor=f"{name}.{column['column_name']}"),
                Cell(column["data_type"]),
                Cell(column["comment"] or ""),
            ]
            for column in columns
        ],
        anchor=name,
        more=Cell("How its figures are defined", href=f"definitions.html#{metric}") if metric else None,
    )


SECTIONS: tuple[Build, ...] = tuple(partial(_schema, schema=schema) for schema in SCHEMAS)
PAGE = Page("tables", "Tables and columns", "What does each published table and column hold?", SECTIONS)
