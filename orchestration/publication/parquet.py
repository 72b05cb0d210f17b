"""The Parquet files of a version: star and marts, each file with the comments of its table and columns.

The metadata of a file has ``description``, the comment of the table, and ``columns``, a JSON object of the comment of
each column. Add here what the files hold; keep out when they are written (``publication.py``).
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from orchestration.base.paths import sql_text

SCHEMAS = ("star", "marts")


def write_parquet(connection: duckdb.DuckDBPyConnection, database: str, folder: Path) -> None:
    """Write every table of star and marts of an attached database to ``<folder>/<table>.parquet``."""
    tables = connection.execute(
        """
        select
            tables.schema_name, tables.table_name, coalesce(tables.comment, ''),
            list(columns.column_name order by columns.column_index),
            list(coalesce(columns.comment, '') order by columns.column_index)
        from duckdb_tables() as tables
        inner join duckdb_columns() as columns using (database_name, schema_name, table_name)
        where database_name = ? and list_contains(?, schema_name)
        group by all
        order by all
        """,
        [database, list(SCHEMAS)],
    ).fetchall()
    for schema, table, comment, columns, comments in tables:
        described = json.dumps(dict(zip(columns, comments, strict=True)), ensure_ascii=False)
        connection.execute(
            f"copy {database}.{schema}.{table} to {sql_text(folder / f'{table}.parquet')}"
            " (format parquet, compression zstd,"
            f" kv_metadata {{description: {sql_text(comment)}, columns: {sql_text(described)}}})"
        )
