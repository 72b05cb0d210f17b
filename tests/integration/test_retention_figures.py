"""Bridges, retention, cohorts and earned growth of the demo company and of Olist, against their extracts."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from tests.integration import growth_oracle, retention_extracts, retention_oracle, retention_rates
from tests.integration.conftest import Company
from tests.integration.retention_extracts import Bought
from tests.integration.retention_oracle import Person, SegmentAt, SegmentOfBase, month_of, months_up_to, year_of

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
    "known_customers": "stage_customer_count",
    "known_buyers": "stage_buyer_count",
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


BRIDGES = {
    ("orders", "month"): "mart_revenue_bridge",
    ("orders", "year"): "mart_revenue_bridge_yearly",
    ("subscriptions", "month"): "mart_subscription_bridge",
}
RETENTIONS = {"orders": "mart_retention_by_segment_stage", "subscriptions": "mart_subscription_retention"}
GROWTHS = {"orders": "mart_earned_growth", "subscriptions": "mart_subscription_growth"}


def sums(night: Company, key: str, columns: dict[str, str], mart: str) -> dict[Any, Counter[str]]:
    """The sums of a mart by ``key``: amounts in cents, zeros excluded."""
    selected = ", ".join(f"sum({column})" for column in columns.values())
    width = key.count(",") + 1
    rows = night.query(f"select {key}, {selected} from marts.{mart} group by {key}")
    return {
        row[:width] if width > 1 else row[0]: Counter(
            {name: cents(value) for name, value in zip(columns, row[width:], strict=True) if value}
        )
        for row in rows
    }


FIRST_MONTHS = "select customer_id, min(month_start_date) from star.fct_customer_months group by customer_id"
GROWTH_COUNTS = {"base_customers": "base_customer_count", "new_customers": "new_customer_count"}
GROWTH_AMOUNTS = ("base", "retained", "reactivated", "new", "earned", "bought", "unknown_reason")
GROWTH_RATES = {
    "net_retention": "net_revenue_retention_rate",
    "growth": "growth_rate",
    "low_earned_growth": "low_earned_growth_rate",
    "high_earned_growth": "high_earned_growth_rate",
}


def seen_months(night: Company, bought: Bought) -> dict[Person, date]:
    """The month in which each person was first seen: published, or that of the first contract."""
    months: dict[Person, date] = dict(night.query(FIRST_MONTHS))  # type: ignore[arg-type]
    for contract in bought.contracts:
        month = month_of(contract.first_day)
        months[contract.person] = min(month, months.get(contract.person, month))
    return months


def segment_of(night: Company, bought: Bought) -> SegmentOfBase:
    return retention_oracle.segment_of_base(bought.segment_at, seen_months(night, bought), as_of(night))


def stage_of(night: Company, bought: Bought) -> SegmentAt:
    now = as_of(night)
    days: dict[Person, list[date]] = {}
    for event in bought.orders:
        days.setdefault(event.person, []).append(event.day)
    return lambda person, day: retention_oracle.stage_at(days.get(person, ()), min(day, now))


def first_days_of(bought: Bought) -> dict[Person, date]:
    """The day of each person's first order."""
    return {event.person: event.day for event in sorted(bought.orders, key=lambda event: event.day, reverse=True)}


def first_contracts_of(bought: Bought) -> dict[Person, date]:
    """The day of each person's first contract period."""
    contracts = sorted(bought.contracts, key=lambda contract: contract.started_at, reverse=True)
    return {contract.person: contract.first_day for contract in contracts}


def people_of(night: Company) -> dict[tuple[str, str], Person]:
    """The published person of each (system, record id)."""
    rows = night.query("select system, source_id, customer_id from star.map_customer_identities")
    return {(str(system), str(record)): str(person) for system, record, person in rows}


@pytest.fixture(scope="module")
def demo_bought(demo_night: Company) -> Bought:
    return retention_extracts.demo(demo_night.extracts, people_of(demo_night))


@pytest.fixture(scope="module")
def olist_bought(olist_night: Company) -> Bought:
    return retention_extracts.olist(olist_night.extracts, people_of(olist_night))


def assert_orders_agree(night: Company, bought: Bought) -> None:
    """Bridges by month and by year, retention by month and the cohorts of orders."""
    now = as_of(night)
    days = [event.day for event in bought.orders]
    first_days = first_days_of(bought)
    placed = segment_of(night, bought)
    months = list(months_up_to(min(days), now))
    years = sorted({year_of(month) for month in months})
    for period_type, period_of, periods in (("month", month_of, months), ("year", year_of, years)):
        expected = retention_oracle.bridges(
            retention_oracle.spent(bought.money, now, period_of), first_days, periods, now, placed
        )
        key = f"{period_type}_start_date, segment"
        assert sums(night, key, LINES, BRIDGES["orders", period_type]) == expected

    by_month = retention_oracle.spent(bought.money, now, month_of)
    # everyone who was seen is in the comparison of orders; months before the first order have no revenue
    known_since: dict[Any, Any] = dict(night.query(FIRST_MONTHS))  # type: ignore[arg-type]
    assert_retention_agrees(night, bought, "orders", by_month, first_days, known_since)

    rows = night.query(
        """
        select
            cohort_month_start_date, age_months, segment,
            cohort_customer_count, active_customer_count, revenue_amount
        from marts.mart_retention_cohorts
        """
    )
    cohorts = retention_oracle.cohorts(bought.orders, now, bought.cohort_segments)
    assert {row[:3]: (*row[3:5], cents(row[5])) for row in rows} == cohorts
    retention_rates.assert_cohorts_agree(night, cohorts)


def assert_retention_agrees(
    night: Company,
    bought: Bought,
    revenue_type: str,
    by_month: dict[tuple[Person, date], int],
    first_days: dict[Person, date],
    known_since: dict[Any, Any],
) -> None:
    """Retention by segment and stage, of every month since the first person was known."""
    periods = night.deployment.retention_periods.by_revenue_type()[revenue_type]
    placed, staged = segment_of(night, bought), stage_of(night, bought)
    expected = {
        (month, *key): figures
        for month in months_up_to(min(known_since.values()), as_of(night))
        for key, figures in retention_oracle.retention(
            by_month,
            first_days,
            month,
            (periods["length_months"], periods["distance_months"]),
            known_since,
            placed,
            staged,
        ).items()
    }
    key = "month_start_date, segment, lifecycle_stage"
    assert sums(night, key, RETENTION, RETENTIONS[revenue_type]) == expected
    retention_rates.assert_retention_agrees(night, RETENTIONS[revenue_type], expected)


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
    first_days = first_contracts_of(demo_bought)
    months = list(months_up_to(min(first_days.values()), now))
    ends = {month: demo_bought.midnight(min(retention_oracle.following(month), now)) for month in months}
    by_month = retention_oracle.running(demo_bought.contracts, ends)
    expected = retention_oracle.bridges(by_month, first_days, months, now, segment_of(demo_night, demo_bought))
    assert sums(demo_night, "month_start_date, segment", LINES, BRIDGES["subscriptions", "month"]) == expected

    known_since = {person: month_of(day) for person, day in first_days.items()}
    assert_retention_agrees(demo_night, demo_bought, "subscriptions", by_month, first_days, known_since)


def assert_growth_agrees(night: Company, bought: Bought, revenue_type: str) -> None:
    """Earned growth by year and segment: counts, cents, and the rates of complete years."""
    now = as_of(night)
    last_month = month_of(now - timedelta(days=1))
    if revenue_type == "orders":
        amounts, first_days = retention_oracle.spent(bought.money, now, year_of), first_days_of(bought)
    else:
        first_days = first_contracts_of(bought)
        years = sorted({year_of(month) for month in months_up_to(min(first_days.values()), now)})
        ends = {year: bought.midnight(min(year.replace(year=year.year + 1), now)) for year in years}
        amounts = retention_oracle.running(bought.contracts, ends)
    expected = growth_oracle.earned_growth(amounts, first_days, bought.reasons, segment_of(night, bought), last_month)
    columns = {**GROWTH_COUNTS, **{name: f"{name}_revenue_amount" for name in GROWTH_AMOUNTS}}
    published = sums(night, "year_start_date, segment", columns, GROWTHS[revenue_type])
    assert published == {
        (year, segment): Counter({name: int(row[name]) for name in columns if row[name]})
        for (year, segment), row in expected.items()
    }
    rates = night.query(
        f"""
        select year_start_date, segment, {", ".join(GROWTH_RATES.values())} from marts.{GROWTHS[revenue_type]}
        where is_complete and is_base_complete
        """
    )
    for year, segment, *figures in rates:
        line = expected[year, segment]  # type: ignore[index]
        is_suppressed = line["base_customers"] < night.deployment.minimum_base
        assert [
            None if is_suppressed or pd.isna(line[name]) else pytest.approx(line[name], abs=1e-6)
            for name in GROWTH_RATES
        ] == [None if figure is None else float(str(figure)) for figure in figures]


@pytest.mark.xdist_group("demo nights")
@pytest.mark.parametrize("revenue_type", ["orders", "subscriptions"])
def test_demo_earned_growth_equals_the_extracts(demo_night: Company, demo_bought: Bought, revenue_type: str) -> None:
    assert_growth_agrees(demo_night, demo_bought, revenue_type)


@pytest.mark.xdist_group("demo nights")
def test_demo_growth_has_every_reason_and_a_year_with_rates(demo_night: Company) -> None:
    [(earned, bought, unknown, rates)] = demo_night.query(
        """
        select
            sum(earned_revenue_amount) > 0, sum(bought_revenue_amount) > 0, sum(unknown_reason_revenue_amount) > 0,
            count(growth_rate)
        from marts.mart_earned_growth
        where year_start_date = date '2025-01-01'
        """
    )
    assert earned
    assert bought
    assert unknown
    assert isinstance(rates, int)
    assert rates > 3


@pytest.mark.xdist_group("integration/olist")
def test_olist_bridges_retention_and_cohorts_equal_the_files(olist_night: Company, olist_bought: Bought) -> None:
    assert_orders_agree(olist_night, olist_bought)
    assert_growth_agrees(olist_night, olist_bought, "orders")
    assert olist_night.query("select count(*) from star.fct_subscriptions") == [(0,)]
    assert olist_night.query("select count(*) from star.fct_acquisitions") == [(0,)]
    for mart in ("mart_subscription_bridge", "mart_subscription_retention", "mart_subscription_growth"):
        assert olist_night.query(f"select count(*) from marts.{mart}") == [(0,)]
    assert olist_night.query(
        "select min(unknown_reason_rate), max(unknown_reason_rate) from marts.mart_earned_growth"
    ) == [(1, 1)]
