"""Tests the keys of ``cx360 check`` on whole windows: rows of one key with different content would lose all but one.

Keep out what a key means for a landed table (gate 1, the doors).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

import duckdb

from orchestration.config.deployment import Table
from orchestration.connectors.batch import Batch
from orchestration.connectors.sources import pull

MOST_ROWS = 5_000_000
MOST_SECONDS = 30


@dataclass(frozen=True)
class KeyTest:
    """The key of one window, tested row by row.

    Attributes:
        is_whole: whether every row of the window was read.
        missing: key columns that are not delivered.
        empty_count: rows without a value in a key column.
        hidden_count: rows that another row of the same key and change time would replace though it differs.
    """

    load_date: date
    row_count: int
    is_whole: bool
    missing: tuple[str, ...] = ()
    empty_count: int = 0
    hidden_count: int = 0

    @property
    def read(self) -> str:
        """What was read, in words."""
        part = "all" if self.is_whole else "the first"
        return f"{part} {self.row_count:,} rows of load date {self.load_date}"


def key_test(table: Table, load_date: date, extracts: Path, changed_at: Sequence[str]) -> KeyTest:
    """Test the table's key on a window, up to ``MOST_ROWS`` rows or ``MOST_SECONDS``.

    Args:
        changed_at: delivered columns that date the changes of a record: rows that differ in them are its versions.

    Raises:
        PipelineError: the source cannot be reached, or its delivery is unusable.
    """
    row_count, is_whole, until = 0, True, time.monotonic() + MOST_SECONDS
    with (
        duckdb.connect(config={"memory_limit": "1GB", "threads": 2}) as connection,
        closing(cast("Any", pull(table, load_date, extracts))) as batches,
    ):
        connection.execute("create table seen (key_hash ubigint, content_hash ubigint, is_empty boolean)")
        for batch in cast("Iterator[Batch]", batches):
            known = {name.lower(): name for name in batch.rows.column_names}
            missing = tuple(name for name in table.delivered_key if name.lower() not in known)
            if missing and batch.rows.num_rows:
                return KeyTest(load_date, batch.rows.num_rows, False, missing)
            if batch.rows.num_rows:
                _note(connection, batch, [known[name.lower()] for name in table.delivered_key], changed_at)
                row_count += batch.rows.num_rows
            if row_count >= MOST_ROWS or time.monotonic() > until:
                is_whole = False
                break
        [(empty, hidden)] = connection.execute(
            """
            with contents as (select distinct key_hash, content_hash from seen where not is_empty),
            hidden as (select count(*) - 1 as row_count from contents group by key_hash)
            select (select count(*) from seen where is_empty), (select coalesce(sum(row_count), 0) from hidden)
            """
        ).fetchall()
    return KeyTest(load_date, row_count, is_whole, (), int(empty), int(hidden))


def _note(connection: duckdb.DuckDBPyConnection, batch: Batch, key: Sequence[str], changed_at: Sequence[str]) -> None:
    content = [name for name in batch.rows.column_names if name not in {"_source_file", "_source_row"}]
    dated = [name for name in content if name.lower() in {each.lower() for each in changed_at}]
    connection.register("batch", batch.rows)
    connection.execute(
        f"""
        insert into seen
        select hash({_listed([*key, *dated])}), hash({_listed([*key, *content])}),
            {" or ".join(f"{_quoted(name)} is null" for name in key)}
        from batch
        """
    )
    connection.unregister("batch")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(_quoted, names))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
