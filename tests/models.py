"""Models of the project run by themselves: their compiled SQL, over tables that a test makes.

dbt's unit tests prove a formula on one example; here a model is run on as many as a property needs. No night is run and
no warehouse is built: dbt compiles once, and an in-memory DuckDB stands in for both files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment
from orchestration.warehouse.dbt import run_dbt

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Models:
    """Compiled models by name, in the order in which they can be built, and where each lies."""

    queries: Mapping[str, str] = field(repr=False)
    places: Mapping[str, str] = field(repr=False)

    def build(self, given: Mapping[str, tuple[str, Sequence[Row]]]) -> duckdb.DuckDBPyConnection:
        """Build the models over the given star tables.

        Args:
            given: for each table of the star, or door, its columns, as ``create table`` takes them, and its rows; a
                column that a row lacks is null.

        Returns:
            A connection that knows every table by its bare name.
        """
        connection = duckdb.connect(config={"threads": 1})
        connection.execute("set timezone = 'UTC'")
        for database in ("cx360", "work"):
            connection.execute(f"attach ':memory:' as {database}")
        for place in {*self.places.values(), *map(_place, given)}:
            connection.execute(f"create schema if not exists {place.rpartition('.')[0]}")
        for name, (columns, rows) in given.items():
            place = _place(name)
            connection.execute(f"create table {place} ({columns})")
            names = [column.split()[0] for column in columns.split(", ")]
            if rows:
                marks = ", ".join("?" for _ in names)
                connection.executemany(
                    f"insert into {place} values ({marks})", [[row.get(name) for name in names] for row in rows]
                )
            connection.execute(f"create view {name} as select * from {place}")
        for name, query in self.queries.items():
            connection.execute(f"create table {self.places[name]} as {query}")
            connection.execute(f"create view {name} as select * from {self.places[name]}")
        return connection


def _place(name: str) -> str:
    """Where the project builds a table of the star, a step towards one, or a door."""
    if name.startswith("int_"):
        return f'"work"."intermediate"."{name}"'
    return f'"{"work" if "__" in name else "cx360"}"."star"."{name}"'


def compiled(deployment: Deployment, root: Path, names: Sequence[str]) -> Models:
    """Let dbt compile the models, or data tests, which are named in the order of their dependencies."""
    answer = run_dbt(deployment, Home(root), ["--quiet", "compile", "--select", *names])
    assert answer.success, answer.exception
    nodes: dict[str, Any] = {result.node.name: result.node for result in answer.result.results}  # type: ignore[union-attr]
    return Models(
        {name: nodes[name].compiled_code for name in names},
        {name: nodes[name].relation_name or f'"work"."tests"."{name}"' for name in names},
    )
