"""What holds of bridges, retention, growth and cohorts whatever customers do."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.models import Models, Row
from tests.unit.models.retention_worlds import AGREEMENT, RETENTION, World, rows_of, worlds

pytestmark = pytest.mark.xdist_group("models")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(world=worlds())
def test_bridges_close_and_rates_stay_within_bounds(retention_models: Models, world: World) -> None:
    with retention_models.build(RETENTION, world) as connection:
        bridges = rows_of(connection, "revenue_bridge__figures")
        _bridges_close(bridges)
        _months_lead_to_what_customers_brought(bridges, world["customer_months__cumulative"][1])
        _retention_keeps_its_bounds(rows_of(connection, "retention__figures"))
        _growth_lies_between_its_bounds(rows_of(connection, "earned_growth__figures"))
        cohorts = rows_of(connection, "mart_retention_cohorts")
        _cohorts_never_exceed_their_size(cohorts)
        _cohorts_hold_every_cent(cohorts, world)
        assert connection.sql(retention_models.queries[AGREEMENT]).fetchall() == []


def _bridges_close(bridges: list[dict[str, Any]]) -> None:
    closings: dict[tuple[object, ...], Decimal] = defaultdict(Decimal)
    openings: dict[tuple[object, ...], Decimal] = defaultdict(Decimal)
    moved: dict[tuple[object, ...], Decimal] = defaultdict(Decimal)
    for row in bridges:
        gained = row["new_amount"] + row["reactivated_amount"] + row["expansion_amount"] + row["transferred_in_amount"]
        lost = row["contraction_amount"] + row["churned_amount"] + row["open_amount"] + row["transferred_out_amount"]
        assert row["opening_amount"] + gained - lost == row["closing_amount"]
        assert min(row["expansion_amount"], row["contraction_amount"]) >= 0
        assert row["is_complete"] or row["churned_amount"] == row["contraction_amount"] == 0
        kind, start = (row["revenue_type"], row["period_type"], row["segment"]), row["period_start_date"]
        closings[(*kind, _next(row["period_type"], start))] = row["closing_amount"]
        openings[(*kind, start)] = row["opening_amount"]
        moved[row["revenue_type"], row["period_type"], start] += (
            row["transferred_in_amount"] - row["transferred_out_amount"]
        )
    last = max((key[-1] for key in openings), default=None)  # type: ignore[type-var]
    for key in closings.keys() | openings.keys():
        if key[-1] <= last:  # type: ignore[operator]
            assert closings[key] == openings[key], key
    assert set(moved.values()) <= {Decimal(0)}


def _next(period_type: str, start: date) -> date:
    if period_type == "year":
        return start.replace(year=start.year + 1)
    return (start + timedelta(days=31)).replace(day=1)


def _months_lead_to_what_customers_brought(bridges: list[dict[str, Any]], months: list[Row]) -> None:
    brought: dict[date, Decimal] = defaultdict(Decimal)
    for month in months:
        brought[month["month_start_date"]] += month["revenue_amount"]
    for row in bridges:
        if (row["revenue_type"], row["period_type"]) == ("orders", "month"):
            brought[row["period_start_date"]] -= row["closing_amount"]
    assert set(brought.values()) <= {Decimal(0)}


def _retention_keeps_its_bounds(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        rates = (row["logo_retention_rate"], row["gross_revenue_retention_rate"], row["net_revenue_retention_rate"])
        has_rates = row["is_complete"] and row["is_base_complete"] and row["base_customer_count"] > 0
        assert all((rate is not None) == has_rates for rate in rates)
        if has_rates:
            logo, gross, net = rates
            assert 0 <= logo <= 1
            assert 0 <= gross <= min(1, net)
        for name in ("purchase_rate", "logo_retention_rate"):
            _lies_in_its_interval(row, name)
        for name in ("gross_revenue_retention_rate", "net_revenue_retention_rate"):
            _lies_in_its_interval(row, name, without_limits=0)
        assert (row["gross_revenue_retention_rate_high"] or 0) <= 1
        assert (row["purchase_rate"] is not None) == (
            row["is_complete"] and row["is_base_complete"] and row["stage_customer_count"] > 0
        )
        assert row["purchase_rate"] is None or 0 <= row["purchase_rate"] <= 1
        assert row["base_customer_count"] == (
            row["retained_customer_count"] + row["churned_customer_count"] + row["open_customer_count"]
        )
        assert row["is_complete"] or row["churned_customer_count"] == 0


def _growth_lies_between_its_bounds(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        if row["growth_rate"] is not None:
            assert row["low_earned_growth_rate"] <= row["high_earned_growth_rate"] <= row["growth_rate"]
            assert row["net_revenue_retention_rate"] - 1 <= row["low_earned_growth_rate"]
        _lies_in_its_interval(row, "net_revenue_retention_rate", without_limits=0)
        for name in ("growth_rate", "low_earned_growth_rate", "high_earned_growth_rate"):
            _lies_in_its_interval(row, name, without_limits=-1)


def _lies_in_its_interval(row: dict[str, Any], name: str, without_limits: float | None = None) -> None:
    """The rate is within its limits, which exist unless the rate is null or the lowest possible one."""
    rate, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    if rate is None or rate == without_limits:
        assert low is high is None or rate is not None
    else:
        assert low - Decimal("1e-6") <= rate <= high + Decimal("1e-6")


def _cohorts_never_exceed_their_size(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        assert 0 <= row["active_customer_count"] <= row["cohort_customer_count"]
        assert (row["retention_rate"] is not None) == row["is_complete"]
        assert row["retention_rate"] is None or 0 <= row["retention_rate"] <= 1
        _lies_in_its_interval(row, "retention_rate")


def _cohorts_hold_every_cent(rows: list[dict[str, Any]], world: World) -> None:
    [as_of] = [day["date_day"] for day in world["dim_dates"][1] if day["is_as_of"]]
    orders = [row for row in world["fct_orders"][1] if row["ordered_date"] < as_of]
    bought = sum((row["net_amount"] - row["refunded_amount"] for row in orders), Decimal(0))
    given_back = sum(
        (
            row["refund_amount"]
            for row in world["fct_refunds"][1]
            if row["is_of_customer"]
            and row["refunded_date"] < as_of
            and row["customer_id"] in {order["customer_id"] for order in orders if order["is_first_order"]}
        ),
        Decimal(0),
    )
    assert sum((row["revenue_amount"] for row in rows), Decimal(0)) == bought - given_back
    assert sum(row["order_count"] for row in rows) == len(orders)
