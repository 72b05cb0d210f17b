"""Column lineage: the parent columns of each column of a model, read from its compiled SQL."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.lineage import Node, lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope

Columns = Mapping[str, str]
Parents = Mapping[str, tuple[dg.AssetKey, Columns]]


class LineageStore:
    """Caches lineages in a file: tracing takes seconds, and a lineage changes only with the SQL.

    A second file has the lineage of the tables of this night, for the version that is published.
    """

    def __init__(self, file: Path) -> None:
        """Read the cache; it is empty if the file does not exist."""
        self.file, self.night_file = file, file.with_name("lineage_of_night.json")
        self.known: dict[str, dict[str, list[list[str]]] | None] = _content(file)
        self.night: dict[str, dict[str, list[str]]] = _content(self.night_file)

    def start_night(self) -> None:
        """Forget the tables of the night before."""
        self.night = {}

    def keep(self, table: str, columns: Sequence[str], traced: dg.TableColumnLineage | None) -> None:
        """Keep the lineage of a table of this night, by names ``schema.table.column``; untraced columns have none."""
        deps = traced.deps_by_column if traced else {}
        self.night[table] = {
            column: [".".join([*dep.asset_key.path, dep.column_name]) for dep in deps.get(column, ())]
            for column in columns
        }

    def trace(self, sql: str, columns: Sequence[str], parents: Parents) -> dg.TableColumnLineage | None:
        """Return ``column_lineage`` of the same arguments, from the cache if it is there."""
        facts = [
            sql,
            *columns,
            *(f"{name} {key.to_user_string()} {dict(types)}" for name, (key, types) in parents.items()),
        ]
        name = hashlib.sha256("\n".join(facts).encode()).hexdigest()
        if name not in self.known:
            self.known[name] = _written(column_lineage(sql, columns, parents))
        return _read(self.known[name])

    def save(self) -> None:
        """Write the cache, and the tables of this night."""
        self.file.write_text(json.dumps(self.known), encoding="utf-8")
        self.night_file.write_text(json.dumps(self.night), encoding="utf-8")


def _content(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def _written(traced: dg.TableColumnLineage | None) -> dict[str, list[list[str]]] | None:
    if traced is None:
        return None
    return {
        column: [[*dep.asset_key.path, dep.column_name] for dep in deps]
        for column, deps in traced.deps_by_column.items()
    }


def _read(written: dict[str, list[list[str]]] | None) -> dg.TableColumnLineage | None:
    if written is None:
        return None
    return dg.TableColumnLineage(
        {
            column: [dg.TableColumnDep(asset_key=dg.AssetKey(path), column_name=source) for *path, source in deps]
            for column, deps in written.items()
        }
    )


def column_lineage(sql: str, columns: Sequence[str], parents: Parents) -> dg.TableColumnLineage | None:
    """Return the parent columns of each column of a SELECT.

    Args:
        sql: the compiled SELECT, in DuckDB's dialect.
        columns: the columns of its result.
        parents: for each parent, by ``schema.table``, its asset and the types of its columns.

    Returns:
        The lineage; None if the parser does not understand the SQL, which must not fail a run.
    """
    tables: dict[str, dict[str, Columns]] = {}
    for name, (_, types) in parents.items():
        folder, table = name.split(".")
        tables.setdefault(folder, {})[table] = types
    schema: dict[str, object] = dict(tables)
    # the parser warns of SQL that it does not follow, with all of its text, in the middle of the run's output
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        tree = parse_one(sql, dialect="duckdb")
        for named in tree.find_all(exp.Table):
            named.set("catalog", None)
        qualified = qualify(tree, dialect="duckdb", schema=schema, validate_qualify_columns=False, identify=False)
        scope = build_scope(qualified)
        # all columns at once and in place: a call per column would copy the whole query each time
        traced = lineage(None, qualified, schema, scope=scope, dialect="duckdb", trim_selects=False, copy=False)
        return dg.TableColumnLineage({column: _sources(traced[column], parents) for column in columns})
    except (SqlglotError, ValueError, KeyError):
        return None


def _sources(root: Node, parents: Parents) -> list[dg.TableColumnDep]:
    found: dict[dg.TableColumnDep, None] = {}
    for node in root.walk():
        table = node.expression.find(exp.Table) if not node.downstream else None
        key = parents.get(f"{table.db}.{table.name}") if table is not None else None
        if key:
            found[dg.TableColumnDep(asset_key=key[0], column_name=node.name.split(".")[-1].strip('"'))] = None
    return list(found)
