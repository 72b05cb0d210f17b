"""A query of the semantic layer in a user's own names, as one statement, and its answer from a published file.

MetricFlow makes the SQL of metrics that share their groups; here such parts are joined by the names that the user gave,
and figures on too small a base are blanked. Keep out what a metric is (``dbt_project/models/semantic``), how names are
found (``semantics.py``) and how an answer is shown (``cli/query.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from orchestration.base.errors import PipelineError
from orchestration.warehouse.semantic_filter import HINT, read_filter
from orchestration.warehouse.semantics import GroupBy, Metric, Semantics

# the file is never written, and no SQL of a filter reaches another file or changes these limits
READ_ONLY: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "lock_configuration": True,
}


@dataclass(frozen=True)
class Query:
    """What a user asks for, in the user's own names."""

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    limit: int | None = None


@dataclass(frozen=True)
class Statement:
    """The SQL of a query, and the names of its columns: groups, metrics, and the bases of the metrics."""

    sql: str
    columns: tuple[str, ...]


def statement_of(semantics: Semantics, query: Query, minimum_base: int) -> Statement:
    """Return the statement that answers a query; a metric below ``minimum_base`` of one of its bases is null in it.

    Raises:
        PipelineError: a name or a filter cannot be used.
    """
    asked = [semantics.metric(name) for name in query.metrics]
    names = tuple(dict.fromkeys((*query.metrics, *(base for metric in asked for base in metric.base))))
    by = _groups(semantics, asked, query)
    parts = _parts(semantics, names, by, query.where)
    keys = f"using ({', '.join(map(_quoted, by))})" if by else "on true"
    joined = "".join(f"\nfull join part_{number} {keys}" for number in range(2, len(parts) + 1))
    selected = [*map(_quoted, by), *(_guarded(semantics, name, minimum_base) for name in names)]
    columns = (*by, *names)
    order = [_ordered(name, columns) for name in query.order or by]
    lines = [
        "with\n",
        ",\n\n".join(f"part_{number} as (\n{part}\n)" for number, part in enumerate(parts, start=1)),
        "\nselect\n    " + ",\n    ".join(selected),
        f"from part_1{joined}",
        f"where {' or '.join(f'{_quoted(name)} is not null' for name in _present(asked))}",
        *([f"order by {', '.join(order)}"] if order else []),
        *([f"limit {query.limit}"] if query.limit is not None else []),
    ]
    return Statement("\n".join(lines), columns)


def rows_of(database: Path, statement: Statement, query: Query) -> list[tuple[Any, ...]]:
    """Return the rows of a statement, from a file that is opened read-only.

    Raises:
        PipelineError: DuckDB refuses the statement, most likely because of a filter.
    """
    try:
        with duckdb.connect(database, read_only=True, config=READ_ONLY) as connection:
            return connection.execute(statement.sql).fetchall()
    except duckdb.Error as error:
        reason = str(error).split("\n\n", maxsplit=1)[0]
        filters = f"\nThe filter was: {' and '.join(query.where)}\n{HINT}" if query.where else ""
        raise PipelineError(f"The query cannot be answered from {database}: {reason}{filters}") from error


def _groups(semantics: Semantics, asked: Sequence[Metric], query: Query) -> tuple[str, ...]:
    """The names to group by: those of the query, and those by which a metric is always kept apart."""
    apart = {name: metric.name for metric in asked for name in metric.keep_apart if name not in query.by}
    for name, owner in apart.items():
        for metric in asked:
            try:
                semantics.group_by(metric.name, name)
            except PipelineError as error:
                raise PipelineError(
                    f"'{owner}' is always grouped by {name}, which '{metric.name}' does not have.\n"
                    "Ask for them in two queries."
                ) from error
    return (*query.by, *apart)


def _parts(semantics: Semantics, names: Sequence[str], by: Sequence[str], where: Sequence[str]) -> list[str]:
    """The queries that together hold every metric: one for all metrics that reach the groups by the same keys."""
    filters = [read_filter(text) for text in where]
    shared: dict[tuple[tuple[GroupBy, ...], tuple[str, ...]], list[str]] = {}
    for name in names:
        group_of = partial(semantics.group_by, name)
        conditions = tuple(each.rendered(group_of) for each in filters)
        shared.setdefault((tuple(map(group_of, by)), conditions), []).append(name)
    parts = []
    for (groups, conditions), metrics in shared.items():
        columns = [*map(_column, groups, by), *map(_quoted, metrics)]
        sql = semantics.sql(metrics, groups, conditions).replace("\n", "\n        ")
        parts.append(f"    select {', '.join(columns)}\n    from (\n        {sql}\n    )")
    return parts


def _present(asked: Sequence[Metric]) -> list[str]:
    """The columns of which one has a value in every row of an answer: the metrics, and the first base of each."""
    return list(dict.fromkeys(name for metric in asked for name in (metric.name, *metric.base[:1])))


def _column(group: GroupBy, name: str) -> str:
    # MetricFlow truncates times, which makes timestamps of dates
    column = f"cast({_quoted(group.name)} as date)" if group.grain else _quoted(group.name)
    return f"{column} as {_quoted(name)}"


def _guarded(semantics: Semantics, name: str, minimum_base: int) -> str:
    column = _quoted(name)
    shown = " and ".join(f"{_quoted(base)} >= {minimum_base}" for base in semantics.metric(name).base)
    return f"if({shown}, {column}, null) as {column}" if shown else column


def _ordered(name: str, columns: Sequence[str]) -> str:
    column = name.removeprefix("-")
    if column not in columns:
        raise PipelineError(f"The answer has no column '{column}' to order by. It has: {', '.join(columns)}.")
    return f"{_quoted(column)} {'desc' if name.startswith('-') else 'asc'} nulls last"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
