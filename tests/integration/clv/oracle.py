"""Lifetime value per customer from a list of purchase days, in pandas and numpy."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from orchestration.science import beta_geometric, gamma_gamma

HORIZON_WEEKS = 365 / 7
ANNUAL_RATE = 0.10


def histories(purchases: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """One row per customer: x, t_x and T in whole weeks, and the value of the repeat purchases.

    Args:
        purchases: customer_id, day (a date) and amount of each purchase, several per day possible.
    """
    days = purchases.assign(day=pd.to_datetime(purchases["day"])).groupby(["customer_id", "day"])["amount"].sum()
    found = {}
    for customer, amounts in days.groupby(level="customer_id"):
        dates = amounts.index.get_level_values("day")
        found[customer] = {
            "x": len(dates) - 1,
            "t_x": round((dates.max() - dates.min()).days / 7),
            "T": round((pd.Timestamp(as_of) - dates.min()).days / 7 - 1 / 7),
            "spent": float(amounts.iloc[1:].sum()),
        }
    return pd.DataFrame.from_dict(found, orient="index")


def seasonal_weeks(index: Sequence[float], as_of: date, weeks: float) -> float:
    """Seasonal weeks from the as-of date for calendar weeks from it, day by day; both are negative before it."""
    days, total = abs(weeks) * 7, 0.0
    for number in range(math.ceil(days - 1e-9)):
        day = as_of + timedelta(days=number if weeks > 0 else -1 - number)
        total += index[day.month - 1] * min(1.0, days - number)
    return math.copysign(total / 7, weeks)


def on_seasonal_clock(known: pd.DataFrame, index: Sequence[float], as_of: date) -> pd.DataFrame:
    """The histories with t_x and T in seasonal weeks."""
    first = np.array([seasonal_weeks(index, as_of, -weeks) for weeks in known["T"]])
    last = np.array([seasonal_weeks(index, as_of, weeks) for weeks in known["t_x"] - known["T"]])
    return known.assign(t_x=np.where(known["t_x"] > 0, last - first, 0.0), T=-first)


def forecasts(
    known: pd.DataFrame,
    purchase_fit: Mapping[Hashable, Any],
    spend_fit: Mapping[Hashable, Any],
    index: Sequence[float] = (1.0,) * 12,
    as_of: date = date(2026, 1, 1),
) -> pd.DataFrame:
    """The forecast of each customer by the parameters of two rows of mart_clv_model_quality, and a seasonal index."""
    known = on_seasonal_clock(known, index, as_of)
    horizon = seasonal_weeks(index, as_of, HORIZON_WEEKS)
    purchases = beta_geometric.Parameters(
        purchase_fit["model"],
        *(np.nan if purchase_fit[name] is None else float(purchase_fit[name]) for name in ("r", "alpha", "a", "b")),
    )
    spend = gamma_gamma.Parameters(*(float(spend_fit[name]) for name in ("p", "q", "v")))
    x, t_x, observed = (known[name].to_numpy(float) for name in ("x", "t_x", "T"))
    mean = np.divide(known["spent"], x, out=np.zeros(len(x)), where=x > 0)
    return pd.DataFrame(
        {
            "alive_probability": beta_geometric.p_alive(purchases, x, t_x, observed),
            "no_order_probability": beta_geometric.p_no_order(purchases, x, t_x, observed, horizon),
            "expected_orders": beta_geometric.expected_orders(purchases, x, t_x, observed, horizon),
            "discounted": beta_geometric.discounted_expected_orders(
                purchases,
                x,
                t_x,
                observed,
                HORIZON_WEEKS,
                ANNUAL_RATE,
                clock=np.vectorize(lambda weeks: seasonal_weeks(index, as_of, weeks)),
            ),
            "worth": gamma_gamma.expected_value(spend, x, mean),
        },
        index=known.index,
    )
