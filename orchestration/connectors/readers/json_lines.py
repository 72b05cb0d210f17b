"""JSON Lines: one object per line, every value as text.

Numbers land digit by digit as delivered, nested values as compact JSON, an empty text as null. A batch's columns are
the keys of its objects in the order they first appear, so that two batches of one file may differ in their columns.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn, TextIO

import numpy as np
import pyarrow as pa

from orchestration.connectors.batch import Batch, Fault, UnreadableError, check_columns
from orchestration.connectors.readers.text import is_readable, open_text, shown
from orchestration.system_settings import Files

BATCH_ROWS = 50_000
BATCH_CHARACTERS = 16 * 1024 * 1024
LINE_CHARACTERS = 8 * 1024 * 1024


def read(path: Path, source_file: str, files: Files) -> Iterator[Batch]:
    """Yield the file's rows, at least one batch.

    Raises:
        UnreadableError: the file is no text of lines, or its keys cannot be columns.
    """
    with open_text(path, files, newline="\n") as text:
        is_empty = True
        for lines in _batches(text):
            is_empty = False
            yield _batch(lines, source_file, files.encoding)
        if is_empty:
            yield _batch([], source_file, files.encoding)


def _batches(text: TextIO) -> Iterator[list[tuple[int, str]]]:
    """The file's lines with their numbers, blank ones left out, some at a time."""
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


def _batch(lines: Sequence[tuple[int, str]], source_file: str, encoding: str) -> Batch:
    records: list[dict[str, str | None]] = []
    places: list[int] = []
    faults: list[Fault] = []
    for number, line in lines:
        try:
            records.append(_record(line, encoding))
            places.append(number)
        except _NoRecordError as error:
            faults.append(Fault(source_file, number, str(error), shown(line)))
    names = list(dict.fromkeys(key for record in records for key in record))
    check_columns(names)
    columns = [pa.array([record.get(name) or None for record in records], pa.string()) for name in names]
    return Batch.of(pa.Table.from_arrays(columns, names=names), source_file, np.array(places, np.int64), faults)


class _NoRecordError(ValueError):
    """Why a line is no record."""


class _Number(str):
    """A number as its digits were delivered."""

    __slots__ = ()


_TEXTS = frozenset({str, _Number, type(None)})


def _record(line: str, encoding: str) -> dict[str, str | None]:
    """The object of ``line``, every value as text."""
    if not is_readable(line):
        raise _NoRecordError(f"bytes that are not {encoding}")
    try:
        record = _DECODER.decode(line)
        if not isinstance(record, dict):
            raise _NoRecordError("column 1: valid JSON, but no object")
        if not _TEXTS.issuperset(map(type, record.values())):
            record = {key: _text(value) for key, value in record.items()}
    except json.JSONDecodeError as error:
        raise _NoRecordError(f"column {error.colno}: no valid JSON ({error.msg})") from error
    except RecursionError as error:
        raise _NoRecordError("values nested too deeply") from error
    # An escape can name half a character, which no text may hold.
    if "\\u" in line and not all(is_readable(text) for pair in record.items() for text in pair if text):
        raise _NoRecordError("an escape names half a character (a lone surrogate)")
    return record


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise _NoRecordError("a key stands twice in one object")
    return values


def _refuse(constant: str) -> NoReturn:
    raise _NoRecordError(f"{constant} is no JSON value")


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join([f"{_quoted(key)}:{_json(item)}" for key, item in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ",".join([_json(item) for item in value]) + "]"
    return value if isinstance(value, _Number) else _quoted(value)


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_Number, parse_int=_Number, parse_constant=_refuse)
_quoted = json.JSONEncoder(ensure_ascii=False).encode
