"""Purchase models of the past against what followed: the holdout of the night, and the naive yardstick.

Keep out the models (``purchase_models``) and what a night makes of the comparison (``purchases``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from orchestration.assets.science.purchase_models import FULL, PurchaseModels, merged
from orchestration.assets.science.tables import POOLED, Record
from orchestration.science import holdout
from orchestration.science.purchase_likelihoods import Floats, Model


@dataclass(frozen=True)
class Holdout:
    """A period of the past: models of the days before it, the histories at its start, and those a period earlier."""

    models: PurchaseModels | None
    histories: pd.DataFrame
    earlier: pd.DataFrame
    days: int
    earlier_days: int

    @property
    def can_judge(self) -> bool:
        """Whether the days before it carry a full model of all customers, so that it can be compared."""
        return self.models is not None and any(not self.models.fit(POOLED, name).problem for name in FULL)


@dataclass(frozen=True)
class Seen:
    """What a fit on the past expected of the holdout, and what came."""

    calibration: holdout.Calibration
    no_order: holdout.Calibration
    error: float
    naive_total: float | None
    naive_error: float | None


def of_population(rows: pd.DataFrame, population: str) -> pd.DataFrame:
    """The rows of one segment, or all rows for the pooled population."""
    return rows if population == POOLED else rows[rows["segment"] == population]


def compare(population: str, name: Model, past: Holdout) -> tuple[str | None, Seen | None]:
    """Compare a fit on the past with the holdout, or return the reason why it cannot be compared."""
    rows = merged(of_population(past.histories, population))
    if past.models is None or rows.empty:
        return "no holdout: no customer had bought before its start", None
    fit = past.models.fit(population, name)
    if fit.problem:
        return f"no holdout: before its start, {fit.problem}", None
    customers, actual, squares, buyers = (
        rows[column].to_numpy(np.float64)
        for column in ("customer_count", "holdout_count", "holdout_square_count", "holdout_buyer_count")
    )
    expected = past.models.expected_orders(fit.parameters, rows, past.days)
    silent = past.models.no_order(fit.parameters, rows, past.days)
    earlier = merged(of_population(past.earlier, population))
    naive = naive_forecast_of(rows, earlier, past.days, past.earlier_days)
    return None, Seen(
        calibration=holdout.calibration(expected, actual, customers),
        no_order=holdout.calibration(silent, customers - buyers, customers, by=expected),
        error=holdout.error_per_customer(expected, actual, squares, customers),
        naive_total=None if naive is None else float((customers * naive).sum()),
        naive_error=None if naive is None else holdout.error_per_customer(naive, actual, squares, customers),
    )


def naive_forecast_of(rows: pd.DataFrame, earlier: pd.DataFrame, days: int, earlier_days: int) -> Floats | None:
    """The yardstick of each history: the rate of the period before by recency and frequency.

    Args:
        rows: histories at the cut-off.
        earlier: those at the start of the period before it, with the purchases that followed.
        days, earlier_days: the lengths of the two periods.

    Returns:
        Shape (n,); None without customers in the period before.
    """
    if earlier.empty or earlier_days == 0:
        return None
    recency, repeats = _recency(rows)
    last_recency, last_repeats = _recency(earlier)
    customers, bought = (earlier[column].to_numpy(np.float64) for column in ("customer_count", "holdout_count"))
    before = (last_recency, last_repeats, customers, bought)
    return holdout.naive_forecast(recency, repeats, before, days / earlier_days)


def _recency(rows: pd.DataFrame) -> tuple[Floats, Floats]:
    recency = (rows["observed_weeks"] - rows["last_purchase_weeks"]).to_numpy(np.float64)
    return recency, rows["repeat_count"].to_numpy(np.float64)


def deciles_of(name: str, seen: Seen) -> list[Record]:
    """The deciles of a fit as rows of ``purchase_calibration``."""
    found, silent = seen.calibration, seen.no_order
    columns = zip(
        found.bin,
        found.customer_count,
        found.expected_orders,
        found.actual_orders,
        silent.expected_orders,
        silent.actual_orders,
        strict=True,
    )
    return [
        {
            "fit_id": name,
            "decile": int(decile),
            "customer_count": int(customers),
            "expected_orders": float(expected),
            "actual_order_count": int(actual),
            "expected_silent_count": float(expected_silent),
            "actual_silent_count": int(actual_silent),
        }
        for decile, customers, expected, actual, expected_silent, actual_silent in columns
    ]
