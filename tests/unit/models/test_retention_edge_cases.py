"""What unusual data get from the retention marts: a line each in docs/metrics.md."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests.models import Models
from tests.unit.models.retention_worlds import (
    MONTHS,
    RETENTION,
    calendar,
    customer_month,
    order,
    rows_of,
    star,
    version,
)

pytestmark = pytest.mark.xdist_group("models")


def test_a_single_night_has_an_opening_of_zero_and_no_rate(retention_models: Models) -> None:
    night = date(2026, 2, 27)
    days = [day for day in calendar(date(2026, 3, 1)) if day["date_day"] >= night]
    world = star(
        customer_months__cumulative=[customer_month("anna", MONTHS[-1], 1000)],
        fct_orders=[{**order("anna", night, net_amount=Decimal(10)), "is_first_order": True}],
        dim_customers=[version("anna", "retail")],
        dim_dates=days,
    )
    with retention_models.build(RETENTION, world) as connection:
        bridges = rows_of(connection, "revenue_bridge__figures")
        [month] = [row for row in bridges if row["period_type"] == "month"]
        [retention] = rows_of(connection, "retention__figures")
        [growth] = rows_of(connection, "earned_growth__figures")
        [cohort] = rows_of(connection, "mart_retention_cohorts")
    assert (month["opening_amount"], month["new_amount"], month["closing_amount"]) == (0, 10, 10)
    assert {row["churned_amount"] for row in bridges} == {0}
    assert (retention["base_customer_count"], retention["new_customer_count"]) == (0, 1)
    assert retention["logo_retention_rate"] is retention["net_revenue_retention_rate"] is None
    assert growth["growth_rate"] is growth["high_earned_growth_ratio"] is None
    assert (cohort["age_months"], cohort["retention_rate"]) == (0, 1)


def test_a_free_order_makes_a_history_without_revenue(retention_models: Models) -> None:
    world = star(
        customer_months__cumulative=[
            customer_month("anna", MONTHS[-2], 0),
            customer_month("anna", MONTHS[-1], 500, first_ordered=MONTHS[-2]),
        ],
        fct_orders=[
            {**order("anna", MONTHS[-2]), "is_first_order": True},
            order("anna", MONTHS[-1], net_amount=Decimal(5)),
        ],
        dim_customers=[version("anna", "retail")],
        dim_dates=list(calendar(date(2026, 3, 1))),
    )
    with retention_models.build(RETENTION, world) as connection:
        [bridge] = [row for row in rows_of(connection, "revenue_bridge__figures") if row["period_type"] == "month"]
        cohort = rows_of(connection, "mart_retention_cohorts")
    assert (bridge["period_start_date"], bridge["new_amount"], bridge["reactivated_amount"]) == (MONTHS[-1], 0, 5)
    assert [row["active_customer_count"] for row in cohort] == [1, 1]
    assert {row["revenue_retention_rate"] for row in cohort} == {None}


def test_a_customer_without_a_segment_is_unknown_until_the_segment_is_known(retention_models: Models) -> None:
    world = star(
        customer_months__cumulative=[
            customer_month("anna", MONTHS[-2], 1000, segment="unknown"),
            customer_month("anna", MONTHS[-1], 1000, segment="retail", first_ordered=MONTHS[-2]),
        ],
        fct_orders=[{**order("anna", MONTHS[-2], net_amount=Decimal(10)), "is_first_order": True}],
        dim_customers=[version("anna", "unknown")],
        dim_dates=list(calendar(date(2026, 3, 1))),
    )
    with retention_models.build(RETENTION, world) as connection:
        rows = [row for row in rows_of(connection, "revenue_bridge__figures") if row["period_start_date"] == MONTHS[-1]]
        cohorts = rows_of(connection, "mart_retention_cohorts")
    moved = {row["segment"]: (row["transferred_in_amount"], row["transferred_out_amount"]) for row in rows}
    assert moved == {"unknown": (0, 10), "retail": (10, 0)}
    assert {row["segment"] for row in cohorts} == {"unknown"}
