"""Later orders in the stage overview of the demo company, counted by pandas."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from tests.integration.conftest import Company

pytestmark = pytest.mark.xdist_group("demo nights")


def test_repurchases_of_a_stage_are_the_orders_after_the_first_contact(demo_night: Company) -> None:
    contacts = pd.DataFrame(
        demo_night.query(
            """
            select customer_id, occurred_date, segment, journey_stage
            from star.fct_interactions inner join star.dim_touchpoints using (touchpoint_key)
            inner join star.dim_customers using (customer_key, customer_id)
            where customer_id <> md5('unknown')
            """
        ),
        columns=["customer", "day", "segment", "stage"],
    )
    contacts["month"] = pd.to_datetime(contacts["day"]).dt.to_period("M")
    orders = demo_night.query("select customer_id, ordered_date from star.fct_orders where is_counted")
    days_of: dict[object, list[date]] = {}
    for customer, day in orders:
        days_of.setdefault(customer, []).append(day)  # type: ignore[arg-type]
    first = contacts.groupby(["month", "segment", "stage", "customer"])["day"].min().reset_index()
    first["bought"] = [
        any(0 < (ordered - day).days <= 365 for ordered in days_of.get(customer, []))
        for customer, day in zip(first["customer"], first["day"], strict=True)
    ]
    groups = first.groupby(["month", "segment", "stage"], as_index=False)["bought"].agg(["size", "sum"])
    expected = {
        (row["month"].start_time.date(), row["segment"], row["stage"]): (row["size"], row["sum"])
        for row in groups.to_dict("records")
    }
    published = demo_night.query(
        """
        select
            month_start_date, segment, journey_stage, contacted_customer_count, repurchased_customer_count
        from marts.mart_stage_overview where contacted_customer_count > 0
        """
    )
    assert len(expected) > 100
    assert {row[:3]: row[3:] for row in published} == expected
