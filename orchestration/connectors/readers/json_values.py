"""JSON objects as rows, from files and services: every value as text without loss.

Numbers land with the delivered digits, nested values as compact JSON, an empty string as null. A batch's columns are
the keys of its objects in the order of their first appearance; upper and lower case of keys are one, as in the
warehouse.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa

from orchestration.connectors.batch import MOST_COLUMNS, RESERVED_COLUMNS, Batch, Fault
from orchestration.connectors.readers.text import is_readable
from orchestration.connectors.readers.values import number_text

BATCH_ROWS = 50_000
BATCH_CHARACTERS = 16 * 1024 * 1024

Record = dict[str, str | None]


class NoRecordError(ValueError):
    """A value cannot be a record; the message says why."""


class Number(str):
    """A number with its delivered digits."""

    __slots__ = ()


_TEXTS = frozenset({str, Number, type(None)})


def parse(text: str) -> Any:
    """Parse JSON; numbers keep their digits.

    Raises:
        json.JSONDecodeError: the text is not JSON.
        NoRecordError: an object has a key twice, or a value is NaN or infinite.
        RecursionError: the text is nested too deeply.
    """
    return _DECODER.decode(text)


class Keys:
    """The keys of a source's objects, each as it was first written."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self._known: set[str] = set()

    def renamed(self, record: Record) -> Record:
        """Return the record with its keys as they were first written.

        Raises:
            NoRecordError: a key has no name, is reserved, differs from another one only by case, or is one too many.
        """
        if self._known.issuperset(record):
            return record
        named = {self._first.get(key.lower(), key): value for key, value in record.items()}
        if len({key.lower() for key in named}) < len(record):
            raise NoRecordError("two keys differ only by upper and lower case")
        new = {key.lower(): key for key in named if key.lower() not in self._first}
        if len(self._first) + len(new) > MOST_COLUMNS:
            raise NoRecordError(
                f"more than {MOST_COLUMNS:,} different keys in one file; a key that is data itself belongs into a value"
            )
        for lowered in new:
            if not lowered.strip():
                raise NoRecordError("a key has no name")
            if lowered in RESERVED_COLUMNS:
                raise NoRecordError(f"the key '{lowered}' is reserved for the landing")
        self._first |= new
        self._known.update(new.values())
        return named


def record_of(value: Any, keys: Keys, *, has_escapes: bool) -> Record:
    """Return a parsed object with every value as text.

    Args:
        keys: of the objects before.
        has_escapes: whether the JSON contains Unicode escapes.

    Raises:
        NoRecordError: the value is not an object, contains a lone surrogate, or has keys that cannot be columns.
    """
    if not isinstance(value, dict):
        raise NoRecordError("valid JSON, but not an object")
    record: Record = value
    if not _TEXTS.issuperset(map(type, value.values())):
        record = {key: as_text(item) for key, item in value.items()}
    # An escape can stand for a lone surrogate, which UTF-8 cannot encode.
    if has_escapes and not all(is_readable(text) for pair in record.items() for text in pair if text):
        raise NoRecordError("an escape is half a character (a lone surrogate)")
    return keys.renamed(record)


def as_text(value: Any) -> str | None:
    """Return a value as it lands."""
    return value if value is None or isinstance(value, str) else as_json(value)


def as_json(value: Any) -> str:
    """Return a value as compact JSON; numbers keep their digits."""
    if isinstance(value, dict):
        return "{" + ",".join([f"{_quoted(key)}:{as_json(item)}" for key, item in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ",".join([as_json(item) for item in value]) + "]"
    return value if isinstance(value, Number) else _quoted(value)


def batch_of(
    records: Sequence[Mapping[str, str | None]], source_file: str, row_numbers: Sequence[int], faults: Sequence[Fault]
) -> Batch:
    """Return the batch of ``records`` with their row numbers in ``source_file``."""
    names = list(dict.fromkeys(key for record in records for key in record))
    columns = [pa.array([record.get(name) or None for record in records], pa.string()) for name in names]
    return Batch.of(pa.Table.from_arrays(columns, names=names), source_file, np.array(row_numbers, np.int64), faults)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise NoRecordError("an object has the same key twice")
    return values


def _decimal(digits: str) -> Number:
    return Number(number_text(digits))


def _refuse(constant: str) -> NoReturn:
    raise NoRecordError(f"{constant} is not a JSON value")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_decimal, parse_int=Number, parse_constant=_refuse)
_quoted = json.JSONEncoder(ensure_ascii=False).encode
