"""What holds of bridges, retention and cohorts whatever customers do, and what unusual data get."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.deployment import RetentionPeriods, load_deployment
from tests.models import Models, Row, compiled

pytestmark = pytest.mark.xdist_group("retention models")

MODELS = (
    "revenue_bridge__customer_months",
    "revenue_bridge__customer_periods",
    "mart_revenue_bridge",
    "mart_retention_by_segment_stage",
    "mart_earned_growth",
    "mart_retention_cohorts",
    "assert_every_amount_is_in_the_currency_of_the_deployment",
)
PRICED = "system varchar, currency varchar"
TABLES = {
    "fct_customer_months": (
        "customer_id varchar, month_start_date date, segment varchar, lifecycle_stage varchar, order_count bigint, "
        "revenue_amount decimal(18,2)"
    ),
    "fct_orders": (
        "customer_id varchar, customer_key varchar, ordered_date date, is_counted boolean, is_first_order boolean, "
        "net_amount decimal(18,2), refunded_amount decimal(18,2)"
    ),
    "fct_subscriptions": (
        "customer_id varchar, started_date date, started_at timestamp, ends_at timestamp, renewed_at timestamp, "
        "monthly_amount decimal(18,2)"
    ),
    "fct_acquisitions": "acquisition_key varchar, customer_id varchar, acquired_by varchar, acquired_at timestamp",
    "dim_customers": (
        "customer_key varchar, customer_id varchar, segment varchar, valid_from timestamp, valid_to timestamp"
    ),
    "dim_dates": "date_day date, month_start_date date, year_start_date date, is_as_of boolean",
    "int_orders__unioned": PRICED,
    "int_subscriptions__unioned": PRICED,
}
MONTHS = [date(2025, 9, 1), date(2025, 10, 1), date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)]
AS_OF = {"the month has ended": date(2026, 3, 1), "the month still runs": date(2026, 2, 12)}
SEGMENTS = ("retail", "business", "unknown")
World = dict[str, tuple[str, list[Row]]]
CUSTOMERS = ("anna", "ben", "cleo", "dora")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """The retention marts, orders by two months, subscriptions by one."""
    deployment = load_deployment("demo").model_copy(
        update={"retention_periods": RetentionPeriods(orders=2, subscriptions=1), "timezone": "UTC"}
    )
    return compiled(deployment, tmp_path_factory.mktemp("models"), MODELS)


def at(year: int, month: int = 1) -> datetime:
    """The first moment of a month, as the star holds it: UTC without a zone."""
    return datetime(year, month, 1, tzinfo=UTC).replace(tzinfo=None)


amounts = st.sampled_from([-3000, -1, 0, 0, 0, 1, 1999, 5000]) | st.integers(-20_000, 20_000)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Customers who buy, give back, subscribe, change segment and come late, told as of one of two days."""
    as_of = draw(st.sampled_from(list(AS_OF.values())))
    months: list[Row] = []
    orders: list[dict[str, Any]] = []
    periods: list[Row] = []
    versions: list[Row] = []
    for customer in draw(st.sets(st.sampled_from(CUSTOMERS), min_size=1)):
        segment = draw(st.sampled_from(SEGMENTS))
        versions.append(_version(customer, segment))
        for month in MONTHS[draw(st.integers(0, len(MONTHS) - 1)) :]:
            segment = draw(st.sampled_from([segment, segment, *SEGMENTS]))
            cents = draw(amounts)
            months.append(
                {
                    "customer_id": customer,
                    "month_start_date": month,
                    "segment": segment,
                    "lifecycle_stage": draw(st.sampled_from(["active", "lapsed"])),
                    "order_count": int(cents > 0) + draw(st.integers(0, 1)),
                    "revenue_amount": Decimal(cents) / 100,
                }
            )
        orders += [
            _order(
                customer,
                MONTHS[0] + timedelta(days=draw(st.integers(0, 160))),
                net_amount=Decimal(draw(st.integers(0, 9_999))) / 100,
                refunded_amount=Decimal(draw(st.integers(0, 9_999))) / 100,
            )
            for _ in range(draw(st.integers(0, 3)))
        ]
        periods += _contract(draw, customer)
    for customer in {order["customer_id"] for order in orders}:
        first = min((order for order in orders if order["customer_id"] == customer), key=lambda o: o["ordered_date"])
        first["is_first_order"] = True
    acquisitions: list[Row] = [
        {"acquisition_key": name, "customer_id": name, "acquired_by": draw(st.sampled_from(["referral", "campaign"]))}
        for name in draw(st.sets(st.sampled_from(CUSTOMERS)))
    ]
    return _world(
        fct_customer_months=months,
        fct_orders=list(orders),
        fct_subscriptions=periods,
        fct_acquisitions=acquisitions,
        dim_customers=versions,
        dim_dates=list(_days(as_of)),
    )


def _world(**tables: list[Row]) -> World:
    return {name: (columns, tables.get(name, [])) for name, columns in TABLES.items()}


def _order(customer: str, day: date, **amounts: Decimal) -> dict[str, Any]:
    return {
        "customer_id": customer,
        "customer_key": customer,
        "ordered_date": day,
        "is_counted": True,
        "is_first_order": False,
        "net_amount": Decimal(0),
        "refunded_amount": Decimal(0),
        **amounts,
    }


def _version(customer: str, segment: str) -> Row:
    return {
        "customer_key": customer,
        "customer_id": customer,
        "segment": segment,
        "valid_from": at(1900),
        "valid_to": at(9999),
    }


def _contract(draw: st.DrawFn, customer: str) -> list[Row]:
    """The periods of one subscription, renewed on the day, early or late."""
    starts = [at(2025, 9) + timedelta(days=draw(st.integers(0, 120)))]
    for _ in range(draw(st.integers(0, 3))):
        starts.append(starts[-1] + timedelta(days=draw(st.sampled_from([20, 30, 45]))))
    if not draw(st.booleans()):
        return []
    return [
        {
            "customer_id": customer,
            "started_date": start.date(),
            "started_at": start,
            "ends_at": start + timedelta(days=30),
            "renewed_at": renewed,
            "monthly_amount": Decimal(draw(st.integers(0, 9_999))) / 100,
        }
        for start, renewed in zip(starts, [*starts[1:], None], strict=True)
    ]


def _days(as_of: date) -> Iterator[Row]:
    day = date(2025, 9, 1)
    while day <= date(2026, 3, 31):
        yield {
            "date_day": day,
            "month_start_date": day.replace(day=1),
            "year_start_date": day.replace(month=1, day=1),
            "is_as_of": day == as_of,
        }
        day += timedelta(days=1)


def asked(connection: duckdb.DuckDBPyConnection, table: str) -> list[dict[str, Any]]:
    answer = connection.execute(f"select * from {table}")
    names = [column[0] for column in answer.description or []]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(world=worlds())
def test_whatever_customers_do_the_bridges_close_and_rates_stay_in_their_bounds(models: Models, world: World) -> None:
    with models.build(world) as connection:
        bridges = asked(connection, "mart_revenue_bridge")
        _bridges_close(bridges)
        _months_lead_to_what_customers_brought(bridges, world["fct_customer_months"][1])
        _retention_keeps_its_bounds(asked(connection, "mart_retention_by_segment_stage"))
        _growth_lies_between_its_bounds(asked(connection, "mart_earned_growth"))
        _cohorts_never_exceed_their_size(asked(connection, "mart_retention_cohorts"))


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
    brought: dict[tuple[object, ...], Decimal] = defaultdict(Decimal)
    for month in months:
        brought[month["month_start_date"], month["segment"]] += month["revenue_amount"]
    for row in bridges:
        if (row["revenue_type"], row["period_type"]) == ("orders", "month"):
            assert row["closing_amount"] == brought.pop((row["period_start_date"], row["segment"]), Decimal(0))
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
        assert row["base_customer_count"] == (
            row["retained_customer_count"] + row["churned_customer_count"] + row["open_customer_count"]
        )
        assert row["is_complete"] or row["churned_customer_count"] == 0


def _growth_lies_between_its_bounds(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        if row["growth_rate"] is not None:
            assert row["low_earned_growth_rate"] <= row["high_earned_growth_rate"] <= row["growth_rate"]
            assert row["net_revenue_retention_rate"] - 1 <= row["low_earned_growth_rate"]


def _cohorts_never_exceed_their_size(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        assert 0 <= row["active_customer_count"] <= row["cohort_customer_count"]
        assert (row["retention_rate"] is not None) == row["is_complete"]
        assert row["retention_rate"] is None or 0 <= row["retention_rate"] <= 1


def _month(customer: str, month: date, cents: int, *, segment: str = "retail", orders: int = 1) -> Row:
    return {
        "customer_id": customer,
        "month_start_date": month,
        "segment": segment,
        "lifecycle_stage": "new",
        "order_count": orders,
        "revenue_amount": Decimal(cents) / 100,
    }


def test_a_single_night_has_an_opening_of_nothing_and_no_rate(models: Models) -> None:
    night = date(2026, 2, 27)
    days = [day for day in _days(date(2026, 3, 1)) if day["date_day"] >= night]
    world = _world(
        fct_customer_months=[_month("anna", MONTHS[-1], 1000)],
        fct_orders=[{**_order("anna", night, net_amount=Decimal(10)), "is_first_order": True}],
        dim_customers=[_version("anna", "retail")],
        dim_dates=days,
    )
    with models.build(world) as connection:
        bridges = asked(connection, "mart_revenue_bridge")
        [month] = [row for row in bridges if row["period_type"] == "month"]
        [retention] = asked(connection, "mart_retention_by_segment_stage")
        [growth] = asked(connection, "mart_earned_growth")
        [cohort] = asked(connection, "mart_retention_cohorts")
    assert (month["opening_amount"], month["new_amount"], month["closing_amount"]) == (0, 10, 10)
    assert {row["churned_amount"] for row in bridges} == {0}
    assert (retention["base_customer_count"], retention["new_customer_count"]) == (0, 1)
    assert retention["logo_retention_rate"] is retention["net_revenue_retention_rate"] is None
    assert growth["growth_rate"] is growth["high_earned_growth_ratio"] is None
    assert (cohort["age_months"], cohort["retention_rate"]) == (0, 1)


def test_an_order_of_price_nothing_makes_a_history_and_no_revenue(models: Models) -> None:
    world = _world(
        fct_customer_months=[_month("anna", MONTHS[-2], 0), _month("anna", MONTHS[-1], 500)],
        fct_orders=[
            {**_order("anna", MONTHS[-2]), "is_first_order": True},
            _order("anna", MONTHS[-1], net_amount=Decimal(5)),
        ],
        dim_customers=[_version("anna", "retail")],
        dim_dates=list(_days(date(2026, 3, 1))),
    )
    with models.build(world) as connection:
        [bridge] = [row for row in asked(connection, "mart_revenue_bridge") if row["period_type"] == "month"]
        cohort = asked(connection, "mart_retention_cohorts")
    assert (bridge["period_start_date"], bridge["new_amount"], bridge["reactivated_amount"]) == (MONTHS[-1], 0, 5)
    assert [row["active_customer_count"] for row in cohort] == [1, 1]
    assert {row["revenue_retention_rate"] for row in cohort} == {None}


def test_a_customer_without_a_segment_counts_as_unknown_and_moves_when_it_is_learned(models: Models) -> None:
    world = _world(
        fct_customer_months=[
            _month("anna", MONTHS[-2], 1000, segment="unknown"),
            _month("anna", MONTHS[-1], 1000, segment="retail", orders=0),
        ],
        fct_orders=[{**_order("anna", MONTHS[-2], net_amount=Decimal(10)), "is_first_order": True}],
        dim_customers=[_version("anna", "unknown")],
        dim_dates=list(_days(date(2026, 3, 1))),
    )
    with models.build(world) as connection:
        rows = [row for row in asked(connection, "mart_revenue_bridge") if row["period_start_date"] == MONTHS[-1]]
        cohorts = asked(connection, "mart_retention_cohorts")
    moved = {row["segment"]: (row["transferred_in_amount"], row["transferred_out_amount"]) for row in rows}
    assert moved == {"unknown": (0, 10), "retail": (10, 0)}
    assert {row["segment"] for row in cohorts} == {"unknown"}


def test_a_second_currency_is_named_with_its_system_and_stops_the_night(models: Models) -> None:
    euro, dollar, none = ({"system": "shop", "currency": currency} for currency in ("EUR", "USD", None))
    world = _world(
        int_orders__unioned=[euro, euro, dollar],
        int_subscriptions__unioned=[none, {"system": "billing", "currency": "GBP"}],
        dim_dates=list(_days(date(2026, 3, 1))),
    )
    with models.build(world) as connection:
        failing = asked(connection, "assert_every_amount_is_in_the_currency_of_the_deployment")
    assert {tuple(row.values()) for row in failing} == {
        ("orders", "shop", "USD", "EUR", 1),
        ("subscriptions", "billing", "GBP", "EUR", 1),
    }
