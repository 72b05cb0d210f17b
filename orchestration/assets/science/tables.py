"""What the science assets share: histories in, tables of results out.

What a column of a result is stands in ``dbt_project/models/science/_science__sources.yml``. Add here what every model's
asset needs; keep out what one model does (its own module) and the models (``orchestration/science``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import yaml

from orchestration.config.deployment import Deployment
from orchestration.warehouse.dbt import DBT_PROJECT

POOLED = "pooled"
"""The population of all customers, or contracts, together."""

Record = dict[str, Any]


@cache
def source_tables() -> dict[str, dict[str, Any]]:
    """The tables that science gives back, by name, as dbt knows them."""
    path = DBT_PROJECT / "models" / "science" / "_science__sources.yml"
    [source] = yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]
    return {table["name"]: table for table in source["tables"]}


def specs(deployment: Deployment, *tables: str) -> list[dg.AssetSpec]:
    """The assets of these tables; what each is made from stands in its ``meta``."""
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
    """Replace one table of results, in the columns that dbt knows it by."""
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


def finite(value: float | None) -> float | None:
    """The value where it is a figure, else None: neither a table nor a file of state holds what is no number."""
    return float(value) if value is not None and math.isfinite(value) else None


def fit_id(population: str, model: str, night: date) -> str:
    """The name of a fit: its population, its model and the as-of date of its night."""
    return f"{population}/{model}/{night.isoformat()}"


def estimates(parameters: Any, names: Sequence[str], standard_errors: Mapping[str, float]) -> Record:
    """The parameters of a fit and their standard errors, by the names of the columns."""
    values = {name: finite(getattr(parameters, name)) for name in names}
    return values | {f"{name}_standard_error": finite(standard_errors.get(name)) for name in names}


def with_use(tonight: Sequence[Record], earlier: Sequence[Record]) -> list[Record]:
    """Every fit of every night, with whether it is in use: the chosen fit of a population, or its last one before.

    A population that was not fitted tonight has no fit in use: its customers are forecast by the pooled one.
    """
    in_use: set[str] = set()
    for population in {fit["population"] for fit in tonight}:
        chosen = [fit["fit_id"] for fit in (*earlier, *tonight) if fit["population"] == population and fit["is_chosen"]]
        in_use |= set(chosen[-1:])
    return [{**fit, "is_in_use": fit["fit_id"] in in_use} for fit in (*earlier, *tonight)]


def as_markdown(fits: Sequence[Record], names: Sequence[str]) -> str:
    """Fits as a table: parameters with their standard errors, likelihood, holdout, and what became of each."""
    lines = [
        f"| fit | {' | '.join(names)} | log likelihood | customers | histories | holdout error | verdict |",
        "|---" * (len(names) + 6) + "|",
    ]
    for fit in fits:
        shown = [_estimate(fit[name], fit[f"{name}_standard_error"]) for name in names]
        error = fit["holdout_error_rate"]
        verdict = fit["refusal_reason"] or ("chosen" if fit["is_chosen"] else "the other one is better")
        cells = [
            fit["fit_id"],
            *shown,
            "-" if fit["log_likelihood"] is None else f"{fit['log_likelihood']:,.2f}",
            f"{fit['customer_count']:,}",
            f"{fit['history_count']:,}",
            "-" if error is None else f"{error:+.1%}",
            verdict + (f" ({fit['remark']})" if fit.get("remark") else ""),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _estimate(value: float | None, error: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" + (f" ± {error:.2g}" if error is not None else "")
