"""The differences of events: what is estimated, and when nothing may be said."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from orchestration.assets.science.service_events import OUTCOMES, effect_of, known_before, refusal
from orchestration.science.effects import Difference, Effect

NIGHT = date(2026, 1, 1)


def units(count: int = 3_000, effect: float = -0.2, seed: int = 4) -> pd.DataFrame:
    """Orders of which one in ten is late, more often those of enterprises, who spend more; half are followed by one."""
    rng = np.random.default_rng(seed)
    is_enterprise = rng.random(count) < 0.5
    is_exposed = rng.random(count) < np.where(is_enterprise, 0.2, 0.05)
    amount = np.exp(3 + 1.5 * is_enterprise + rng.normal(0, 0.3, count))
    following = amount * np.exp(effect * is_exposed + rng.normal(0, 0.3, count))
    has_next = rng.random(count) < 0.5
    return pd.DataFrame(
        {
            "customer_id": [f"c{number // 2:05}" for number in range(count)],
            "is_exposed": is_exposed,
            "segment": np.where(is_enterprise, "enterprise", "consumer"),
            "channel": "web",
            "month_start_date": pd.Timestamp("2025-03-01"),
            "earlier_order_count": 1,
            "tenure_days": 0,
            "latest_order_amount": amount,
            "next_order_amount": np.where(has_next, following, np.nan),
            "is_without_next_order": pd.array(~has_next, dtype="boolean"),
            "next_nps_answer": np.nan,
        }
    )


def test_the_difference_is_adjusted_where_the_plain_one_has_the_wrong_sign() -> None:
    rows = units()
    found = effect_of(rows, "late_delivery", "next_order_value", NIGHT)
    assert found["refusal_reason"] is None
    assert found["unit_count"] == rows["next_order_amount"].notna().sum()
    assert found["naive_difference"] > 0
    assert abs(found["adjusted_difference"] + 0.2) <= 3 * found["standard_error"]
    assert found["adjusted_difference"] < 0
    logs = np.log(rows["next_order_amount"])
    plain = logs[rows["is_exposed"]].mean() - logs[~rows["is_exposed"]].mean()
    assert found["naive_difference"] == pytest.approx(plain)


def test_a_horizon_that_has_not_passed_is_not_an_order_that_did_not_come() -> None:
    rows = units()
    rows.loc[:999, "is_without_next_order"] = pd.NA
    assert effect_of(rows, "late_delivery", "no_next_order", NIGHT)["unit_count"] == 2_000


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_too_few_customers_are_refused_with_their_number(outcome: str) -> None:
    found = effect_of(units(300), "late_delivery", outcome, NIGHT)
    assert "at least 100 of each are needed" in found["refusal_reason"]
    assert "adjusted_difference" not in found


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_company_without_such_orders_has_a_row_with_the_reason(outcome: str) -> None:
    found = effect_of(units().head(0), "late_delivery", outcome, NIGHT)
    assert (found["unit_count"], found["exposed_unit_count"]) == (0, 0)
    assert "0 customers with the event" in found["refusal_reason"]


@pytest.mark.parametrize(
    ("overlap_share", "imbalance", "error", "said"),
    [(0.79, 0.0, 1.0, "79%"), (0.9, 0.11, 1.0, "0.11"), (0.9, 0.0, 0.0, "does not vary"), (0.8, 0.1, 1.0, None)],
)
def test_an_estimate_is_refused_without_overlap_or_balance(
    overlap_share: float, imbalance: float, error: float, said: str | None
) -> None:
    reason = refusal(Effect(Difference(0, error), Difference(0, error), overlap_share, imbalance))
    assert reason is None if said is None else said in str(reason)


def test_what_was_known_has_no_missing_value() -> None:
    rows = units()
    rows.loc[:10, "latest_order_amount"] = np.nan
    columns = known_before(rows)
    assert columns.shape[0] == len(rows)
    assert np.isfinite(columns).all()
