"""Reader of delimited text (CSV): values land as text; an empty field is null, a blank line is skipped.

The file is read in blocks of whole lines; a record that spans two blocks is completed by the next block.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import numpy as np
import pyarrow as pa

from orchestration.config.files import Files
from orchestration.connectors.batch import Batch, Fault, UnreadableError
from orchestration.connectors.readers.header import Header, read_header
from orchestration.connectors.readers.quotes import Quotes
from orchestration.connectors.readers.records import LINE_BREAK, Records, parse
from orchestration.connectors.readers.text import open_text, shown, undecoded

BLOCK_CHARACTERS = 8 * 1024 * 1024


def read(path: Path, source_file: str, files: Files, block: int = BLOCK_CHARACTERS) -> Iterator[Batch]:
    """Yield the file's rows, at least one batch; a record must fit into a block.

    Raises:
        UnreadableError: the file has no usable header, or a quote that does not close.
    """
    quotes = Quotes(files)
    with open_text(path, files, newline="") as text:
        header = read_header(text, files, quotes)
        is_empty = True
        for records in _blocks(text, header, files, quotes, block):
            is_empty = False
            yield replace(_batch(records, source_file, files.encoding, header, quotes), remarks=header.remarks)
        if is_empty:
            columns = pa.schema([(name, pa.string()) for name in header.kept])
            yield Batch.of(columns.empty_table(), source_file, np.array([], np.int64))


def _blocks(text: TextIO, header: Header, files: Files, quotes: Quotes, block: int) -> Iterator[Records]:
    """The records of the file after its header, block by block."""
    rest, line = header.rest, header.line

    def parsed(lines: str) -> Records:
        return parse(lines, header.names, line, quotes, files.nulls)

    while chunk := rest + (more := text.read(block)):
        end = _end_of_last_line(chunk) if more else len(chunk)
        records, open_record = _closed_records(chunk[:end], parsed, quotes)
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


def _closed_records(lines: str, parsed: Callable[[str], Records], quotes: Quotes) -> tuple[Records | None, str]:
    """The complete records, and the last one separately if its quote is still open."""
    if not lines:
        return None, ""
    records = parsed(lines)
    last = records.last_text()
    if quotes.open_at(quotes.plain(last)) is None:
        return records, ""
    closed = lines[: -len(last)]
    return (parsed(closed) if closed else None), last


def _endless(record: str, line: int, quotes: Quotes, block: int) -> UnreadableError:
    record = quotes.plain(record)
    quote = quotes.open_at(record)
    if quote is None:
        return UnreadableError(f"line {line}: a record of more than {block:,} characters begins", "Correct the export")
    line += len(LINE_BREAK.findall(record, 0, quote))
    return UnreadableError(
        f"line {line}: a quote opens a field and does not close, so the rows after it cannot be separated",
        "Close or double the quote in the export",
    )


def _batch(records: Records, source_file: str, encoding: str, header: Header, quotes: Quotes) -> Batch:
    late = {record for record in records.of_several_lines() if not quotes.are_regular(records.text(record))}
    reasons = _reasons(records, encoding, header, quotes, late)
    is_kept = records.is_row.copy()
    for record in records.empty():
        is_kept[record] = False
        if quotes.plain(records.text(record)).strip("\r\n"):
            reasons[record].append("every field is empty")
    is_kept[list(reasons)] = False

    faults: list[Fault] = []
    for record, why in sorted(reasons.items()):
        text = shown(records.text(record)).rstrip("\r\n")
        # A quote that closes late has swallowed rows: each of its lines counts as one rejected row.
        for offset, part in enumerate(LINE_BREAK.split(text) if record in late else [text]):
            faults.append(Fault(source_file, int(records.lines[record]) + offset, "; ".join(why), part))
    rows = records.rows.select(header.kept)
    rows = rows if is_kept.all() else rows.filter(pa.array(is_kept[records.is_row]))
    return Batch.of(rows, source_file, records.lines[:-1][is_kept], faults)


def _reasons(
    records: Records, encoding: str, header: Header, quotes: Quotes, late: set[int]
) -> defaultdict[int, list[str]]:
    """Why records cannot land."""
    reasons: defaultdict[int, list[str]] = defaultdict(list)
    for record, reason in header.misused(records).items():
        reasons[record].append(reason)
    for record, count in records.field_counts.items():
        reasons[record].append(f"{count} fields instead of {records.rows.num_columns}")
    for record in late:
        first, last = records.lines[record], records.lines[record + 1] - 1
        reasons[record].append(f"text after a closing quote, in the record of lines {first} to {last}")
    for record in _with_escapes(records, quotes):
        if record not in late and not quotes.are_regular(records.text(record)):
            reasons[record].append("a backslash before a quote; if it belongs to the field, set 'escape'")
    for record in records.unreadable():
        reasons[record].append(undecoded(records.text(record), encoding))
    return reasons


def _with_escapes(records: Records, quotes: Quotes) -> list[int]:
    if not quotes.undeclared or quotes.undeclared.encode() not in records.raw:
        return []
    return [record for record in range(len(records.is_row)) if quotes.undeclared in records.text(record)]
