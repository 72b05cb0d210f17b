"""Bridges, retention, cohorts and earned growth of the demo company and of Olist, against their extracts."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from tests.integration import retention_extracts, retention_oracle
from tests.integration.conftest import Company
from tests.integration.retention_extracts import Bought
from tests.integration.retention_oracle import month_of, months_up_to, year_of

LINES = {
    "opening": "opening_amount",
    "new": "new_amount",
    "reactivated": "reactivated_amount",
    "expansion": "expansion_amount",
    "contraction": "contraction_amount",
    "churned": "churned_amount",
    "open": "open_amount",
    "transferred_in": "transferred_in_amount",
    "transferred_out": "transferred_out_amount",
    "closing": "closing_amount",
}
RETENTION = {
    "base_customers": "base_customer_count",
    "retained_customers": "retained_customer_count",
    "new_customers": "new_customer_count",
    "reactivated_customers": "reactivated_customer_count",
    "base": "base_revenue_amount",
    "kept": "kept_revenue_amount",
    "retained": "retained_revenue_amount",
    "new": "new_revenue_amount",
    "reactivated": "reactivated_revenue_amount",
}


def as_of(night: Company) -> date:
    [(day,)] = night.query("select date_day from star.dim_dates where is_as_of")
    assert isinstance(day, date)
    return day


def cents(value: Any) -> int:
    return int(value * 100) if isinstance(value, Decimal) else int(value)


def sums(night: Company, key: str, columns: dict[str, str], mart: str, where: str) -> dict[Any, Counter[str]]:
    """The sums of a mart by ``key``: amounts in cents, zeros excluded."""
    selected = ", ".join(f"sum({column})" for column in columns.values())
    width = key.count(",") + 1
    rows = night.query(f"select {key}, {selected} from marts.{mart} where {where} group by {key}")
    return {
        row[:width] if width > 1 else row[0]: Counter(
            {name: cents(value) for name, value in zip(columns, row[width:], strict=True) if value}
        )
        for row in rows
    }


@pytest.fixture(scope="module")
def demo_bought(demo_night: Company) -> Bought:
    rows = demo_night.query("select system, source_id, customer_id from star.map_customer_identities")
    return retention_extracts.demo(
        demo_night.extracts, {(str(system), str(record)): str(person) for system, record, person in rows}
    )


@pytest.fixture(scope="module")
def olist_bought(olist_night: Company) -> Bought:
    return retention_extracts.olist(olist_night.extracts)


def assert_orders_agree(night: Company, bought: Bought) -> None:
    """Bridges by month and by year, retention by month and the cohorts of orders."""
    now = as_of(night)
    days = [event.day for event in bought.orders]
    first_days = {event.person: event.day for event in sorted(bought.orders, key=lambda event: event.day, reverse=True)}
    months = list(months_up_to(min(days), now))
    years = sorted({year_of(month) for month in months})
    for period_type, period_of, periods in (("month", month_of, months), ("year", year_of, years)):
        expected = retention_oracle.bridges(
            retention_oracle.spent(bought.money, now, period_of), first_days, periods, now, bought.segment_at
        )
        where = f"revenue_type = 'orders' and period_type = '{period_type}'"
        assert sums(night, "period_start_date, segment", LINES, "mart_revenue_bridge", where) == expected

    by_month = retention_oracle.spent(bought.money, now, month_of)
    expected_months = {month: retention_oracle.retention(by_month, first_days, month, 12) for month in months}
    published = sums(night, "month_start_date", RETENTION, "mart_retention_by_segment_stage", "revenue_type = 'orders'")
    assert published == {month: +figures for month, figures in expected_months.items() if +figures}

    rows = night.query(
        """
        select
            cohort_month_start_date, age_months, segment,
            cohort_customer_count, active_customer_count, revenue_amount
        from marts.mart_retention_cohorts
        """
    )
    assert {row[:3]: (*row[3:5], cents(row[5])) for row in rows} == retention_oracle.cohorts(
        bought.orders, now, bought.cohort_segments
    )


@pytest.mark.xdist_group("demo nights")
def test_the_published_identities_are_the_truth_except_for_a_few_people(demo_night: Company) -> None:
    truth = pd.read_csv(demo_night.extracts / "truth" / "identities.csv", dtype=str)
    person = {(row.system, row.source_id): row.person for row in truth.itertuples()}
    rows = demo_night.query("select customer_id, system, source_id from star.map_customer_identities")
    pairs = {(customer, person[str(system), str(record)]) for customer, system, record in rows}
    alone = Counter(customer for customer, _ in pairs), Counter(name for _, name in pairs)
    wrong = [pair for pair in pairs if alone[0][pair[0]] > 1 or alone[1][pair[1]] > 1]
    assert len(wrong) < 0.05 * truth["person"].nunique()


@pytest.mark.xdist_group("demo nights")
def test_demo_bridges_retention_and_cohorts_equal_the_extracts(demo_night: Company, demo_bought: Bought) -> None:
    assert any(event.cents < 0 for event in demo_bought.money)
    assert_orders_agree(demo_night, demo_bought)


@pytest.mark.xdist_group("demo nights")
def test_demo_subscription_bridges_equal_the_running_contracts(demo_night: Company, demo_bought: Bought) -> None:
    now = as_of(demo_night)
    first_days = {
        contract.person: contract.first_day
        for contract in sorted(demo_bought.contracts, key=lambda contract: contract.started_at, reverse=True)
    }
    months = list(months_up_to(min(first_days.values()), now))
    ends = {month: demo_bought.midnight(min(retention_oracle.following(month), now)) for month in months}
    by_month = retention_oracle.running(demo_bought.contracts, ends)
    expected = retention_oracle.bridges(by_month, first_days, months, now, demo_bought.segment_at)
    where = "revenue_type = 'subscriptions' and period_type = 'month'"
    assert sums(demo_night, "period_start_date, segment", LINES, "mart_revenue_bridge", where) == expected

    expected_months = {month: retention_oracle.retention(by_month, first_days, month, 1) for month in months}
    published = sums(
        demo_night, "month_start_date", RETENTION, "mart_retention_by_segment_stage", "revenue_type = 'subscriptions'"
    )
    assert published == {month: +figures for month, figures in expected_months.items() if +figures}


@pytest.mark.xdist_group("demo nights")
def test_demo_new_revenue_is_split_by_acquisition(demo_night: Company, demo_bought: Bought) -> None:
    now = as_of(demo_night)
    by_year = retention_oracle.spent(demo_bought.money, now, year_of)
    first_years = {
        event.person: year_of(event.day)
        for event in sorted(demo_bought.orders, key=lambda event: event.day, reverse=True)
    }
    expected: dict[Any, Counter[str]] = {}
    for (person, year), amount in by_year.items():
        if amount > 0 and first_years[person] == year:
            reason = demo_bought.reasons.get(person, "unknown")
            expected.setdefault(year, Counter())[reason] += amount
    columns = {
        "referral": "earned_revenue_amount",
        "campaign": "bought_revenue_amount",
        "unknown": "unknown_reason_revenue_amount",
    }
    published = sums(demo_night, "year_start_date", columns, "mart_earned_growth", "revenue_type = 'orders'")
    assert {year: figures for year, figures in published.items() if figures} == expected
    assert {"referral", "campaign", "unknown"} <= set(expected[date(2025, 1, 1)])


@pytest.mark.xdist_group("integration/olist")
def test_olist_bridges_retention_and_cohorts_equal_the_files(olist_night: Company, olist_bought: Bought) -> None:
    assert_orders_agree(olist_night, olist_bought)
    assert olist_night.query("select count(*) from star.fct_subscriptions") == [(0,)]
    assert olist_night.query("select count(*) from star.fct_acquisitions") == [(0,)]
    assert olist_night.query("select distinct revenue_type from marts.mart_revenue_bridge") == [("orders",)]
    assert olist_night.query(
        "select min(unknown_reason_rate), max(unknown_reason_rate) from marts.mart_earned_growth"
    ) == [(1, 1)]
