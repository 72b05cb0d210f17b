"""What is asked of a database for one table and window, in no database's own words.

Add here what every way of asking needs to know; keep out SQL (``postgres.py``, ``anywhere.py``).
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

CursorKind = Literal["instant", "local time", "date"]
"""A time with an offset, a time of the source's own zone, or a day there."""


@dataclass(frozen=True)
class Asked:
    """What is asked: a table or a query, its cursor and key, and the window."""

    source: Sql
    settings: SqlTable
    key: tuple[str, ...]
    window: Window
    name: str

    @classmethod
    def of(cls, table: Table, window: Window) -> Asked:
        """What the deployment says of ``table``."""
        if table.system.sql is None:
            raise TypeError(f"{table.name} is not pulled from a database")
        settings = table.settings.sql or SqlTable()
        return cls(table.system.sql, settings, table.delivered_key, window, settings.table or table.table_name)

    @property
    def query(self) -> str | None:
        """The query whose rows are asked for, fit to stand in parentheses; None for a table."""
        return self.settings.query and self.settings.query.strip().rstrip(";") + "\n"  # it may end in a comment

    @property
    def place(self) -> tuple[str | None, str]:
        """Schema and name of the table."""
        schema, _, name = self.name.rpartition(".")
        return schema or None, name

    @property
    def order(self) -> tuple[str, ...]:
        """The columns that rows are numbered by."""
        cursor = (self.settings.cursor,) if self.settings.cursor else ()
        return (*cursor, *(column for column in self.key if column not in cursor))

    def check(self, columns: Sequence[str]) -> None:
        """Refuse columns that cannot land, and a cursor or key that is none of them.

        Raises:
            UnreadableError: which, and what there is instead.
        """
        check_columns(columns)
        for column in self.order:
            if column not in columns:
                near = difflib.get_close_matches(column, columns, n=3) or sorted(columns)[:8]
                raise UnreadableError(
                    f"there is no column '{column}', which the deployment names as its"
                    f" {'cursor' if column == self.settings.cursor else 'key'} (there: {', '.join(near)})",
                    "Name it as the database does, in upper and lower case too",
                )

    def bounds(self, kind: CursorKind) -> tuple[datetime | date | None, datetime | date]:
        """The window in the cursor's own terms: from the first on, before the second."""
        zone = ZoneInfo(self.source.timezone)
        start = None if self.window.start is None else bound(self.window.start, kind, zone)
        return start, bound(self.window.end, kind, zone)

    def batches(self, tables: Iterator[pa.Table], empty: pa.Table) -> Iterator[Batch]:
        """Rows in their order as batches of bounded length, at least one."""
        row_count = 0
        for rows in tables:
            for start in range(0, rows.num_rows, BATCH_ROWS):
                part = rows.slice(start, BATCH_ROWS)
                places = np.arange(row_count + 1, row_count + part.num_rows + 1)
                row_count += part.num_rows
                yield Batch.of(part, self.name, places)
        if not row_count:
            yield Batch.of(empty, self.name, np.array([], np.int64))


def bound(instant: datetime, kind: CursorKind, zone: ZoneInfo) -> datetime | date:
    """An end of a window as a value of the cursor: what is before it happened before ``instant``.

    It depends on the instant alone, so where one window ends the next one begins: no row is lost or taken twice.
    """
    if kind == "instant":
        return instant
    there = instant.astimezone(zone)
    if kind == "date":
        return there.date()  # that day is not over there
    local = there.replace(tzinfo=None)
    first, again = there.utcoffset(), there.replace(fold=1).utcoffset()
    if there.fold == 0 and first is not None and again is not None and again < first:
        local -= first - again  # this hour comes again: times that look earlier are still to come
    return local


def wrong_cursor(column: str, kind: str) -> UnreadableError:
    """A cursor that is no time."""
    return UnreadableError(
        f"the cursor '{column}' is of type {kind}, and a window is asked for by a timestamp or a date",
        "Name another column, or give a query that casts it",
    )


def as_arrow(name: str, values: Sequence[object], kind: pa.DataType) -> pa.Array:
    """Values of a column in its type.

    Raises:
        UnreadableError: a value is none of that type.
    """
    try:
        return pa.array(values, kind)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        raise not_of_type(name, kind) from None  # the library's message quotes the value


def not_of_type(name: str, kind: pa.DataType) -> UnreadableError:
    """A value that its column's type cannot hold."""
    return UnreadableError(
        f"column '{name}' holds a value that is no {kind} (like NaN in a decimal)",
        "Mend the value, or give a query that casts the column to text",
    )
