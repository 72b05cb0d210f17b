"""Moments of truth of a published night against pandas from the star, and what the pages say of them."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.integration.conftest import Company

pytestmark = pytest.mark.xdist_group("demo nights")


def star(night: Company, sql: str, *columns: str) -> pd.DataFrame:
    return pd.DataFrame(night.query(sql), columns=list(columns))


def test_every_event_and_outcome_has_a_difference_or_a_reason(demo_night: Company) -> None:
    rows = demo_night.query(
        "select service_event, later_outcome, adjusted_difference, refusal_reason from marts.mart_moments_of_truth"
    )
    assert len({(event, outcome) for event, outcome, *_ in rows}) == len(rows) == 4 * 3
    for *_, difference, reason in rows:
        assert (difference is None) != (reason is None)


def test_events_and_plain_differences_equal_pandas(demo_night: Company) -> None:
    orders = star(
        demo_night,
        """
        select order_key, customer_id, ordered_at, delivered_at, net_amount, is_delivered_late from star.fct_orders
        where is_counted and customer_id <> md5('unknown')
        """,
        *("key", "customer", "ordered_at", "delivered_at", "amount", "is_late"),
    ).sort_values(["customer", "ordered_at", "key"])
    orders["next_at"] = orders.groupby("customer")["ordered_at"].shift(-1)
    orders["next_amount"] = orders.groupby("customer")["amount"].shift(-1)
    as_of, horizon = demo_night.manifest()["as_of_date"], demo_night.deployment.lifetime_value.horizon_days
    arrived = orders[orders["is_late"].notna()]

    recent = arrived["delivered_at"] >= pd.Timestamp(as_of) - pd.DateOffset(months=12)
    expected = (int(recent.sum()), int(arrived.loc[recent, "is_late"].sum()))
    volumes = "select distinct order_or_case_count, event_count from marts.mart_moments_of_truth"
    assert demo_night.query(f"{volumes} where service_event = 'late_delivery'") == [expected]

    followed = arrived[
        (arrived["next_at"] > arrived["delivered_at"])
        & ((arrived["next_at"] - arrived["delivered_at"]).dt.days <= horizon)
        & (arrived["next_amount"] > 0)
    ]
    counts = "select observed_count, observed_event_count from marts.mart_moments_of_truth"
    [(observed, late)] = demo_night.query(
        f"{counts} where service_event = 'late_delivery' and later_outcome = 'next_order_value'"
    )
    # a local day more or less at the end of the horizon
    assert abs(int(str(observed)) - len(followed)) <= 2
    assert abs(int(str(late)) - int(followed["is_late"].sum())) <= 1
