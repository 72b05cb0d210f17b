"""Numbers and times that a deployment declares to be written in another way: as text in the usual way.

``1.234,50`` lands as ``1234.50`` and ``02.09.2026 10:23`` as ``2026-09-02 10:23:00``; a value that is not written as
declared is a fault. Keep out what a value must be (``expectations/``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any, cast

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.base.paths import sql_text
from orchestration.config.deployment import Table
from orchestration.config.shapes import Numbers
from orchestration.connectors.batch import RESERVED_COLUMNS, Batch, Fault, SourceError

LIKE_A_THOUSAND = r"^([+-]?[1-9][0-9]{0,2}\.[0-9]{3})$"
"""A decimal that looks like a thousand of another country; text of this form is refused as an amount."""
BLANK_MARKS = " \u00a0\u202f\u2009"
APOSTROPHES = "'\u2019"
EPOCH_UNITS = {"epoch_seconds": 1_000_000, "epoch_milliseconds": 1_000}


def number_text(digits: str) -> str:
    """Return a number from a typed source as text that cannot be taken for a thousand: 1.234 as 1.2340."""
    return re.sub(LIKE_A_THOUSAND, r"\g<1>0", digits)


def number_texts(column: pa.Array | pa.ChunkedArray) -> Any:
    """The same for a column."""
    return pc.replace_substring_regex(column, LIKE_A_THOUSAND, r"\10")


def as_declared(table: Table, batches: Iterator[Batch]) -> Iterator[Batch]:
    """Yield the batches with the declared numbers and times of the table in the usual form.

    Raises:
        SourceError: a declared column is not delivered or is not text, or a time format is unknown.
    """
    if not (table.settings.numbers or table.settings.times):
        yield from batches
        return
    # closing the batches releases their file or connection at once
    with closing(cast("Any", batches)):
        for batch in batches:
            yield _rewritten(table, batch)


def _rewritten(table: Table, batch: Batch) -> Batch:
    numbers, times = table.settings.numbers, table.settings.times
    rows = batch.rows
    reasons: dict[int, list[str]] = {}
    for name in [*(numbers.columns if numbers else ()), *times]:
        place = _place(table, name, rows)
        if place is None:
            continue
        delivered = rows.column(place)
        if pa.types.is_integer(delivered.type) and {*times.get(name, ())} & {*EPOCH_UNITS}:
            delivered = delivered.cast(pa.string())
        if not pa.types.is_string(delivered.type) and not pa.types.is_large_string(delivered.type):
            if pa.types.is_null(delivered.type):
                continue
            raise SourceError(
                f"{table.label}: column '{name}' holds {delivered.type}; 'numbers' and 'times' are for text."
                f" Remove it from them in {table.deployment.file}."
            )
        if name in times:
            read, noun = _times(table, name, delivered), f"a time like {' or '.join(times[name])}"
        else:
            read, noun = numbers_read(delivered, cast("Numbers", numbers)), _noun(cast("Numbers", numbers))
        unread = pc.and_(delivered.is_valid(), read.is_null()).to_numpy()
        for row in np.flatnonzero(unread).tolist():
            reasons.setdefault(row, []).append(f"{name} is not {noun}")
        rows = rows.set_column(place, rows.column_names[place], read)
    return replace(batch, rows=rows) if not reasons else _without(batch, rows, reasons)


def _place(table: Table, name: str, rows: pa.Table) -> int | None:
    """The column, whose case does not matter; None where a file without columns or an object lacks it."""
    names = [column.lower() for column in rows.column_names]
    if name.lower() in names:
        return names.index(name.lower())
    if len(names) > len(RESERVED_COLUMNS) - 1 and table.system.kind not in {"jsonl", "rest"}:
        raise SourceError(
            f"{table.label}: 'numbers' or 'times' names the column '{name}', which is not delivered."
            f" Correct it in {table.deployment.file}, below systems: {table.system_name}: tables:"
            f" {table.table_name}:."
        )
    return None


def _noun(numbers: Numbers) -> str:
    thousands = f" and the thousands mark '{numbers.thousands}'" if numbers.thousands else ""
    return f"a number with the decimal mark '{numbers.decimal}'{thousands}"


def _times(table: Table, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    formats = table.settings.times[name]
    try:
        return times_read(column, formats)
    except duckdb.Error as error:
        raise SourceError(
            f"{table.label}: the formats of column '{name}' ({', '.join(formats)}) cannot be read"
            f" ({type(error).__name__}). Correct 'times' in {table.deployment.file}."
        ) from None


def numbers_read(column: pa.ChunkedArray, numbers: Numbers) -> Any:
    """Return the numbers with a decimal point and no other mark, null where one is not written as declared."""
    marks = {" ": BLANK_MARKS, "'": APOSTROPHES}.get(numbers.thousands or "", numbers.thousands or "")
    groups = f"|[0-9]{{1,3}}(?:[{re.escape(marks)}][0-9]{{3}})+" if marks else ""
    decimal = re.escape(numbers.decimal)
    is_number = pc.match_substring_regex(column, rf"^\s*[+-]?(?:[0-9]+{groups})(?:{decimal}[0-9]*)?\s*$")
    bare = pc.utf8_trim_whitespace(column)
    for mark in marks:
        bare = pc.replace_substring(bare, mark, "")
    if numbers.decimal != ".":
        bare = pc.replace_substring(bare, numbers.decimal, ".")
    return pc.if_else(is_number, number_texts(bare), pa.scalar(None, pa.string()))


def times_read(column: pa.ChunkedArray, formats: Sequence[str]) -> pa.ChunkedArray:
    """Return the times in ISO 8601, with an offset if their format has one; null where no format fits.

    Raises:
        duckdb.Error: a format is unknown.
    """
    read = [
        f"try(make_timestamptz(cast(round(try_cast(value as double) * {EPOCH_UNITS[text]}) as bigint)))::varchar"
        if text in EPOCH_UNITS
        else f"try_strptime(trim(value), {sql_text(text)})::varchar"
        for text in formats
    ]
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.register("delivered", pa.table([np.arange(len(column)), column], names=["row", "value"]))
        found = connection.execute(
            f"select coalesce({', '.join(read)}) as value from delivered order by row"
        ).to_arrow_table()
    return found["value"].cast(pa.string())


def _without(batch: Batch, rows: pa.Table, reasons: dict[int, list[str]]) -> Batch:
    """The batch with each row that has a reason as a fault, as it was delivered."""
    refused = batch.rows.take(pa.array(sorted(reasons), pa.int64())).to_pylist()
    faults = [
        Fault(
            row.pop("_source_file"),
            row.pop("_source_row"),
            "; ".join(why),
            json.dumps(row, ensure_ascii=False, default=str),
        )
        for row, (_, why) in zip(refused, sorted(reasons.items()), strict=True)
    ]
    is_kept: npt.NDArray[np.bool_] = np.ones(rows.num_rows, np.bool_)
    is_kept[list(reasons)] = False
    return replace(batch, rows=rows.filter(pa.array(is_kept)), faults=(*batch.faults, *faults))
