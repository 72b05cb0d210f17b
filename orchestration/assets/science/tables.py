"""Shared by the science assets: reads histories, writes result tables.

The columns of the results are documented in ``dbt_project/models/science/_science__sources.yml``. Keep out the steps of
one model (its own module) and the models (``orchestration/science``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import yaml

from orchestration.base.paths import DBT_PROJECT
from orchestration.config.deployment import Deployment

POOLED = "pooled"
"""The population of all customers, or contracts, together."""

Record = dict[str, Any]


@cache
def source_tables() -> dict[str, dict[str, Any]]:
    """The result tables by name, from the dbt sources."""
    path = DBT_PROJECT / "models" / "science" / "_science__sources.yml"
    [source] = yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]
    return {table["name"]: table for table in source["tables"]}


def specs(deployment: Deployment, *tables: str) -> list[dg.AssetSpec]:
    """The assets of these tables; dependencies come from ``made_from`` in ``meta``."""
    return [
        dg.AssetSpec(
            dg.AssetKey(["science", table]),
            deps=[dg.AssetKey(["science", model]) for model in source_tables()[table]["config"]["meta"]["made_from"]],
            description=source_tables()[table]["description"],
            group_name="science",
            owners=[deployment.owner],
            kinds={"python", "duckdb"},
        )
        for table in tables
    ]


def written(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Mapping[str, Any]] | pd.DataFrame, **metadata: Any
) -> dg.MaterializeResult:
    """Replace one result table, with the columns of its dbt source."""
    columns = source_tables()[table]["columns"]
    names = [column["name"] for column in columns]
    selected = ", ".join(f"cast({column['name']} as {column['data_type']}) as {column['name']}" for column in columns)
    connection.register("rows", pd.DataFrame(rows).reindex(columns=names))
    connection.execute("create schema if not exists science")
    connection.execute(f"create or replace table science.{table} as select {selected} from rows")
    connection.unregister("rows")
    schema = [dg.TableColumn(column["name"], column["data_type"], column["description"]) for column in columns]
    return dg.MaterializeResult(
        asset_key=dg.AssetKey(["science", table]),
        metadata={"dagster/row_count": len(rows), "dagster/column_schema": dg.TableSchema(schema), **metadata},
    )


def as_of_date(connection: duckdb.DuckDBPyConnection) -> date:
    """The as-of date of the star."""
    day: date = connection.execute("select date_day from cx360.star.dim_dates where is_as_of").fetchall()[0][0]
    return day


@dataclass(frozen=True)
class CutOff:
    """A day at which the purchase models look at the history, and the days after it whose purchases are compared.

    Attributes:
        day: the first day that is not known.
        history_start: the day of the first delivered purchase.
    """

    day: date
    outcome_days: int
    history_start: date


def cut_offs_of(connection: duckdb.DuckDBPyConnection) -> dict[str, CutOff]:
    """The rows of ``science_cut_offs`` by name."""
    columns = "cut_off, cut_off_date, outcome_days, history_start_date"
    rows = connection.execute(f"select {columns} from science.science_cut_offs").fetchall()
    return {name: CutOff(*row) for name, *row in rows}


def finite(value: float | None) -> float | None:
    """The value if finite, else None: tables and state files hold no NaN or infinity."""
    return float(value) if value is not None and math.isfinite(value) else None


def fit_id(population: str, model: str, night: date) -> str:
    """The id of a fit: population, model and as-of date."""
    return f"{population}/{model}/{night.isoformat()}"


def estimates(parameters: Any, names: Sequence[str], standard_errors: Mapping[str, float]) -> Record:
    """The parameters of a fit and their standard errors, by column name."""
    values = {name: finite(getattr(parameters, name)) for name in names}
    return values | {f"{name}_standard_error": finite(standard_errors.get(name)) for name in names}


def with_use(tonight: Sequence[Record], earlier: Sequence[Record]) -> list[Record]:
    """Add ``is_in_use`` to the fits of all nights: the last chosen fit of each population that was fitted tonight.

    Customers of a population without a fit tonight are forecast by the pooled fit.
    """
    in_use: set[str] = set()
    for population in {fit["population"] for fit in tonight}:
        chosen = [fit["fit_id"] for fit in (*earlier, *tonight) if fit["population"] == population and fit["is_chosen"]]
        in_use |= set(chosen[-1:])
    return [{**fit, "is_in_use": fit["fit_id"] in in_use} for fit in (*earlier, *tonight)]


def as_markdown(fits: Sequence[Record], names: Sequence[str]) -> str:
    """Fits as a Markdown table: parameters with standard errors, likelihood, holdout error and result."""
    lines = [
        f"| fit | {' | '.join(names)} | log likelihood | customers | histories | holdout error | result |",
        "|---" * (len(names) + 6) + "|",
    ]
    for fit in fits:
        shown = [_estimate(fit[name], fit[f"{name}_standard_error"]) for name in names]
        error = fit["holdout_error_rate"]
        result = fit["refusal_reason"] or ("chosen" if fit["is_chosen"] else "not chosen")
        cells = [
            fit["fit_id"],
            *shown,
            "-" if fit["log_likelihood"] is None else f"{fit['log_likelihood']:,.2f}",
            f"{fit['customer_count']:,}",
            f"{fit['history_count']:,}",
            "-" if error is None else f"{error:+.1%}",
            result + (f" ({fit['remark']})" if fit.get("remark") else ""),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _estimate(value: float | None, error: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" + (f" ± {error:.2g}" if error is not None else "")
