"""Proposes the settings that would read a delivery, where its shape is recognisable; ``cx360 check`` prints them.

Add here how a shape is recognised; keep out how it is read (``readers/``).
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import duckdb
import pyarrow as pa
import yaml

from orchestration.base.errors import PipelineError
from orchestration.config.deployment import Table
from orchestration.config.files import Files
from orchestration.config.shapes import BLANKS, FileShape, Numbers
from orchestration.connectors.batch import RESERVED_COLUMNS, Batch
from orchestration.connectors.drops import drops_of, files_of
from orchestration.connectors.files import NOTHING_LANDED
from orchestration.connectors.readers.header import EXCEL_HINT
from orchestration.connectors.readers.text import first_bytes, likely_encoding
from orchestration.connectors.readers.values import numbers_read, times_read
from orchestration.connectors.sources import available_load_dates, pull

HEAD_BYTES = 256 * 1024
ROWS = 1_000
MOST_HEADER_ROWS = 3
NULLS = ("\\N", "NULL", "N/A", "#N/A", "NA", "NaN", "nan", "null", "None")
MARKS = ((",", "."), (".", ","), (",", " "), (".", "'"), (",", None), (".", None))
"""Decimal and thousands marks."""
PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
LIKE_A_THOUSAND = re.compile(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}")
DIGITS_OF_OTHERS = re.compile(r"[+0][0-9 ].*")
"""Telephone numbers and codes that begin with a zero are no numbers."""
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
DAYS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y%m%d", "%d.%m.%y", "%d %b %Y", "%b %d, %Y")
FORMATS = tuple(day + clock for day in DAYS for clock in CLOCKS)


def proposed_settings(table: Table, extracts: Path) -> str:
    """Return the lines to add to the table in the deployment's file; empty if none is recognisable.

    They show column names and no values. The newest delivery is looked at, and only its beginning.
    """
    found: dict[str, Any] = {}
    try:
        if table.system.files and files_of(table).format == "csv":
            shape = _shape(table, extracts)
            if shape:
                found["files"] = {**_declared(table), **shape}
                table = _with(table, files=FileShape.model_validate(found["files"]))
        rows = _first_rows(table, extracts)
    except (PipelineError, OSError, ValueError):
        rows = None
    if rows is not None:
        found |= _values(table, rows, found)
    lines = [
        yaml.safe_dump({name: value}, default_flow_style=None, allow_unicode=True, sort_keys=False, width=10_000)
        for name, value in found.items()
    ]
    return "".join(lines).rstrip("\n")


def _declared(table: Table) -> dict[str, Any]:
    return table.settings.files.model_dump(exclude_unset=True, mode="json") if table.settings.files else {}


def _with(table: Table, **settings: Any) -> Table:
    own = table.settings.model_copy(update=settings)
    system = table.system.model_copy(update={"tables": {table.table_name: own}})
    return replace(table, deployment=table.deployment.model_copy(update={"systems": {table.system_name: system}}))


def _shape(table: Table, extracts: Path) -> dict[str, Any]:
    """The settings of the newest file that differ from the declared ones."""
    files = files_of(table)
    drops = drops_of(table, extracts, NOTHING_LANDED)
    newest = next((found for day in sorted(drops.days(), reverse=True) if (found := drops.of(day))), None)
    if not newest:
        return {}
    with drops.location.fetched(newest[-1]) as path:
        return shape_of(path, files)


def shape_of(path: Path, files: Files) -> dict[str, Any]:
    """Return the settings of a delimited file that differ from the declared ones, by its beginning.

    Raises:
        UnreadableError: the file is compressed and damaged.
    """
    head = first_bytes(path, files, HEAD_BYTES)
    shape: dict[str, Any] = {}
    encoding = likely_encoding(head, files.encoding)
    if encoding != files.encoding:
        shape["encoding"] = encoding
    text = head.decode(encoding, "ignore").lstrip("\ufeff")
    if len(head) == HEAD_BYTES:
        text = text[: text.rfind("\n") + 1]
    return shape | _dialect(text, files)


@dataclass(frozen=True)
class _Sniffed:
    """What DuckDB's sniffer finds, and the first rows."""

    delimiter: str
    quote: str
    escape: str
    skipped: int
    has_header: bool
    columns: list[str]
    rows: list[tuple[str | None, ...]]


def _sniffed(text: str) -> _Sniffed | None:
    with tempfile.TemporaryDirectory(prefix="cx360-") as folder, duckdb.connect() as connection:
        copy = Path(folder) / "head.csv"
        copy.write_text(text, encoding="utf-8", newline="")
        try:
            delimiter, quote, escape, skipped, has_header, columns = connection.execute(
                "select Delimiter, Quote, Escape, SkipRows, HasHeader, list_transform(Columns, lambda x: x.name)"
                " from sniff_csv($path, sample_size = -1)",
                {"path": str(copy)},
            ).fetchall()[0]
            quote = "'" if quote == "'" else '"'
            rows = connection.execute(
                "from read_csv($path, auto_detect = false, header = false, all_varchar = true, delim = $delimiter,"
                " quote = $quote, escape = $escape, skip = $skip, null_padding = true, columns = $columns) limit 1000",
                {
                    "path": str(copy),
                    "delimiter": delimiter,
                    "quote": quote,
                    "escape": "\\" if escape == "\\" else quote,
                    "skip": skipped,
                    "columns": {f"c{place}": "VARCHAR" for place in range(len(columns))},
                },
            ).fetchall()
        except duckdb.Error:
            return None
    return _Sniffed(delimiter, quote, escape, skipped, has_header, columns, rows)


def _dialect(text: str, files: Files) -> dict[str, Any]:
    """Delimiter, quote, header and rows to skip that differ from the declared ones."""
    first, _, rest = text.partition("\n")
    has_hint = bool(EXCEL_HINT.fullmatch(first))
    text = rest if has_hint else text
    found = _sniffed(text) if text.strip() else None
    if not found:
        return {}
    lines = [line.split() for line in text.splitlines()]
    if len(found.columns) == 1 and len(lines) > 1 and all(len(line) == len(lines[0]) > 1 for line in lines):
        by_blanks = replace(
            found,
            columns=lines[0],
            rows=[tuple(line) for line in lines[:ROWS]],
            has_header=not _is_data(lines[0]),
        )
        return ({"delimiter": BLANKS} if files.delimiter != BLANKS else {}) | _head(by_blanks, files)
    proposed = {
        "delimiter": found.delimiter if len(found.columns) > 1 else files.delimiter,
        "quote": "'" if found.quote == "'" else files.quote,
        "escape": "\\" if found.escape == "\\" else files.escape,
        "skip_lines": found.skipped + has_hint if found.skipped and not files.skip_lines else files.skip_lines,
    }
    return {name: value for name, value in proposed.items() if value != getattr(files, name)} | _head(found, files)


def _head(found: _Sniffed, files: Files) -> dict[str, Any]:
    """The names of columns without a header, or the rows below the header that are not data."""
    is_index = bool(found.rows) and not (found.rows[0][0] or "").strip()
    if files.columns or files.skip_rows:
        return {}
    if not (found.has_header and not (found.rows and _is_data(found.rows[0]))) and not is_index:
        return {"columns": [f"column_{place}" for place in range(1, len(found.columns) + 1)]}
    count = _header_rows(found.rows[1:]) if found.has_header else 0
    return {"skip_rows": count} if count else {}


def _is_data(row: Sequence[str | None]) -> bool:
    """Whether a first row cannot be a header: it holds an address, or figures in half of its fields."""
    return any("@" in (value or "") for value in row) or 2 * sum(map(_is_figure, row)) >= len(row)


def _header_rows(rows: Sequence[Sequence[str | None]]) -> int:
    """How many of the first rows hold words where all others hold numbers or times."""
    for count in range(1, MOST_HEADER_ROWS + 1):
        heads, others = rows[:count], rows[count:]
        if len(heads) < count or not others:
            return 0
        kinds = [[_is_figure(row[place]) for row in others if row[place]] for place in range(len(rows[0]))]
        figures = [place for place, kind in enumerate(kinds) if kind and all(kind)]
        if figures:
            is_head = [all(row[place] and not _is_figure(row[place]) for place in figures) for row in heads]
            return count if all(is_head) else 0
    return 0


def _is_figure(value: str | None) -> bool:
    return bool(value and re.fullmatch(r"\s*[+-]?[0-9][0-9.,:/TZ +-]*\s*", value))


def _first_rows(table: Table, extracts: Path) -> pa.Table | None:
    system = table.system.model_copy(update={"tables": {table.table_name: table.settings}})
    alone = table.deployment.model_copy(update={"systems": {table.system_name: system}})
    days = available_load_dates(alone, extracts)
    for load_date in dict.fromkeys([*days[-1:], *days[:1]]):
        with closing(cast("Any", pull(table, load_date, extracts))) as batches:
            for batch in cast("Iterator[Batch]", batches):
                if batch.rows.num_rows:
                    return batch.rows.slice(0, ROWS)
    return None


def _values(table: Table, rows: pa.Table, found: Mapping[str, Any]) -> dict[str, Any]:
    """The texts that mean a missing value, and the columns whose numbers and times are written in another way."""
    proposed: dict[str, Any] = {}
    nulls: list[str] = []
    numbers: dict[tuple[str, str | None], list[str]] = {}
    times: dict[str, str] = {}
    declared = {name.lower() for name in table.settings.times}
    declared |= {name.lower() for name in (table.settings.numbers.columns if table.settings.numbers else ())}
    for name in rows.column_names:
        column = rows[name]
        if name in RESERVED_COLUMNS or name.lower() in declared or not pa.types.is_string(column.type):
            continue
        values = {value.strip() for value in column.drop_null().to_pylist()} - {""}
        tokens = values & {*NULLS}
        values -= tokens
        if not values:
            continue
        if marks := marks_of(values):
            numbers.setdefault(marks, []).append(name)
        elif time := time_format_of(values):
            times[name] = time
        if tokens - {"NA", "None"} or (tokens and (marks or time or all(map(_is_figure, values)))):
            nulls += sorted(tokens)
    if nulls and table.system.files:
        known = list(files_of(table).nulls)
        proposed["files"] = {**_declared(table), **found.get("files", {}), "nulls": list(dict.fromkeys(known + nulls))}
    if numbers and not table.settings.numbers:
        (decimal, thousands), columns = max(numbers.items(), key=lambda item: len(item[1]))
        marked = {"columns": columns, "decimal": decimal}
        proposed["numbers"] = marked | ({"thousands": thousands} if thousands else {})
    if times:
        proposed["times"] = {**{name: list(known) for name, known in table.settings.times.items()}, **times}
    return proposed


def marks_of(values: set[str]) -> tuple[str, str | None] | None:
    """Return decimal and thousands mark of values that are all numbers; None if they are plain ones, or no numbers."""
    is_plain = all(PLAIN_NUMBER.fullmatch(value) for value in values)
    if any(DIGITS_OF_OTHERS.fullmatch(value) for value in values):
        return None
    if is_plain and not any(LIKE_A_THOUSAND.fullmatch(value) for value in values):
        return None
    for decimal, thousands in MARKS:
        is_used = thousands is None or any(thousands in value for value in values)
        numbers = Numbers.model_validate({"columns": ["x"], "decimal": decimal, "thousands": thousands})
        if is_used and not numbers_read(pa.chunked_array([list(values)], pa.string()), numbers).null_count:
            return decimal, thousands
    return None


def time_format_of(values: set[str]) -> str | None:
    """Return the first usual format that reads all values; None if DuckDB reads them as they are, or none does."""
    if not all(re.search("[0-9]{2}", value) and len(value) <= 30 for value in values):
        return None
    column = pa.chunked_array([list(values)], pa.string())
    with duckdb.connect() as connection:
        connection.register("delivered", pa.table([column], names=["value"]))
        unread = connection.execute(
            "select count(*) from delivered where try_cast(value as timestamptz) is null"
        ).fetchall()[0][0]
    if unread < len(values):
        return None
    return next((text for text in FORMATS if not times_read(column, [text]).null_count), None)
