"""The query for one table and window, independent of the database: columns, order, bounds, batches.

Keep out SQL (``postgres.py``, ``sqlalchemy_source.py``).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from orchestration.config.deployment import Table, Window
from orchestration.config.systems import Sql, SqlTable
from orchestration.connectors.batch import Batch, UnreadableError, check_columns

BATCH_ROWS = 100_000
ROWS_PER_FETCH = 20_000
MAX_DIGITS = 38
"""Decimals with more digits land as text: no Parquet decimal holds them."""

CursorKind = Literal["instant", "local time", "date"]
"""A timestamp with offset, a timestamp in the source's time zone, or a date there."""


@dataclass(frozen=True)
class TableQuery:
    """A table or a query, its cursor and key, and the window."""

    source: Sql
    settings: SqlTable
    key: tuple[str, ...]
    window: Window
    name: str

    @classmethod
    def of(cls, table: Table, window: Window) -> TableQuery:
        """Return the query that the deployment declares for ``table``."""
        if table.system.sql is None:
            raise TypeError(f"{table.name} is not pulled from a database")
        settings = table.settings.sql or SqlTable()
        name = settings.table or table.table_name
        schema = table.system.sql.database_schema
        is_qualified = schema is None or "." in name
        return cls(
            table.system.sql, settings, table.delivered_key, window, name if is_qualified else f"{schema}.{name}"
        )

    @property
    def query(self) -> str | None:
        """The declared query, ready to be put into parentheses; None for a table."""
        # the line break ends a line comment at the end of the query
        return self.settings.query and self.settings.query.strip().rstrip(";") + "\n"

    @property
    def qualified_name(self) -> tuple[str | None, str]:
        """Schema, if any, and name of the table."""
        schema, _, name = self.name.rpartition(".")
        return schema or None, name

    @property
    def order(self) -> tuple[str, ...]:
        """The columns that define the order, and so the numbers, of the rows."""
        cursor = (self.settings.cursor,) if self.settings.cursor else ()
        return (*cursor, *(column for column in self.key if column not in cursor))

    def check(self, columns: Sequence[str]) -> None:
        """Check that the columns can land and include the cursor and the key.

        Raises:
            UnreadableError: a column cannot land or is missing; the message lists similar columns.
        """
        check_columns(columns)
        for column in self.order:
            if column not in columns:
                near = difflib.get_close_matches(column, columns, n=3) or sorted(columns)[:8]
                raise UnreadableError(
                    f"the {'cursor' if column == self.settings.cursor else 'key'} column '{column}' does not exist"
                    f" (similar columns: {', '.join(near)})",
                    "Write its name as the database does, including upper and lower case",
                )

    def bounds(self, kind: CursorKind) -> tuple[datetime | date | None, datetime | date]:
        """Return the window's bounds as cursor values: inclusive start, exclusive end."""
        zone = ZoneInfo(self.source.timezone)
        start = None if self.window.start is None else bound(self.window.start, kind, zone)
        return start, bound(self.window.end, kind, zone)

    def batches(self, tables: Iterator[pa.Table], empty: pa.Table) -> Iterator[Batch]:
        """Yield the rows in order, in batches of at most 100,000; at least one batch."""
        row_count = 0
        for rows in tables:
            for start in range(0, rows.num_rows, BATCH_ROWS):
                part = rows.slice(start, BATCH_ROWS)
                row_numbers = np.arange(row_count + 1, row_count + part.num_rows + 1)
                row_count += part.num_rows
                yield Batch.of(part, self.name, row_numbers)
        if not row_count:
            yield Batch.of(empty, self.name, np.array([], np.int64))


def bound(instant: datetime, kind: CursorKind, zone: ZoneInfo) -> datetime | date:
    """Return an instant as a cursor value: rows with a smaller cursor changed before the instant.

    The result depends only on the instant, so adjacent windows share a bound: no row is lost or pulled twice.
    """
    if kind == "instant":
        return instant
    there = instant.astimezone(zone)
    if kind == "date":
        return there.date()  # this day has not ended in the source's time zone
    local = there.replace(tzinfo=None)
    first, again = there.utcoffset(), there.replace(fold=1).utcoffset()
    if there.fold == 0 and first is not None and again is not None and again < first:
        local -= first - again  # the clock goes back: this local hour will occur again
    return local


def wrong_cursor(column: str, kind: str) -> UnreadableError:
    """Return the error for a cursor that is neither a timestamp nor a date."""
    return UnreadableError(
        f"the cursor '{column}' is of type {kind}; a window needs a timestamp or a date",
        "Set another cursor, or a query that casts it",
    )


def as_arrow(name: str, values: Sequence[object], kind: pa.DataType) -> pa.Array:
    """Return a column's values as an Arrow array.

    Raises:
        UnreadableError: a value is not of that type.
    """
    try:
        return pa.array(values, kind)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        raise not_of_type(name, kind) from None  # the original message quotes the value


def not_of_type(name: str, kind: pa.DataType) -> UnreadableError:
    """Return the error for a value that its column's type cannot hold."""
    return UnreadableError(
        f"column '{name}' holds a value that is not of type {kind} (such as NaN in a decimal)",
        "Correct the value, or set a query that casts the column to text",
    )
