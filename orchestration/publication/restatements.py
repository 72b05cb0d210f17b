"""Restatements: published figures of earlier periods that the next version changes, with old value, new value, cause.

Works for any mart whose yml gives the end of a row's period (``meta.period_end``) and its grain (the first unique key
of its ``keys`` test). Add here how two versions are compared; keep out what a figure means
(``dbt_project/models/marts``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import pandas as pd

from orchestration.base.paths import sql_text
from orchestration.publication.versions import Version

# `meta.period_end` of a mart that describes the as-of date instead of a period
NO_PERIOD = "none"
NUMERIC = ("%INT%", "DECIMAL%", "DOUBLE", "FLOAT")
# sums of floating point numbers depend on the order of their rows
TOLERANCE = 1e-9


@dataclass(frozen=True)
class PeriodMart:
    """A mart whose rows belong to a period.

    Attributes:
        grain: the columns that identify a row.
        period_end: the last day of a row's period, in SQL over the mart's columns.
    """

    name: str
    grain: tuple[str, ...]
    period_end: str


def period_marts(manifest: Mapping[str, Any]) -> Iterator[PeriodMart]:
    """Yield the marts of dbt's manifest whose rows belong to a period."""
    grains = {
        test["attached_node"]: tuple(test["test_metadata"]["kwargs"]["unique"][0])
        for test in manifest["nodes"].values()
        if (test.get("test_metadata") or {}).get("name") == "keys" and "unique" in test["test_metadata"]["kwargs"]
    }
    for unique_id, model in manifest["nodes"].items():
        period_end = model["config"].get("meta", {}).get("period_end", NO_PERIOD)
        if period_end != NO_PERIOD:
            yield PeriodMart(model["name"], grains[unique_id], period_end)


def restated(
    connection: duckdb.DuckDBPyConnection,
    marts: Iterator[PeriodMart],
    previous: Version,
    run: Mapping[str, Any],
    taken_load_dates: set[date],
) -> pd.DataFrame:
    """Compare the marts of the next version with those of the previous one.

    Periods that have not ended in both are excluded: their figures are expected to change. So are marts that the
    previous version lacks or has at another grain: their rows have no counterpart.

    Args:
        connection: to the work warehouse, with the next version attached as ``cx360``.
        run: the current run, as a row of ``quality_runs``.
        taken_load_dates: the load dates that the run pulled.

    Returns:
        Rows of ``quality_restatements``.
    """
    connection.execute(f"attach {sql_text(previous.folder / 'cx360.duckdb')} as before (read_only)")
    ended_by = min(previous.as_of_date, run["as_of_date"])
    changed = [_changed(connection, mart, ended_by) for mart in marts if _has_this_grain(connection, mart)]
    rows = pd.concat(changed, ignore_index=True) if changed else pd.DataFrame()
    cause = ", ".join(_causes(connection, previous, run, taken_load_dates)) if len(rows) else ""
    connection.execute("detach before")
    return rows.assign(
        run_id=run["run_id"], as_of_date=run["as_of_date"], previous_version=previous.name, cause=cause or "other"
    )


def _has_this_grain(connection: duckdb.DuckDBPyConnection, mart: PeriodMart) -> bool:
    """Whether the columns of the mart's grain identify a row of the previous version too."""
    columns = connection.execute(
        "select column_name from duckdb_columns()"
        " where database_name = 'before' and schema_name = 'marts' and table_name = ?",
        [mart.name],
    ).fetchall()
    if not {*mart.grain} <= {name for (name,) in columns}:
        return False
    grain = ", ".join(mart.grain)
    repeated = f"select 1 from before.marts.{mart.name} group by {grain} having count(*) > 1 limit 1"
    return connection.execute(repeated).fetchone() is None


def _changed(connection: duckdb.DuckDBPyConnection, mart: PeriodMart, ended_by: date) -> pd.DataFrame:
    """Return one row per changed figure of a mart: the key of its row, the old and the new value."""
    figures = _figures(connection, mart)
    rows = ", ".join([*mart.grain, f"{mart.period_end} as period_end_date", *figures, "true as is_present"])
    old, new = (
        f"(select {rows} from {database}.marts.{mart.name} where {mart.period_end} < date '{ended_by}')"
        for database in ("before", "cx360")
    )
    same_row = " and ".join(f"old.{column} is not distinct from new.{column}" for column in mart.grain)
    grain = ", ".join(f"{column} := coalesce(new.{column}, old.{column})" for column in mart.grain)
    values = ", ".join(
        f"cast({side}.{figure} as double) as {side}_{figure}" for figure in figures for side in ("old", "new")
    )
    connection.execute(
        f"""
        create or replace temp table restated as
        select
            coalesce(new.period_end_date, old.period_end_date) as period_end_date,
            cast(to_json(struct_pack({grain})) as varchar) as row_grain,
            coalesce(old.is_present, false) as was_present,
            coalesce(new.is_present, false) as is_present,
            {values}
        from {old} as old full join {new} as new on {same_row}
        """
    )
    found = " union all ".join(
        f"""
        select '{mart.name}' as mart, period_end_date, row_grain, '{figure}' as figure,
            old_{figure} as old_value, new_{figure} as new_value
        from restated where {_differs(f"old_{figure}", f"new_{figure}")}
        """
        for figure in figures
    )
    return connection.execute(f"{found} order by all").df()


def _differs(old: str, new: str) -> str:
    """Return the SQL condition of a changed figure. A zero in a row that only one version has is not a change."""
    return f"""
        (({old} is null) <> ({new} is null)
            or abs({old} - {new}) > {TOLERANCE} * greatest(abs({old}), abs({new}), 1))
        and (was_present or {new} <> 0) and (is_present or {old} <> 0)
    """


def _figures(connection: duckdb.DuckDBPyConnection, mart: PeriodMart) -> list[str]:
    """Return the numeric columns that the mart has in both versions, without its grain."""
    is_number = " or ".join(f"data_type like '{kind}'" for kind in NUMERIC)
    found = connection.execute(
        f"""
        select column_name from duckdb_columns()
        where database_name in ('before', 'cx360') and schema_name = 'marts' and table_name = ? and ({is_number})
        group by column_name having count(*) = 2 order by min(column_index)
        """,
        [mart.name],
    ).fetchall()
    return [column for (column,) in found if column not in mart.grain]


def _causes(
    connection: duckdb.DuckDBPyConnection, previous: Version, run: Mapping[str, Any], taken: set[date]
) -> Iterator[str]:
    """Yield the differences between the two versions that can change figures of earlier periods."""
    if taken - previous.load_dates:
        yield "late rows"
    units = connection.execute(
        """
        select coalesce(bool_or(new.quarantined_row_count < old.quarantined_row_count), false)
        from before.quality.quality_landing_reconciliation as old
        inner join cx360.quality.quality_landing_reconciliation as new using (system, table_name, load_date)
        """
    ).fetchall()
    if units[0][0]:
        yield "readmitted rows"
    if taken & previous.load_dates:
        yield "repeated delivery"
    merges = connection.execute(
        "select count(*) from (from cx360.star.map_customer_merges except from before.star.map_customer_merges)"
    ).fetchall()
    if merges[0][0]:
        yield "merged identities"
    if run["code_revision"] != previous.manifest["code_revision"]:
        yield "code change"
