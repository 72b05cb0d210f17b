"""Purchases whose orders were given back without being named, against a walk through each customer's past."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.models import Models, Row, Table
from tests.unit.models.retention_worlds import rows_of

pytestmark = pytest.mark.xdist_group("models")

FIRST, AS_OF = date(2026, 1, 1), date(2026, 1, 20)
ORDERS = (
    "order_key varchar, customer_id varchar, ordered_date date, ordered_at timestamp, is_counted boolean, "
    "net_amount decimal(18,2), refunded_amount decimal(18,2)"
)
REFUNDS = (
    "refund_key varchar, customer_id varchar, refunded_date date, refunded_at timestamp, is_of_customer boolean, "
    "refund_amount decimal(18,2)"
)
events = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 21), st.sampled_from([0, 1, 5, 5, 10]), st.booleans()), max_size=12
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(happened=events)
def test_what_is_given_back_is_taken_off_the_latest_orders_before_it(
    models: Models, happened: list[tuple[str, int, int, bool]]
) -> None:
    # two orders of one moment are equal but for their key: one event of each kind per day
    unique = {(customer, day, is_order): euros for customer, day, euros, is_order in happened}
    orders: list[Row] = []
    refunds: list[Row] = []
    for (customer, days, is_order), euros in unique.items():
        day = FIRST + timedelta(days=days)
        at = datetime.combine(day, time(12))
        if is_order:
            orders.append(
                {"order_key": f"{customer}{days}", "customer_id": customer, "ordered_date": day, "ordered_at": at}
                | {"is_counted": True, "net_amount": Decimal(euros), "refunded_amount": Decimal(0)}
            )
        else:
            refunds.append(
                {"refund_key": f"{customer}{days}", "customer_id": customer, "refunded_date": day, "refunded_at": at}
                | {"is_of_customer": True, "refund_amount": Decimal(euros)}
            )
    given_tables: dict[str, Table] = {
        "fct_orders": (ORDERS, orders),
        "fct_refunds": (REFUNDS, refunds),
        "dim_dates": ("date_day date, is_as_of boolean", [{"date_day": AS_OF, "is_as_of": True}]),
    }
    with models.build(["science_purchase_days"], given_tables) as connection:
        found = {
            (row["customer_id"], row["purchase_date"]): row["revenue_amount"]
            for row in rows_of(connection, "science_purchase_days")
        }
    assert found == _expected(orders, refunds)


def _expected(orders: list[Row], refunds: list[Row]) -> dict[tuple[str, date], Decimal]:
    """Go back in time: a refund waits until orders before it have used it up."""
    purchases: dict[tuple[str, date], Decimal] = {}
    waiting: dict[str, Decimal] = defaultdict(Decimal)
    past: list[tuple[date, int, Any]] = [(row["ordered_date"], 0, row) for row in orders]
    past += [(row["refunded_date"], 1, row) for row in refunds]
    for day, is_refund, row in sorted(past, key=lambda event: event[:2], reverse=True):
        if day >= AS_OF:
            continue
        customer = row["customer_id"]
        if is_refund:
            waiting[customer] += row["refund_amount"]
            continue
        taken = min(waiting[customer], row["net_amount"])
        waiting[customer] -= taken
        if taken < row["net_amount"] or row["net_amount"] == 0:
            purchases[customer, day] = row["net_amount"] - taken
    return purchases
