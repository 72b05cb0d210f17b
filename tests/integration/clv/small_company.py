"""A company of a few hundred customers whose star is written by the test; a night takes seconds.

The models' SQL is compiled once by dbt and run on the star; the science assets are the real ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd

from orchestration.assets.science.backtests import forecast_backtests
from orchestration.assets.science.contracts import contract_fits
from orchestration.assets.science.purchases import purchase_fits
from orchestration.assets.science.spend import spend_fits
from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment, load_deployment
from orchestration.runs.resource import RunLock
from orchestration.warehouse.dbt import run_dbt
from orchestration.warehouse.fits import FitStore
from orchestration.warehouse.warehouse import Warehouse

AS_OF = date(2026, 1, 1)
MINIMUM = 100
"""Minimum number of buyers for a segment with its own fit."""

# the star columns that the models read, with default values
STAR: Mapping[str, Mapping[str, tuple[str, Any]]] = {
    "dim_dates": {"date_day": ("date", None), "is_as_of": ("boolean", True)},
    "dim_segments": {"segment": ("varchar", None)},
    "dim_customers": {
        "customer_id": ("varchar", None),
        "segment": ("varchar", "retail"),
        "is_current": ("boolean", True),
        "registered_at": ("timestamp", None),
        "valid_from": ("timestamp", "1900-01-01"),
        "valid_to": ("timestamp", "9999-12-31"),
    },
    "fct_orders": {
        "order_key": ("varchar", None),
        "customer_id": ("varchar", None),
        "ordered_date": ("date", None),
        "ordered_at": ("timestamp", None),
        "net_amount": ("decimal(18, 2)", 20),
        "margin_amount": ("decimal(18, 2)", 8),
        "refunded_amount": ("decimal(18, 2)", 0),
        "is_counted": ("boolean", True),
        "is_return": ("boolean", False),
        "is_margin_assumed": ("boolean", False),
        "line_count": ("bigint", 1),
    },
    "fct_refunds": {
        "refund_key": ("varchar", None),
        "customer_id": ("varchar", None),
        "refunded_date": ("date", None),
        "refunded_at": ("timestamp", None),
        "refund_amount": ("decimal(18, 2)", 0),
        "returned_cost_amount": ("decimal(18, 2)", 0),
        "is_of_customer": ("boolean", True),
    },
    "fct_subscriptions": {
        "system": ("varchar", "shop"),
        "subscription_source_id": ("varchar", None),
        "customer_id": ("varchar", None),
        "plan": ("varchar", "single"),
        "period_number": ("integer", None),
        "period_amount": ("decimal(18, 2)", 20),
        "started_date": ("date", None),
        "started_at": ("timestamp", None),
        "ends_date": ("date", None),
    },
    "fct_customer_months": {
        "customer_id": ("varchar", None),
        "month_start_date": ("date", None),
        "lifecycle_stage": ("varchar", "active"),
        "recency_tier": ("bigint", 3),
        "frequency_tier": ("bigint", 3),
        "monetary_tier": ("bigint", 3),
    },
}


@dataclass(frozen=True)
class Model:
    """A compiled model: layer, relation and SQL."""

    layer: str
    relation: str
    sql: str
    is_view: bool


def compiled(root: Path) -> tuple[Deployment, list[Model]]:
    """A deployment with a small minimum of buyers per fit, and its models in build order."""
    deployment = load_deployment("demo")
    settings = deployment.lifetime_value.model_copy(update={"minimum_customers_per_fit": MINIMUM})
    deployment = deployment.model_copy(update={"lifetime_value": settings})
    chosen = ["--select", "fqn:cx360.science", "fqn:cx360.marts.clv", "--exclude", "science_service_*"]
    answer = run_dbt(deployment, Home(root / "demo"), ["--quiet", "compile", *chosen, "--no-inject-ephemeral-ctes"])
    assert answer.success, answer.exception
    results: list[Any] = list(answer.result.results)  # type: ignore[union-attr]
    return deployment, [
        Model(
            result.node.schema,
            str(result.node.relation_name),
            str(result.node.compiled_code),
            result.node.config.materialized == "view",
        )
        for result in results
        if result.node.resource_type == "model"
    ]


@dataclass(frozen=True)
class SmallCompany:
    """A company with only a star, and the models built from it."""

    home: Home
    deployment: Deployment
    models: Sequence[Model]

    def with_limit(self, holdout_error_limit: float) -> SmallCompany:
        """The same company with another error limit for fits."""
        settings = self.deployment.lifetime_value.model_copy(update={"holdout_error_limit": holdout_error_limit})
        return replace(self, deployment=self.deployment.model_copy(update={"lifetime_value": settings}))

    def night(
        self,
        orders: Sequence[Mapping[str, Any]],
        *,
        customers: Sequence[Mapping[str, Any]] = (),
        periods: Sequence[Mapping[str, Any]] = (),
        as_of: date = AS_OF,
    ) -> None:
        """Build all models from this star; customers without a row in dim_customers are retail customers."""
        known = {str(customer["customer_id"]) for customer in customers}
        others = sorted({str(row["customer_id"]) for row in (*orders, *periods)} - known)
        every = [*customers, *({"customer_id": name} for name in others)]
        segments = sorted({str(customer.get("segment", "retail")) for customer in every})
        self._write("dim_dates", [{"date_day": as_of}])
        self._write("dim_segments", [{"segment": segment} for segment in segments])
        self._write("dim_customers", every)
        self._write(
            "fct_orders",
            [
                {"order_key": str(number), "ordered_at": order["ordered_date"], **order}
                for number, order in enumerate(orders)
            ],
        )
        self._write("fct_refunds", [])
        self._write("fct_subscriptions", [{"started_at": period["started_date"], **period} for period in periods])
        self._write("fct_customer_months", [])
        self._build("science")
        self._fit()
        self._build("marts")

    def query(self, sql: str) -> pd.DataFrame:
        """Query the warehouse."""
        with self._warehouse.connect() as connection:
            frame: pd.DataFrame = connection.execute(sql).df()
            return frame

    def values(self) -> pd.DataFrame:
        """The rows of mart_customer_lifetime_value, by customer."""
        return self.query("from cx360.marts.mart_customer_lifetime_value").set_index("customer_id").sort_index()

    def fits(self) -> pd.DataFrame:
        """The rows of mart_clv_model_quality, by fit."""
        return self.query("from cx360.marts.mart_clv_model_quality").set_index("fit_id").sort_index()

    @property
    def _warehouse(self) -> Warehouse:
        return Warehouse(self.home, "1GB")

    def _write(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        columns = STAR[table]
        frame = pd.DataFrame(
            [{name: row.get(name, default) for name, (_, default) in columns.items()} for row in rows],
            columns=list(columns),
        )
        cast = ", ".join(f"cast({name} as {sql_type}) as {name}" for name, (sql_type, _) in columns.items())
        with self._warehouse.connect() as connection:
            connection.execute("create schema if not exists cx360.star")
            connection.register("rows", frame)
            connection.execute(f"create or replace table cx360.star.{table} as select {cast} from rows")

    def _build(self, layer: str) -> None:
        with self._warehouse.connect() as connection:
            for schema in (layer, f"cx360.{layer}"):
                connection.execute(f"create schema if not exists {schema}")
            for model in self.models:
                if model.layer == layer:
                    kind = "view" if model.is_view else "table"
                    connection.execute(f"create or replace {kind} {model.relation} as {model.sql}")

    def _fit(self) -> None:
        self.home.state.mkdir(parents=True, exist_ok=True)
        with dg.DagsterInstance.ephemeral() as instance:
            done = dg.materialize(
                [fits(self.deployment) for fits in (purchase_fits, spend_fits, contract_fits, forecast_backtests)],
                instance=instance,
                resources={
                    "warehouse": self._warehouse,
                    "fits": FitStore(self.home),
                    "run_lock": RunLock(home_root=str(self.home.root), timeout_minutes=5),
                },
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
        assert done.success


def draw_orders(seed: int, count: int = 300, days: int = 500, prefix: str = "c", **order: Any) -> list[dict[str, Any]]:
    """Orders of ``count`` customers with individual rates and dropout probabilities."""
    rng = np.random.default_rng(seed)
    orders: list[dict[str, Any]] = []
    for number in range(count):
        gap, leaves = 1 / rng.gamma(1.2, 1 / 50), rng.beta(1.0, 5.0)
        worth = rng.gamma(8.0, 1 / 0.2) if "net_amount" not in order else 0.0
        at = float(rng.integers(0, days - 20))
        while at < days:
            amount = {"net_amount": round(worth * float(rng.uniform(0.5, 1.5)), 2)} if worth else {}
            margin = {"margin_amount": round(amount["net_amount"] * 0.4, 2)} if amount else {}
            day = AS_OF - timedelta(days=days - int(at))
            orders.append({"customer_id": f"{prefix}{number:03}", "ordered_date": day, **amount, **margin, **order})
            if rng.random() < leaves:
                break
            at += max(rng.exponential(gap), 1)
    return orders


def draw_calendar_periods(
    seed: int, months: int, count: int = 150, prefix: str = "s", plan: str = "single"
) -> list[dict[str, Any]]:
    """Periods of whole calendar months, which keep the day of the month on which the contract began."""
    rng = np.random.default_rng(seed)
    periods: list[dict[str, Any]] = []
    for number in range(count):
        leaves = rng.beta(1.0, 7.0)
        first = pd.Timestamp(AS_OF) - pd.Timedelta(days=int(rng.integers(1, 600)))
        name, period, start = f"{prefix}{number:03}", 1, first
        while start.date() < AS_OF:
            end = first + pd.DateOffset(months=months * period)
            row = {"subscription_source_id": name, "customer_id": name, "plan": plan, "period_number": period}
            periods.append({**row, "started_date": start.date(), "ends_date": end.date()})
            if rng.random() < leaves:
                break
            start, period = end, period + 1
    return periods


def draw_periods(
    seed: int, count: int = 200, days: int = 600, length: int = 30, shapes: tuple[float, float] = (1.0, 7.0)
) -> list[dict[str, Any]]:
    """Periods of ``count`` subscribers with individual churn probabilities, drawn from Beta(*shapes)."""
    rng = np.random.default_rng(seed)
    periods: list[dict[str, Any]] = []
    for number in range(count):
        leaves = rng.beta(*shapes)
        start = AS_OF - timedelta(days=int(rng.integers(1, days)))
        period = 1
        while start < AS_OF:
            end = start + timedelta(days=length)
            name = f"s{number:03}"
            row = {"subscription_source_id": name, "customer_id": name, "period_number": period}
            periods.append({**row, "started_date": start, "ends_date": end})
            if rng.random() < leaves:
                break
            start, period = end, period + 1
    return periods
