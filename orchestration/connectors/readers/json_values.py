"""JSON as it lands, whether a file or a service delivers it: every value as text, nothing of it lost.

Numbers land digit by digit as delivered, nested values as compact JSON, an empty text as null. A batch's columns are
the keys of its objects in the order they first appear.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa

from orchestration.connectors.batch import Batch, Fault, check_columns
from orchestration.connectors.readers.text import is_readable

BATCH_ROWS = 50_000
BATCH_CHARACTERS = 16 * 1024 * 1024

Record = dict[str, str | None]


class NoRecordError(ValueError):
    """Why something is no record."""


class Number(str):
    """A number as its digits were delivered."""

    __slots__ = ()


_TEXTS = frozenset({str, Number, type(None)})


def parse(text: str) -> Any:
    """The value of ``text``, its numbers as they stand there.

    Raises:
        json.JSONDecodeError: it is no JSON.
        NoRecordError: it is JSON that no record may hold.
        RecursionError: it is nested too deeply.
    """
    return _DECODER.decode(text)


def record_of(value: Any, *, has_escapes: bool) -> Record:
    """The object ``value``, every value of it as text.

    Args:
        value: as ``parse`` made it.
        has_escapes: whether a character was delivered by its number.

    Raises:
        NoRecordError: it is no object, or holds what no text may hold.
    """
    if not isinstance(value, dict):
        raise NoRecordError("valid JSON, but no object")
    record: Record = value
    if not _TEXTS.issuperset(map(type, value.values())):
        record = {key: as_text(item) for key, item in value.items()}
    # An escape can name half a character, which no text may hold.
    if has_escapes and not all(is_readable(text) for pair in record.items() for text in pair if text):
        raise NoRecordError("an escape names half a character (a lone surrogate)")
    return record


def as_text(value: Any) -> str | None:
    """A value as it lands."""
    return value if value is None or isinstance(value, str) else as_json(value)


def as_json(value: Any) -> str:
    """A value as compact JSON, its numbers as they were delivered."""
    if isinstance(value, dict):
        return "{" + ",".join([f"{_quoted(key)}:{as_json(item)}" for key, item in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ",".join([as_json(item) for item in value]) + "]"
    return value if isinstance(value, Number) else _quoted(value)


def batch_of(
    records: Sequence[Mapping[str, str | None]], source_file: str, places: Sequence[int], faults: Sequence[Fault]
) -> Batch:
    """The batch of ``records``, each with its place in ``source_file``.

    Raises:
        UnreadableError: their keys cannot be columns.
    """
    names = list(dict.fromkeys(key for record in records for key in record))
    check_columns(names)
    columns = [pa.array([record.get(name) or None for record in records], pa.string()) for name in names]
    return Batch.of(pa.Table.from_arrays(columns, names=names), source_file, np.array(places, np.int64), faults)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise NoRecordError("a key stands twice in one object")
    return values


def _refuse(constant: str) -> NoReturn:
    raise NoRecordError(f"{constant} is no JSON value")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=Number, parse_int=Number, parse_constant=_refuse)
_quoted = json.JSONEncoder(ensure_ascii=False).encode
