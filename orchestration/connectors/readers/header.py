"""The beginning of a delimited file: lines to skip, the header, rows to skip, and columns without a name.

Keep out the rows (``delimited.py``) and what a quote means (``quotes.py``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TextIO

import numpy as np
import pyarrow.compute as pc

from orchestration.config.files import Files
from orchestration.connectors.batch import UnreadableError, check_columns
from orchestration.connectors.readers.quotes import Quotes
from orchestration.connectors.readers.records import Records
from orchestration.connectors.readers.text import is_readable, undecoded

HEADER_CHARACTERS = 256 * 1024
USUAL_DELIMITERS = ",;\t|"
EXCEL_HINT = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


@dataclass(frozen=True)
class Header:
    """The columns of a file, and where its rows begin.

    Attributes:
        names: of every field; fields without a name have one that no export has.
        has_index: the first column has no name and numbers the rows.
        trailing: how many columns at the end have no name.
        line: the number of the line that follows.
        rest: text of that line that has already been read.
    """

    names: tuple[str, ...]
    has_index: bool
    trailing: int
    line: int
    rest: str

    @property
    def kept(self) -> list[str]:
        """The names of the columns that land."""
        return list(self.names[int(self.has_index) : len(self.names) - self.trailing])

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should know of columns that do not land."""
        index = "column 1 has no name and numbers the rows"
        last = len(self.names)
        empty = f"column {last}" if self.trailing == 1 else f"columns {last - self.trailing + 1} to {last}"
        return (*([index] if self.has_index else []), *([f"{empty}: no name and no value"] if self.trailing else []))

    def misused(self, records: Records) -> dict[int, str]:
        """Return the records with a value in a column that does not land, and the reason to refuse each."""
        found: dict[int, str] = {}
        row_numbers = np.flatnonzero(records.is_row)
        for place in range(len(self.names) - self.trailing, len(self.names)):
            for row in row_numbers[records.rows.column(place).is_valid().to_numpy()]:
                found[int(row)] = f"a value in column {place + 1}, which has no name"
        if self.has_index:
            is_number = pc.fill_null(pc.match_substring_regex(records.rows.column(0), "^[0-9]+$"), True)
            for row in row_numbers[~is_number.to_numpy()]:
                found[int(row)] = "column 1 has no name, and its value is not the number of a row"
        return found


class _Reader:
    """Reads one record after the other, and counts lines."""

    def __init__(self, text: TextIO, files: Files, quotes: Quotes) -> None:
        self.text, self.files, self.quotes = text, files, quotes
        self.line = 1

    def skip_lines(self, count: int) -> None:
        for _ in range(count):
            while (part := self.text.readline(HEADER_CHARACTERS)) and not part.endswith(("\n", "\r")):
                pass
            self.line += 1

    def record(self) -> tuple[str, int]:
        """The next record, empty at the end of the file, and the line where it begins."""
        record, start = "", self.line
        while part := self.text.readline(HEADER_CHARACTERS + 1):
            if not (record or part.strip("\r\n")):
                self.line += 1
                start = self.line
                continue
            record += part
            self.line += part.endswith(("\n", "\r"))
            if len(record) > HEADER_CHARACTERS or self.is_closed(record):
                break
        return record, start

    def check(self, record: str, line: int, noun: str) -> None:
        """Refuse a record before the rows that cannot be read."""
        if not self.is_closed(record):
            raise UnreadableError(f"line {line}: a quote in {noun} does not close", "Close it in the export")
        if len(record) > HEADER_CHARACTERS:
            raise UnreadableError(
                f"line {line}: {noun} has more than {HEADER_CHARACTERS:,} characters", "Correct the export"
            )
        if not is_readable(record):
            raise UnreadableError(
                f"line {line}: {noun} has {undecoded(record, self.files.encoding)}",
                "Set the table's 'encoding' to the file's, or export the file again",
            )

    def is_closed(self, record: str) -> bool:
        quote = self.quotes.quote
        is_paired = not self.quotes.escape and record.count(quote) % 2 == 0
        return not quote or is_paired or self.quotes.open_at(self.quotes.plain(record)) is None


def read_header(text: TextIO, files: Files, quotes: Quotes) -> Header:
    """Read everything before the first row.

    Raises:
        UnreadableError: the file has no usable header.
    """
    reader = _Reader(text, files, quotes)
    reader.skip_lines(files.skip_lines)
    record, line = reader.record()
    if hint := EXCEL_HINT.fullmatch(record):
        _check_hint(hint[1], line, quotes)
        record, line = reader.record()
    names = list(files.columns)
    if not names:
        if not record:
            raise UnreadableError("the file has no header", "Deliver an empty window as a header without rows")
        reader.check(record, line, "the header")
        names = quotes.fields(record)
        _check_delimiter(names, line, "the header", quotes)
        record, line = reader.record()
    for _ in range(files.skip_rows):
        reader.check(record, line, "a row to skip")
        record, line = reader.record()
    is_whole = record and reader.is_closed(record)
    first = quotes.fields(record) if is_whole else []
    if files.columns and len(first) < len(names):
        _check_delimiter(first, line, "the row", quotes)
    if files.columns and [field.strip().lower() for field in first] == [name.lower() for name in names]:
        raise UnreadableError(
            f"line {line}: this is a header, but 'columns' declares a file without one",
            "Remove 'columns' from the deployment's file, or skip the header by 'skip_rows: 1'",
        )
    return _without_names(names, first, line, record)


def _without_names(names: list[str], first: list[str], line: int, rest: str) -> Header:
    """The header, with its columns without a name at the beginning and the end."""
    named = [place for place, name in enumerate(names) if name.strip()]
    if not named:
        raise UnreadableError("the header has no names", "Name the columns in the export, or set 'columns'")
    has_index = named[0] == 1
    if len(first) == len(names) + 1 and not first[-1].strip():
        names = [*names, ""]
    trailing = len(names) - 1 - named[-1]
    kept = names[int(has_index) : len(names) - trailing]
    check_columns(kept, first=1 + has_index)
    filled = [*["\0index"][: int(has_index)], *kept, *(f"\0{place}" for place in range(trailing))]
    return Header(tuple(filled), has_index, trailing, line, rest)


def _check_hint(hint: str, line: int, quotes: Quotes) -> None:
    """Excel's own line with the delimiter agrees with the declared one."""
    if hint != quotes.delimiter:
        raise UnreadableError(
            f"line {line}: 'sep={hint}' says that the delimiter is {hint!r} instead of {quotes.delimiter!r}",
            f"Set the table's 'delimiter' to {hint!r}",
        )


def _check_delimiter(fields: list[str], line: int, noun: str, quotes: Quotes) -> None:
    used = [mark for mark in USUAL_DELIMITERS if mark != quotes.delimiter and fields and mark in fields[0]]
    if len(fields) == 1 and used:
        raise UnreadableError(
            f"line {line}: {noun} is one column; the delimiter seems to be {used[0]!r} instead of {quotes.delimiter!r}",
            f"Set the table's 'delimiter' to {used[0]!r}",
        )
