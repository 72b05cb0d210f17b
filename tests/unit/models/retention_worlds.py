"""Input tables of the retention models, as rows that a test or hypothesis makes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
from hypothesis import strategies as st

from tests.models import Row

RETENTION = (
    "revenue_bridge__periods",
    "revenue_bridge__customer_months",
    "revenue_bridge__customer_bases",
    "revenue_bridge__customer_years",
    "revenue_bridge__customer_periods",
    "revenue_bridge__figures",
    "retention__customers",
    "retention__limits",
    "retention__figures",
    "earned_growth__customers",
    "earned_growth__limits",
    "earned_growth__figures",
    "mart_retention_cohorts",
)
"""In the order of their dependencies."""
AGREEMENT = "assert_retention_marts_agree_by_segment_and_period"
"""The data test that holds shared figures equal: one row per difference."""

TABLES = {
    "customer_months__cumulative": (
        "customer_id varchar, month_start_date date, segment varchar, lifecycle_stage varchar, "
        "first_ordered_date date, revenue_amount decimal(18,2)"
    ),
    "fct_orders": (
        "customer_id varchar, customer_key varchar, ordered_date date, is_counted boolean, is_first_order boolean, "
        "net_amount decimal(18,2), refunded_amount decimal(18,2)"
    ),
    "fct_refunds": ("customer_id varchar, refunded_date date, is_of_customer boolean, refund_amount decimal(18,2)"),
    "fct_subscriptions": (
        "customer_id varchar, started_date date, started_at timestamp, ends_at timestamp, renewed_at timestamp, "
        "monthly_amount decimal(18,2)"
    ),
    "fct_acquisitions": "acquisition_key varchar, customer_id varchar, acquired_by varchar, acquired_at timestamp",
    "dim_customers": (
        "customer_key varchar, customer_id varchar, segment varchar, valid_from timestamp, valid_to timestamp"
    ),
    "dim_dates": "date_day date, month_start_date date, year_start_date date, is_as_of boolean",
}
MONTHS = [date(2025, 9, 1), date(2025, 10, 1), date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)]
AS_OF = {"the month has ended": date(2026, 3, 1), "the month still runs": date(2026, 2, 12)}
SEGMENTS = ("retail", "business", "unknown")
World = dict[str, tuple[str, list[Row]]]
CUSTOMERS = ("anna", "ben", "cleo", "dora")


def at(year: int, month: int = 1) -> datetime:
    """The first moment of a month, as a UTC timestamp without zone."""
    return datetime(year, month, 1, tzinfo=UTC).replace(tzinfo=None)


amounts = st.sampled_from([-3000, -1, 0, 0, 0, 1, 1999, 5000]) | st.integers(-20_000, 20_000)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Customers who order, return, subscribe and change segment, as of one of two days."""
    as_of = draw(st.sampled_from(list(AS_OF.values())))
    months: list[Row] = []
    orders: list[dict[str, Any]] = []
    refunds: list[Row] = []
    periods: list[Row] = []
    versions: list[Row] = []
    for customer in draw(st.sets(st.sampled_from(CUSTOMERS), min_size=1)):
        segment = draw(st.sampled_from(SEGMENTS))
        versions.append(version(customer, segment))
        first_ordered = None
        for month in MONTHS[draw(st.integers(0, len(MONTHS) - 1)) :]:
            segment = draw(st.sampled_from([segment, segment, *SEGMENTS]))
            cents = draw(amounts)
            if cents > 0 or draw(st.booleans()):
                first_ordered = first_ordered or month
            months.append(
                {
                    "customer_id": customer,
                    "month_start_date": month,
                    "segment": segment,
                    "lifecycle_stage": draw(st.sampled_from(["active", "lapsed"])),
                    "first_ordered_date": first_ordered,
                    "revenue_amount": Decimal(cents) / 100,
                }
            )
        orders += [
            order(
                customer,
                MONTHS[0] + timedelta(days=draw(st.integers(0, 160))),
                net_amount=Decimal(draw(st.integers(0, 9_999))) / 100,
                refunded_amount=Decimal(draw(st.integers(0, 9_999))) / 100,
            )
            for _ in range(draw(st.integers(0, 3)))
        ]
        refunds += [
            {
                "customer_id": customer,
                "refunded_date": MONTHS[0] + timedelta(days=draw(st.integers(0, 200))),
                "is_of_customer": draw(st.booleans()),
                "refund_amount": Decimal(draw(st.integers(0, 9_999))) / 100,
            }
            for _ in range(draw(st.integers(0, 2)))
        ]
        periods += _contract(draw, customer)
    for customer in {row["customer_id"] for row in orders}:
        first = min((row for row in orders if row["customer_id"] == customer), key=lambda row: row["ordered_date"])
        first["is_first_order"] = True
    acquisitions: list[Row] = [
        {"acquisition_key": name, "customer_id": name, "acquired_by": draw(st.sampled_from(["referral", "campaign"]))}
        for name in draw(st.sets(st.sampled_from(CUSTOMERS)))
    ]
    return star(
        customer_months__cumulative=months,
        fct_orders=list(orders),
        fct_refunds=refunds,
        fct_subscriptions=periods,
        fct_acquisitions=acquisitions,
        dim_customers=versions,
        dim_dates=list(calendar(as_of)),
    )


def star(**tables: list[Row]) -> World:
    """Every input of the models; a table that is not given is empty."""
    return {name: (columns, tables.get(name, [])) for name, columns in TABLES.items()}


def order(customer: str, day: date, **amounts: Decimal) -> dict[str, Any]:
    """A counted order, of price 0 unless amounts are given."""
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


def version(customer: str, segment: str) -> Row:
    """A customer who never changed."""
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


def calendar(as_of: date) -> Iterator[Row]:
    """Every day of the months, and of the one after them."""
    day = date(2025, 9, 1)
    while day <= date(2026, 3, 31):
        yield {
            "date_day": day,
            "month_start_date": day.replace(day=1),
            "year_start_date": day.replace(month=1, day=1),
            "is_as_of": day == as_of,
        }
        day += timedelta(days=1)


def rows_of(connection: duckdb.DuckDBPyConnection, table: str) -> list[dict[str, Any]]:
    """The rows of a table, by column."""
    rows: list[dict[str, Any]] = connection.sql(f"select * from {table}").to_arrow_table().to_pylist()
    return rows


def customer_month(
    customer: str, month: date, cents: int, *, segment: str = "retail", first_ordered: date | None = None
) -> Row:
    """A month of a customer, with this revenue in cents; by default the month of the first order."""
    return {
        "customer_id": customer,
        "month_start_date": month,
        "segment": segment,
        "lifecycle_stage": "new",
        "first_ordered_date": first_ordered or month,
        "revenue_amount": Decimal(cents) / 100,
    }
