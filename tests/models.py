"""The one harness that runs models without a night: SQL compiled by dbt, over tables that a test gives, in DuckDB.

dbt's unit tests prove a formula on one example. Here a model runs on as many examples as a property needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment
from orchestration.warehouse.dbt import run_dbt

Row = Mapping[str, Any]
Table = pd.DataFrame | tuple[str, Sequence[Row]]
"""A frame, or columns as ``create table`` takes them with rows; a column that a row lacks is null."""

_NEXT = "\n-- next query\n"
_RELATION = re.compile(r'"(?:work|cx360)"\."\w+"\."(\w+)"')


@dataclass(frozen=True)
class Models:
    """Compiled queries by name; they read every table by its bare name."""

    queries: Mapping[str, str]

    def build(self, names: Iterable[str], given: Mapping[str, Table]) -> duckdb.DuckDBPyConnection:
        """Build the named models over the given tables; names stand in the order of their dependencies."""
        connection = duckdb.connect(config={"threads": 1})
        connection.execute("set timezone = 'UTC'")
        for name, table in given.items():
            _load(connection, name, table)
        for name in names:
            connection.execute(f"create table {name} as {self.queries[name]}")
        return connection

    def rows(self, name: str, **given: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of one model over the given tables."""
        with self.build([name], given) as connection:
            return connection.sql(f"select * from {name}").df()


def _load(connection: duckdb.DuckDBPyConnection, name: str, table: Table) -> None:
    if isinstance(table, pd.DataFrame):
        connection.register("frame", table)
        connection.execute(f"create table {name} as select * from frame")
        return
    columns, rows = table
    connection.execute(f"create table {name} ({columns})")
    names = [column.split()[0] for column in columns.split(", ")]
    if rows:
        marks = ", ".join("?" for _ in names)
        values = [[row.get(column) for column in names] for row in rows]
        connection.executemany(f"insert into {name} values ({marks})", values)


def compile_models(
    deployment: Deployment, root: Path, names: Sequence[str], inline: Mapping[str, str] | None = None
) -> Models:
    """Let dbt compile the named models and data tests, and queries of the test's own (``inline``, by name)."""
    queries = {}
    for result in _compiled(deployment, root, ["--select", *names]) if names else ():
        queries[result.node.name] = result.node.compiled_code
    if inline:
        # dbt compiles one inline query per run, and a run takes seconds
        (result,) = _compiled(deployment, root, ["--inline", _NEXT.join(inline.values())])
        queries |= zip(inline, result.node.compiled_code.split(_NEXT), strict=True)
    return Models({name: _RELATION.sub(r"\1", query) for name, query in queries.items()})


def _compiled(deployment: Deployment, root: Path, selection: Sequence[str]) -> list[Any]:
    answer = run_dbt(deployment, Home(root), ["--quiet", "compile", *selection])
    assert answer.success, answer.exception
    return list(answer.result.results)  # type: ignore[union-attr]
