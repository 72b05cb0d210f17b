"""The rows of units as DuckDB reads them, for their figures (``unit_profile.py``, ``unit_keys.py``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from orchestration.base.errors import InfrastructureError
from orchestration.base.paths import sql_text
from orchestration.base.progress import part
from orchestration.landing.unit_place import UnitPlace

Known = tuple[Path, Mapping[str, Any]]
"""A unit before another one: the folder of its rows, and its kept profile."""


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """An empty database that reads the units; opened once, because opening takes longer than most queries."""
    return duckdb.connect()


@contextmanager
def units(place: UnitPlace, before: Known | None, columns: Iterable[str]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the unit and the one before it, as ``unit`` and ``before``.

    Raises:
        InfrastructureError: a query failed.
    """
    try:
        with part("gates"), _database().cursor() as connection:
            connection.execute("set TimeZone = 'UTC'")
            _view(connection, "unit", place.new_landing, columns)
            if before:
                folder, facts = before
                # the folder may hold the other units of its month
                _view(connection, "before", folder, columns, f"where _load_date = date '{facts['load_date']}'")
            yield connection
    except duckdb.Error as error:
        raise InfrastructureError(
            f"{place.table.name}, load date {place.load_date}: the profile of the unit could not be computed: {error}\n"
            "This is a fault of a rule's figures or of the machine: the unit does not land. Run again; if the error"
            f" stays, correct the rule in {place.table.deployment.file} or in rules.yml beside it."
        ) from error


def _view(
    connection: duckdb.DuckDBPyConnection, name: str, folder: Path, columns: Iterable[str], where: str = ""
) -> None:
    """The rows of a unit under a name, with nulls in the columns that it lacks."""
    read = f"read_parquet({sql_text(folder / '*.parquet')}, union_by_name = true, hive_partitioning = false)"
    connection.execute(f"create temp view {name} as from {read}")
    there = types_of(connection, name)
    lacking = "".join(f", null as {quoted(column)}" for column in columns if column.lower() not in there)
    connection.execute(f"create or replace temp view {name} as select *{lacking} from {read} {where}")


def types_of(connection: duckdb.DuckDBPyConnection, view: str) -> dict[str, str]:
    """The types of a view's columns, by their names in lower case."""
    return {name.lower(): kind for name, kind, *_ in connection.execute(f"describe {view}").fetchall()}


def quoted(name: str) -> str:
    """A column name as SQL."""
    return '"' + name.replace('"', '""') + '"'
