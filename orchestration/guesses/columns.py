"""What the values of a delivered column are: numbers, times, codes, ids, and how they are written.

Keep out what a column means for the warehouse (``maps.py``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import duckdb
import pyarrow as pa

from orchestration.base.paths import sql_text
from orchestration.connectors.batch import RESERVED_COLUMNS
from orchestration.connectors.proposals import NULLS, PLAIN_NUMBER, marks_of, time_format_of
from orchestration.connectors.readers.values import times_read

Kind = Literal["empty", "whole", "amount", "time", "boolean", "text", "other"]

MOST_VALUES = 100_000
"""Distinct values of a column that are looked at."""
MOST_CODES = 30
"""A column with more distinct values is not taken as codes."""
SHARE_OF_ADDRESSES = 0.9
ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([ T].*)?")
OFFSET = re.compile(r"(:[0-9.]+ *(Z|[+-][0-9]{2}(:?[0-9]{2})?|UTC|GMT))$")
LIKE_A_DAY = re.compile(r"[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{1,4}|[0-9]{1,2} [A-Za-z]{3} |[A-Za-z]{3} [0-9]{1,2}, ")
"""Only values of this form are tried as times, which takes a query per format."""
DAY_OF_DIGITS = re.compile(r"(19|20)[0-9]{2}(0[1-9]|1[0-2])[0-9]{2}")
CODE_WITH_ZERO = re.compile(r"0[0-9]+")
WHOLE = re.compile(r"[+-]?[0-9]+(\.0*)?")
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
EPOCHS = {"epoch_seconds": (5e8, 4e9), "epoch_milliseconds": (5e11, 4e12)}


@dataclass(frozen=True)
class Column:
    """A delivered column.

    Attributes:
        values: distinct values as text, at most ``MOST_VALUES``, without missing ones.
        tokens: texts that mean a missing value.
        marks: decimal and thousands mark of numbers that are not written like 1234.5.
        formats: of times that are not ISO 8601.
        is_ambiguous: day and month of the format could be swapped.
        newest: the latest day among times.
    """

    name: str
    kind: Kind
    row_count: int
    filled_count: int
    distinct_count: int
    values: frozenset[str] = frozenset()
    tokens: tuple[str, ...] = ()
    marks: tuple[str, str | None] | None = None
    format: str | None = None
    has_offset: bool = False
    is_ambiguous: bool = False
    newest: date | None = None
    lowest: float | None = None
    highest: float | None = None

    @property
    def is_unique(self) -> bool:
        """Whether every row has a value of its own."""
        return 0 < self.row_count == self.filled_count == self.distinct_count

    @property
    def is_number(self) -> bool:
        """Whether it holds numbers."""
        return self.kind in {"whole", "amount"}

    @property
    def codes(self) -> tuple[str, ...]:
        """The values of a column of codes; none if there are too many."""
        return tuple(sorted(self.values)) if len(self.values) <= MOST_CODES else ()

    @property
    def holds_addresses(self) -> bool:
        """Whether nearly all values are e-mail addresses."""
        count = sum(bool(ADDRESS.fullmatch(value)) for value in self.values)
        return self.kind == "text" and count >= SHARE_OF_ADDRESSES * max(1, len(self.values))

    def as_time(self) -> Column | None:
        """The column as times, where its whole numbers may be seconds or milliseconds since 1970."""
        if self.kind == "time":
            return self
        for name, (low, high) in EPOCHS.items():
            if self.kind == "whole" and self.lowest is not None and self.highest is not None:
                seconds = self.highest / (1000 if name == "epoch_milliseconds" else 1)
                if low <= self.lowest and self.highest <= high:
                    newest = date.fromordinal(719_163 + int(seconds // 86_400))
                    return replace(self, kind="time", format=name, has_offset=True, newest=newest)
        return None


def columns_of(rows: duckdb.DuckDBPyConnection, timezone: str = "UTC") -> list[Column]:
    """Return the columns of the table ``delivered``.

    Args:
        timezone: of the days of times with an offset.
    """
    rows.execute(f"set TimeZone = {sql_text(timezone)}")
    described = rows.execute("describe delivered").fetchall()
    return [_column(rows, name, kind) for name, kind, *_ in described if name not in RESERVED_COLUMNS]


def _column(rows: duckdb.DuckDBPyConnection, name: str, sql_type: str) -> Column:
    known = quoted(name)
    is_plain = not re.search(r"\[|STRUCT|MAP|BLOB|JSON|UNION", sql_type)
    text = f"trim(cast({known} as varchar))"
    row_count, filled, distinct = rows.execute(
        f"select count(*), count({known}), count(distinct {known}) from delivered"
    ).fetchall()[0]
    column = Column(name, "other", row_count, filled, distinct)
    if not is_plain:
        return column
    found = rows.execute(f"select distinct {text} from delivered where {known} is not null limit {MOST_VALUES}")
    values = frozenset(value for (value,) in found.fetchall() if value)
    if not values:
        return replace(column, kind="empty")
    if sql_type == "VARCHAR":
        return _with_newest(rows, _of_text(replace(column, values=values)))
    return _with_newest(rows, _of_type(replace(column, values=values), sql_type))


def _of_type(column: Column, sql_type: str) -> Column:
    """A typed column."""
    if sql_type.startswith(("TIMESTAMP", "DATE")):
        return replace(column, kind="time", has_offset="TIME ZONE" in sql_type)
    if sql_type == "BOOLEAN":
        return replace(column, kind="boolean")
    if re.match("U?(TINY|SMALL|BIG|HUGE)?INT|DECIMAL|DOUBLE|FLOAT", sql_type):
        is_whole = all(WHOLE.fullmatch(value) for value in column.values)
        return _with_bounds(replace(column, kind="whole" if is_whole else "amount"))
    return replace(column, kind="text")


def _of_text(column: Column) -> Column:
    """A column of text: what all its values can be read as."""
    tokens = column.values & {*NULLS}
    values = column.values - tokens
    found = _read(replace(column, values=values)) if values else replace(column, kind="empty")
    is_missing = tokens if found.kind != "text" else tokens - {"NA", "None", "null"}
    kept = values if found.kind != "text" else column.values - is_missing
    # a text such as NA may be a code among others
    return replace(found, tokens=tuple(sorted(is_missing)), values=kept)


def _read(column: Column) -> Column:
    values = column.values
    if all(DAY_OF_DIGITS.fullmatch(value) for value in values):
        digits = pa.chunked_array([list(values)], pa.string())
        if not times_read(digits, ["%Y%m%d"]).null_count:
            return replace(column, kind="time", format="%Y%m%d")
    if any(CODE_WITH_ZERO.fullmatch(value) for value in values):
        return replace(column, kind="text")
    if {value.lower() for value in values} <= {"true", "false"}:
        return replace(column, kind="boolean")
    marks = marks_of(set(values))
    if marks or all(PLAIN_NUMBER.fullmatch(value) for value in values):
        is_whole = all(WHOLE.fullmatch(_plain(value, marks)) for value in values)
        return _with_bounds(replace(column, kind="whole" if is_whole else "amount", marks=marks))
    return _as_time(column)


def _as_time(column: Column) -> Column:
    values = column.values
    if all(ISO_DAY.fullmatch(value) for value in values):
        offsets = sum(bool(OFFSET.search(value)) for value in values)
        return replace(column, kind="time", has_offset=2 * offsets > len(values))
    written = time_format_of(set(values)) if all(LIKE_A_DAY.match(value) for value in values) else None
    if written:
        return replace(column, kind="time", format=written, is_ambiguous=_is_ambiguous(values, written))
    return replace(column, kind="text")


def _plain(value: str, marks: tuple[str, str | None] | None) -> str:
    decimal, thousands = marks or (".", None)
    for mark in {" ": " \u00a0\u202f\u2009", "'": "'\u2019"}.get(thousands or "", thousands or ""):
        value = value.replace(mark, "")
    return value.replace(decimal, ".").strip()


def _is_ambiguous(values: frozenset[str], written: str) -> bool:
    """Whether the format with day and month swapped reads all values as well."""
    swapped = written.translate(str.maketrans("dm", "md")) if re.search("%d.%m|%m.%d", written) else ""
    return bool(swapped) and not times_read(pa.chunked_array([list(values)], pa.string()), [swapped]).null_count


def _with_bounds(column: Column) -> Column:
    numbers = [float(_plain(value, column.marks)) for value in column.values]
    return replace(column, lowest=min(numbers), highest=max(numbers))


def _with_newest(rows: duckdb.DuckDBPyConnection, column: Column) -> Column:
    if column.kind != "time":
        return column
    known = quoted(column.name)
    if column.format:
        time = f"try_strptime(trim({known}), {sql_text(column.format)})"
    else:
        time = f"try_cast({known} as {'timestamptz' if column.has_offset else 'timestamp'})"
    [(newest,)] = rows.execute(f"select max(cast({time} as date)) from delivered").fetchall()
    return replace(column, newest=newest)


def quoted(name: str) -> str:
    """Return a column's name in SQL, in quotes."""
    return '"' + name.replace('"', '""') + '"'
