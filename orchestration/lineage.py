"""Column lineage: from which columns of its parents each column of a model comes, read from its compiled SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope

Columns = Mapping[str, str]


def column_lineage(
    sql: str, columns: Sequence[str], parents: Mapping[str, tuple[dg.AssetKey, Columns]]
) -> dg.TableColumnLineage | None:
    """Trace each column of a SELECT to the columns of its parents.

    Args:
        sql: the compiled SELECT, in DuckDB's dialect.
        columns: the columns of its result.
        parents: for each parent, by ``schema.table``, its asset and the types of its columns.

    Returns:
        The lineage; None where the parser does not understand the SQL, which is no reason to fail a night.
    """
    schema: dict[str, dict[str, Columns]] = {}
    for name, (_, types) in parents.items():
        folder, table = name.split(".")
        schema.setdefault(folder, {})[table] = types
    try:
        tree = exp.maybe_parse(sql, dialect="duckdb")
        for table in tree.find_all(exp.Table):
            table.set("catalog", None)
        qualified = qualify(tree, dialect="duckdb", schema=schema, validate_qualify_columns=False, identify=False)
        scope = build_scope(qualified)
        return dg.TableColumnLineage(
            {column: _sources(_trace(column, qualified, scope), parents) for column in columns}
        )
    except (SqlglotError, ValueError, KeyError):
        return None


def _trace(column: str, qualified: exp.Expression, scope: Any) -> Any:
    # untrimmed, because trimming copies the whole query once more for every column
    return lineage(column, qualified, schema=None, scope=scope, dialect="duckdb", trim_selects=False)


def _sources(root: Any, parents: Mapping[str, tuple[dg.AssetKey, Columns]]) -> list[dg.TableColumnDep]:
    found: dict[dg.TableColumnDep, None] = {}
    for node in root.walk():
        table = node.expression.find(exp.Table) if not node.downstream else None
        key = parents.get(f"{table.db}.{table.name}") if table is not None else None
        if key:
            found[dg.TableColumnDep(asset_key=key[0], column_name=node.name.split(".")[-1].strip('"'))] = None
    return list(found)
