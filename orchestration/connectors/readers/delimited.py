"""Reader of delimited text (CSV): values land as text; an empty field is null, a blank line is skipped.

The file is read in blocks of whole lines; a record that spans two blocks is completed by the next block.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import numpy as np
import pyarrow as pa

from orchestration.config.systems import Files
from orchestration.connectors.batch import Batch, Fault, UnreadableError, check_columns
from orchestration.connectors.readers.quotes import Quotes
from orchestration.connectors.readers.records import LINE_BREAK, Records, parse
from orchestration.connectors.readers.text import is_readable, open_text, shown

BLOCK_CHARACTERS = 8 * 1024 * 1024
HEADER_CHARACTERS = 64 * 1024
USUAL_DELIMITERS = ",;\t|"


def read(path: Path, source_file: str, files: Files, block: int = BLOCK_CHARACTERS) -> Iterator[Batch]:
    """Yield the file's rows, at least one batch; a record must fit into a block.

    Raises:
        UnreadableError: the file has no usable header, or a quote that does not close.
    """
    quotes = Quotes(files.delimiter)
    with open_text(path, files, newline="") as text:
        names, line = _header(text, files, quotes)
        is_empty = True
        for records in _blocks(text, names, line, quotes, block):
            is_empty = False
            yield _batch(records, source_file, files.encoding, quotes)
        if is_empty:
            columns = pa.schema([(name, pa.string()) for name in names])
            yield Batch.of(columns.empty_table(), source_file, np.array([], np.int64))


def _header(text: TextIO, files: Files, quotes: Quotes) -> tuple[list[str], int]:
    """The column names, and the number of the line after them."""
    record, line = "", 1
    while part := text.readline(HEADER_CHARACTERS + 1):
        line += 1
        record = (record + part).lstrip("\r\n")
        if len(record) > HEADER_CHARACTERS or (record and quotes.open_at(record) is None):
            break
    if not record:
        raise UnreadableError("the file has no header", "Deliver an empty window as a header without rows")
    if quotes.open_at(record) is not None:
        raise UnreadableError("a quote in the header does not close", "Close it in the export")
    if len(record) > HEADER_CHARACTERS:
        raise UnreadableError(f"the header has more than {HEADER_CHARACTERS:,} characters", "Correct the export")
    if not is_readable(record):
        raise UnreadableError(
            f"line {line - 1}: the header has bytes that are not {files.encoding}",
            "Set the system's 'encoding' to the file's, or export the file again",
        )
    names = next(csv.reader([record], delimiter=files.delimiter))
    used = [mark for mark in USUAL_DELIMITERS if mark != files.delimiter and mark in names[0]]
    if len(names) == 1 and used:
        raise UnreadableError(
            f"line {line - 1}: the header is one column; the delimiter seems to be {used[0]!r} instead of"
            f" {files.delimiter!r}",
            "Set the system's 'delimiter' to the file's",
        )
    check_columns(names)
    return names, line


def _blocks(text: TextIO, names: list[str], line: int, quotes: Quotes, block: int) -> Iterator[Records]:
    """The records of the file from ``line`` on, block by block."""
    rest = ""
    while chunk := rest + (more := text.read(block)):
        end = _end_of_last_line(chunk) if more else len(chunk)
        records, open_record = _closed_records(chunk[:end], names, line, quotes)
        rest = open_record + chunk[end:]
        if records is not None:
            line = int(records.lines[-1])
        if len(rest) > block or (rest and not more):
            raise _endless(rest, line, quotes, block)
        if records is not None:
            yield records


def _end_of_last_line(text: str) -> int:
    """The end of the last complete line: a final carriage return may be half a line break."""
    return max(text.rfind("\n"), text.rfind("\r", 0, len(text) - 1)) + 1


def _closed_records(lines: str, names: list[str], line: int, quotes: Quotes) -> tuple[Records | None, str]:
    """The complete records, and the last one separately if its quote is still open."""
    if not lines:
        return None, ""
    records = parse(lines, names, line, quotes.delimiter)
    last = records.last_text()
    if quotes.open_at(last) is None:
        return records, ""
    closed = lines[: -len(last)]
    return (parse(closed, names, line, quotes.delimiter) if closed else None), last


def _endless(record: str, line: int, quotes: Quotes, block: int) -> UnreadableError:
    quote = quotes.open_at(record)
    if quote is None:
        return UnreadableError(f"line {line}: a record of more than {block:,} characters begins", "Correct the export")
    line += len(LINE_BREAK.findall(record, 0, quote))
    return UnreadableError(
        f"line {line}: a quote opens a field and does not close, so the rows after it cannot be separated",
        "Close or double the quote in the export",
    )


def _batch(records: Records, source_file: str, encoding: str, quotes: Quotes) -> Batch:
    reasons: defaultdict[int, list[str]] = defaultdict(list)
    for record, count in records.field_counts.items():
        reasons[record].append(f"{count} fields instead of {records.rows.num_columns}")
    late = {record for record in records.of_several_lines() if not quotes.are_regular(records.text(record))}
    for record in late:
        first, last = records.lines[record], records.lines[record + 1] - 1
        reasons[record].append(f"text after a closing quote, in the record of lines {first} to {last}")
    for record in records.unreadable():
        reasons[record].append(f"bytes that are not {encoding}")
    is_kept = records.is_row.copy()
    for record in records.empty():
        is_kept[record] = False
        if records.text(record).strip("\r\n"):
            reasons[record].append("every field is empty")
    is_kept[list(reasons)] = False

    faults: list[Fault] = []
    for record, why in sorted(reasons.items()):
        text = shown(records.text(record)).rstrip("\r\n")
        # A quote that closes late has swallowed rows: each of its lines counts as one rejected row.
        for offset, part in enumerate(LINE_BREAK.split(text) if record in late else [text]):
            faults.append(Fault(source_file, int(records.lines[record]) + offset, "; ".join(why), part))
    rows = records.rows if is_kept.all() else records.rows.filter(pa.array(is_kept[records.is_row]))
    return Batch.of(rows, source_file, records.lines[:-1][is_kept], faults)
