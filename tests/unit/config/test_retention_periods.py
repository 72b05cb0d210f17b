"""Which periods retention compares, and the messages about settings that cannot be compared."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from orchestration.config.retention_periods import RetentionPeriods


def test_a_period_is_compared_with_the_one_before_it_unless_a_distance_is_set() -> None:
    periods = RetentionPeriods.model_validate(
        {"orders": {"length_months": 3, "distance_months": 12}, "subscriptions": {"length_months": 2}}
    )
    assert periods.by_revenue_type() == {
        "orders": {"length_months": 3, "distance_months": 12},
        "subscriptions": {"length_months": 2, "distance_months": 2},
    }


def test_orders_are_compared_by_year_and_subscriptions_by_month_by_default() -> None:
    assert RetentionPeriods().by_revenue_type() == {
        "orders": {"length_months": 12, "distance_months": 12},
        "subscriptions": {"length_months": 1, "distance_months": 1},
    }


@pytest.mark.parametrize(
    ("orders", "message"),
    [
        (12, "write `length_months: 12`; `distance_months` is its length unless it is set"),
        ({"length_months": 0}, "greater than or equal to 1"),
        ({"distance_months": 12}, "Field required"),
        (
            {"length_months": 12, "distance_months": 3},
            "12 months overlaps a base that ends 3 months before its end: set distance_months to 12 or more",
        ),
    ],
)
def test_periods_that_cannot_be_compared_are_refused(orders: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        RetentionPeriods.model_validate({"orders": orders})
