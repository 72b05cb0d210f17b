"""The limits of revenue retention and earned growth, against a bootstrap in numpy with its own weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from tests.models import Models

pytestmark = pytest.mark.xdist_group("models")

Floats = NDArray[np.float64]


def bootstrapped(above: Floats, below: Floats, seed: int) -> tuple[float, float]:
    """Limits of a ratio of sums, from 4,000 resamples of the customers with replacement."""
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(above), np.full(len(above), 1 / len(above)), size=4_000)
    spread = np.log(drawn @ above / (drawn @ below)).std(ddof=1)
    ratio = above.sum() / below.sum()
    return ratio * np.exp(-1.959964 * spread), ratio * np.exp(1.959964 * spread)


def assert_close(limits: Mapping[Any, float], name: str, above: Floats, below: Floats) -> None:
    """Both limits agree within a fifth of the distance to the figure: 100 replicates are exact to about 7 %."""
    ratio, (low, high) = above.sum() / below.sum(), bootstrapped(above, below, seed=4)
    assert limits[f"{name}_low"] < ratio < limits[f"{name}_high"]
    assert limits[f"{name}_low"] == pytest.approx(low, abs=0.2 * (ratio - low))
    assert limits[f"{name}_high"] == pytest.approx(high, abs=0.2 * (high - ratio))


def compared_customers() -> pd.DataFrame:
    """Skewed revenue of a base, of which a third left, in a small and a large segment; 30 customers had no revenue."""
    rng = np.random.default_rng(16)
    base = np.exp(rng.normal(3, 1, 800)).round(2)
    base[:30] = 0
    now = np.where(rng.random(800) < 0.66, np.maximum(base, 5) * rng.uniform(0.3, 1.8, 800), -1).round(2)
    return pd.DataFrame(
        {
            "revenue_type": "orders",
            "customer_id": [f"customer {number}" for number in range(800)],
            "month_start_date": pd.Timestamp("2025-12-01").date(),
            "segment": np.where(np.arange(800) < 100, "small", "large"),
            "lifecycle_stage": "active",
            "is_complete": True,
            "is_base_complete": True,
            "base_revenue_amount": base,
            "revenue_amount": now,
        }
    )


def test_limits_of_retention_are_those_of_a_bootstrap_over_the_customers_of_the_base(retention_models: Models) -> None:
    customers = compared_customers()
    rows = retention_models.rows("retention__limits", retention__customers=customers).set_index("segment")
    of_segment = rows.to_dict("index")
    for segment, group in customers[customers["base_revenue_amount"] > 0].groupby("segment"):
        base, now = group["base_revenue_amount"].to_numpy(), group["revenue_amount"].clip(lower=0).to_numpy()
        assert_close(of_segment[segment], "net", now, base)
        assert_close(of_segment[segment], "gross", np.minimum(base, now), base)
    width = np.log(rows["net_high"] / rows["net_low"])
    assert width["large"] < width["small"]


def test_a_period_that_runs_or_a_base_that_is_not_whole_has_no_limits(retention_models: Models) -> None:
    for unfinished in ("is_complete", "is_base_complete"):
        customers = compared_customers().assign(**{unfinished: False})
        assert retention_models.rows("retention__limits", retention__customers=customers).empty


def test_gross_retention_has_no_limit_above_one(retention_models: Models) -> None:
    customers = compared_customers().head(60)
    customers["revenue_amount"] = customers["base_revenue_amount"].where(customers.index != 59, 0)
    [row] = retention_models.rows("retention__limits", retention__customers=customers).to_dict("records")
    assert row["gross_high"] == 1


def test_limits_of_growth_are_those_of_a_bootstrap_over_customers_old_and_new(retention_models: Models) -> None:
    compared = compared_customers()
    is_base = compared["base_revenue_amount"] > 0
    is_new = ~is_base | (compared.index % 5 == 0)
    now = compared["revenue_amount"].clip(lower=0)
    amounts = {
        "base_revenue_amount": compared["base_revenue_amount"].where(~is_new, 0),
        "retained_revenue_amount": now.where(~is_new, 0),
        "reactivated_revenue_amount": now * 0,
        "new_revenue_amount": now.where(is_new, 0),
        "earned_revenue_amount": now.where(is_new & (compared.index % 2 == 0), 0),
        "unknown_reason_revenue_amount": now.where(is_new & (compared.index % 2 == 1), 0),
    }
    customers = compared[["revenue_type", "customer_id", "segment", "is_complete", "is_base_complete"]].assign(
        year_start_date=pd.Timestamp("2025-01-01").date(), **amounts
    )
    rows = retention_models.rows("earned_growth__limits", earned_growth__customers=customers).set_index("segment")
    of_segment = rows.to_dict("index")
    for segment, group in customers.groupby("segment"):
        of = {name.removesuffix("_revenue_amount"): group[name].to_numpy() for name in amounts}
        assert_close(of_segment[segment], "net", of["retained"], of["base"])
        assert_close(of_segment[segment], "total", of["retained"] + of["new"], of["base"])
        assert_close(of_segment[segment], "least_earned", of["retained"] + of["earned"], of["base"])
        everything = of["retained"] + of["earned"] + of["unknown_reason"]
        assert_close(of_segment[segment], "most_earned", everything, of["base"])
