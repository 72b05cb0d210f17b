"""Splits lines of delimited text into records: Arrow finds the fields, this module the line of each record.

Keep out which records may land (``delimited.py``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from orchestration.connectors.batch import Numbers
from orchestration.connectors.readers.quotes import Quotes

LINE_BREAK = re.compile("\r\n|\r|\n")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Records:
    """Records of a file in order; records with the right number of fields are rows."""

    rows: pa.Table
    is_row: npt.NDArray[np.bool_]  # per record
    field_counts: dict[int, int]  # of each record that is not a row
    lines: Numbers  # of the file, per record; then the line after the last
    bounds: Numbers  # offset in ``raw``, per record; then its length
    raw: bytes  # UTF-8, save for bytes that could not be read
    readable: bytes  # the same with a question mark for each of these

    def text(self, record: int) -> str:
        """The record as delivered, its line break included."""
        return self.raw[self.bounds[record] : self.bounds[record + 1]].decode("utf-8", "surrogateescape")

    def last_text(self) -> str:
        """The last record as delivered."""
        return self.text(len(self.is_row) - 1)

    def of_several_lines(self) -> list[int]:
        """Return the records with a line break in a field."""
        return _positions(np.diff(self.lines) > 1)

    def unreadable(self) -> list[int]:
        """Return the records with undecodable bytes."""
        if self.raw is self.readable:
            return []
        offsets = np.flatnonzero(np.frombuffer(self.raw, np.uint8) != np.frombuffer(self.readable, np.uint8))
        return sorted(set((np.searchsorted(self.bounds, offsets, side="right") - 1).tolist()))

    def empty(self) -> list[int]:
        """Return the rows without any value, including blank lines."""
        columns = self.rows.columns
        if not all(column.null_count for column in columns):
            return []
        is_empty = self.is_row.copy()
        is_empty[self.is_row] = np.logical_and.reduce([column.is_null().to_numpy() for column in columns])
        return _positions(is_empty)


def parse(text: str, names: Sequence[str], line: int, quotes: Quotes, nulls: Sequence[str] = ()) -> Records:
    """Split ``text``, whole lines of which the first is ``line`` of its file, into records.

    A record whose quote does not close ends where ``text`` ends.

    Args:
        nulls: texts besides the empty one that mean a missing value.
    """
    try:
        raw = readable = text.encode()
    except UnicodeEncodeError:
        raw, readable = text.encode("utf-8", "surrogateescape"), text.encode("utf-8", "replace")
    refused: list[pa_csv.InvalidRow] = []

    def refuse(row: pa_csv.InvalidRow) -> str:
        refused.append(row)
        return "skip"

    content = quotes.plain(readable.decode()).encode() if quotes.has_blanks else readable
    rows = pa_csv.read_csv(
        # Arrow removes a byte order mark; here it is a character of the first field.
        pa.BufferReader(BYTE_ORDER_MARK + content if content.startswith(BYTE_ORDER_MARK) else content),
        read_options=pa_csv.ReadOptions(column_names=names, use_threads=False, block_size=len(content) + 4),
        parse_options=pa_csv.ParseOptions(
            delimiter=quotes.delimiter,
            quote_char=quotes.quote or False,
            escape_char=quotes.escape or False,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=refuse,
        ),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=["", *nulls],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
            check_utf8=False,
        ),
    )
    is_row = np.ones(rows.num_rows + len(refused), np.bool_)
    is_row[np.array([row.number - 1 for row in refused], np.int64)] = False
    line_ends = _line_ends(raw)
    line_counts = np.ones(len(is_row), np.int64)
    if len(is_row) < len(line_ends):
        line_counts[is_row] += _line_breaks(rows, has_returns=b"\r" in raw)
        line_counts[~is_row] += np.array([len(LINE_BREAK.findall(row.text)) for row in refused], np.int64)
    # If a quote does not close, the last line break is also counted in the last field.
    lines = np.minimum(np.concatenate([[0], np.cumsum(line_counts)]), len(line_ends))
    return Records(
        rows=rows,
        is_row=is_row,
        field_counts={row.number - 1: row.actual_columns for row in refused},
        lines=line + lines,
        bounds=np.concatenate([[0], line_ends])[lines],
        raw=raw,
        readable=readable,
    )


def _line_ends(raw: bytes) -> Numbers:
    """The offsets after each line, which ends with a line feed, a return, both, or the end of ``raw``."""
    data = np.frombuffer(raw, np.uint8)
    is_end = data == ord("\n")
    if b"\r" in raw:
        is_return = data == ord("\r")
        is_return[:-1] &= ~is_end[1:]
        is_end |= is_return
    ends = np.flatnonzero(is_end) + 1
    return ends if raw.endswith((b"\n", b"\r")) else np.append(ends, len(raw))


def _line_breaks(rows: pa.Table, *, has_returns: bool) -> Numbers:
    """How many line breaks the values of each row hold."""
    counts = np.zeros(rows.num_rows, np.int64)
    for column in rows.columns:
        for mark, weight in (("\n", 1), ("\r", 1), ("\r\n", -1)) if has_returns else (("\n", 1),):
            counts += weight * pc.fill_null(pc.count_substring(column, mark), 0).to_numpy()
    return counts


def _positions(mask: npt.NDArray[np.bool_]) -> list[int]:
    positions: list[int] = np.flatnonzero(mask).tolist()
    return positions
