"""Reader of JSON Lines: one object per line, values as in ``json_values``.

Two batches of one file may have different columns.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from orchestration.config.files import Files
from orchestration.connectors.batch import Batch, Fault, UnreadableError
from orchestration.connectors.readers.json_values import (
    BATCH_CHARACTERS,
    BATCH_ROWS,
    Keys,
    NoRecordError,
    Record,
    batch_of,
    parse,
    record_of,
)
from orchestration.connectors.readers.text import is_readable, open_text, shown, undecoded

LINE_CHARACTERS = 8 * 1024 * 1024


def read(path: Path, source_file: str, files: Files) -> Iterator[Batch]:
    """Yield the file's rows, at least one batch.

    Raises:
        UnreadableError: the file is not text in lines.
    """
    keys = Keys()
    with open_text(path, files, newline="\n") as text:
        is_empty = True
        for lines in _batches(text):
            is_empty = False
            yield _batch(lines, source_file, files.encoding, keys)
        if is_empty:
            yield _batch([], source_file, files.encoding, keys)


def _batches(text: TextIO) -> Iterator[list[tuple[int, str]]]:
    """The file's lines with their numbers, without blank lines, in chunks."""
    lines: list[tuple[int, str]] = []
    number = size = 0
    while line := text.readline(LINE_CHARACTERS):
        number += 1
        if len(line) == LINE_CHARACTERS:
            raise UnreadableError(
                f"line {number} is longer than {LINE_CHARACTERS:,} characters",
                "Deliver one JSON object per line",
            )
        if not line.isspace():
            lines.append((number, line.rstrip("\r\n")))
            size += len(line)
        if len(lines) == BATCH_ROWS or size >= BATCH_CHARACTERS:
            yield lines
            lines, size = [], 0
    if lines:
        yield lines


def _batch(lines: Sequence[tuple[int, str]], source_file: str, encoding: str, keys: Keys) -> Batch:
    records: list[Record] = []
    numbers: list[int] = []
    faults: list[Fault] = []
    for number, line in lines:
        try:
            records.append(_record(line, encoding, keys))
            numbers.append(number)
        except NoRecordError as error:
            faults.append(Fault(source_file, number, str(error), shown(line)))
    return batch_of(records, source_file, numbers, faults)


def _record(line: str, encoding: str, keys: Keys) -> Record:
    """The object in ``line``, every value as text."""
    if not is_readable(line):
        raise NoRecordError(undecoded(line, encoding))
    try:
        return record_of(parse(line), keys, has_escapes="\\u" in line)
    except json.JSONDecodeError as error:
        raise NoRecordError(f"column {error.colno}: not valid JSON ({error.msg})") from error
    except RecursionError as error:
        raise NoRecordError("values nested too deeply") from error
