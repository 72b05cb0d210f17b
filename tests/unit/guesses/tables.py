"""Shared by tests of guesses: a delivered table out of columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from orchestration.guesses.columns import Column, columns_of
from orchestration.guesses.delivered import Delivered, aliases_of, with_key
from orchestration.guesses.keys import smallest_key
from orchestration.guesses.maps import key_others

Delivery = Mapping[str, Sequence[Any]]


def rows_of(columns: Delivery, files: Sequence[str] = ()) -> duckdb.DuckDBPyConnection:
    """A connection with the table ``delivered``, each row of its file, or all of one."""
    count = len(next(iter(columns.values())))
    made = {name: values if isinstance(values, pa.Array) else pa.array(values) for name, values in columns.items()}
    connection = duckdb.connect()
    connection.register("given", pa.table({**made, "_source_file": list(files) or ["a"] * count}))
    connection.execute("create table delivered as select * from given")
    return connection


def column_of(*values: Any) -> Column:
    """The one column of these values."""
    [column] = columns_of(rows_of({"value": values}))
    return column


def table_of(name: str, columns: Delivery, *, has_names: bool = True) -> Delivered:
    """A table as the command looks at it."""
    rows = rows_of(columns)
    found = columns_of(rows)
    table = Delivered(name, found, (), aliases_of(found, has_names=has_names))
    return with_key(table, smallest_key(rows, found, key_others(table), has_names=has_names))
