"""Published Olist figures: equal to pandas on the CSV files, and to the reference figures.

`olist_night` is a published night of either folder of `folders.py`; `oracle.py` calculates the expected figures.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pytest

from tests.integration.olist import oracle
from tests.integration.olist.folders import SYNTHETIC, olist_folder

Value = int | float | Decimal
Answer = Value | dict[str, Any]


class Night(Protocol):
    """The published file and the folder of its extracts."""

    published: Path
    extracts: Path


@dataclass(frozen=True)
class Figure:
    """One figure: from the CSV files, and from the published file."""

    oracle: Callable[[Path], Answer]
    sql: str


RECEIVED = "orders.order_status = 'delivered' and orders.delivered_at is not null"

FIGURES = [
    Figure(oracle.review_count, "select count(*) from star.fct_survey_answers"),
    Figure(
        oracle.reviews_by_score,
        "select cast(answer_value as varchar), count(*) from star.fct_survey_answers group by answer_value",
    ),
    Figure(oracle.mean_score, "select avg(answer_value) from star.fct_survey_answers where metric = 'csat'"),
    Figure(
        oracle.csat,
        "select avg(cast(answer_value >= 4 as integer)) from star.fct_survey_answers where metric = 'csat'",
    ),
    Figure(
        oracle.mean_score_of_latest_reviews,
        """
        with ranked as (
            select
                answer_value,
                row_number() over (
                    partition by order_key order by answered_at desc, response_source_id desc
                ) as recency
            from star.fct_survey_answers
        )

        select avg(answer_value) from ranked where recency = 1
        """,
    ),
    Figure(oracle.customer_rows, "select count(*) from star.map_customer_identities"),
    Figure(oracle.people, "select count(distinct customer_id) from star.map_customer_identities"),
    Figure(
        oracle.people,
        "select count(*) from star.dim_customers where is_current and customer_key <> md5('unknown')",
    ),
    Figure(
        oracle.people_with_several_orders,
        """
        with people as (select customer_id from star.fct_orders group by customer_id having count(*) >= 2)

        select count(*) from people
        """,
    ),
    Figure(
        oracle.customer_rows_by_state,
        """
        select customers.segment, count(*)
        from star.fct_orders as orders
        inner join star.dim_customers as customers on orders.customer_key = customers.customer_key
        group by customers.segment
        """,
    ),
    Figure(oracle.order_count, "select count(*) from star.fct_orders"),
    Figure(oracle.orders_by_status, "select order_status, count(*) from star.fct_orders group by order_status"),
    Figure(
        oracle.delivered_share,
        "select avg(cast(order_status = 'delivered' as integer)) from star.fct_orders",
    ),
    Figure(
        oracle.orders_without_items,
        "select count(*) from star.fct_orders where line_count = 0 and net_amount = 0",
    ),
    Figure(oracle.first_orders, "select count(*) from star.fct_orders where is_first_order"),
    Figure(oracle.items_amount, "select sum(net_amount) from star.fct_order_lines"),
    Figure(oracle.items_amount, "select sum(net_amount) from star.fct_orders"),
    Figure(oracle.freight_amount, "select sum(freight_amount) from star.fct_order_lines"),
    Figure(oracle.freight_amount, "select sum(freight_amount) from star.fct_orders"),
    Figure(oracle.payments_amount, "select sum(paid_amount) from star.fct_orders"),
    Figure(oracle.revenue, "select sum(net_amount) from star.fct_orders where is_counted"),
    Figure(oracle.revenue, "select sum(revenue_amount) from star.fct_customer_months"),
    Figure(
        oracle.revenue_by_month,
        """
        select strftime(ordered_date, '%Y-%m'), sum(net_amount)
        from star.fct_order_lines
        where is_counted
        group by strftime(ordered_date, '%Y-%m')
        """,
    ),
    Figure(
        oracle.items_amount_by_category,
        """
        select coalesce(products.product_category, 'unknown'), sum(lines.net_amount)
        from star.fct_order_lines as lines
        inner join star.dim_products as products on lines.product_key = products.product_key
        group by coalesce(products.product_category, 'unknown')
        """,
    ),
    Figure(oracle.received_orders, f"select count(*) from star.fct_orders as orders where {RECEIVED}"),
    Figure(
        oracle.late_by_timestamp,
        f"select count(*) from star.fct_orders as orders where {RECEIVED} and delivered_at > promised_at",
    ),
    Figure(
        oracle.late_by_day,
        f"select count(*) from star.fct_orders as orders where {RECEIVED} and is_delivered_late",
    ),
    Figure(
        oracle.mean_score_by_lateness_in_days,
        f"""
        select if(orders.is_delivered_late, 'late', 'on time') as lateness, avg(answers.answer_value)
        from star.fct_survey_answers as answers
        inner join star.fct_orders as orders on answers.order_key = orders.order_key
        where {RECEIVED}
        group by lateness
        """,
    ),
    Figure(
        oracle.mean_score_by_lateness_to_the_second,
        f"""
        select if(orders.delivered_at > orders.promised_at, 'late', 'on time') as lateness, avg(answers.answer_value)
        from star.fct_survey_answers as answers
        inner join star.fct_orders as orders on answers.order_key = orders.order_key
        where {RECEIVED}
        group by lateness
        """,
    ),
    Figure(
        oracle.interactions_by_touchpoint,
        """
        select touchpoints.touchpoint, count(*)
        from star.fct_interactions as interactions
        inner join star.dim_touchpoints as touchpoints on interactions.touchpoint_key = touchpoints.touchpoint_key
        group by touchpoints.touchpoint
        """,
    ),
]

# The figures that came with the sample (8,135 orders), to their published digits.
SAMPLE_REFERENCE: dict[str, Answer] = {
    "review_count": 8225,
    "reviews_by_score": {"1": 2638, "2": 382, "3": 667, "4": 1184, "5": 3354},
    "mean_score": 3.271611,
    "csat": 0.551733,
    "mean_score_of_latest_reviews": 3.262692,
    "customer_rows": 8135,
    "people": 8016,
    "people_with_several_orders": 73,
    "customer_rows_by_state": {"SP": 3452, "RJ": 1167, "MG": 888, "RS": 423, "PR": 394},
    "order_count": 8135,
    "delivered_share": 0.635771,
    "orders_without_items": 775,
    "items_amount": Decimal("1093264.35"),
    "freight_amount": Decimal("172288.39"),
    "payments_amount": Decimal("1428602.81"),
    "received_orders": 5164,
    "late_by_timestamp": 414,
    "late_by_day": 342,
    "mean_score_by_lateness_in_days": {"late": 2.1744, "on time": 4.2754},
    "mean_score_by_lateness_to_the_second": {"late": 2.4976, "on time": 4.2796},
}

# The figures of the synthetic folder, counted by hand.
SYNTHETIC_REFERENCE: dict[str, Answer] = {
    "review_count": 14,
    "reviews_by_score": {"1": 4, "2": 2, "3": 1, "4": 4, "5": 3},
    "mean_score": 3.0,
    "csat": 0.5,
    "mean_score_of_latest_reviews": 3.25,
    "customer_rows": 13,
    "people": 10,
    "people_with_several_orders": 3,
    "customer_rows_by_state": {"SP": 6, "RJ": 1, "MG": 1, "BA": 1, "CE": 1, "RS": 1, "PR": 1, "AM": 1},
    "order_count": 13,
    "delivered_share": 0.461538,
    "orders_without_items": 2,
    "first_orders": 8,
    "items_amount": Decimal("1356.58"),
    "freight_amount": Decimal("186.32"),
    "payments_amount": Decimal("1617.63"),
    "revenue": Decimal("1236.58"),
    "received_orders": 5,
    "late_by_timestamp": 3,
    "late_by_day": 1,
    "mean_score_by_lateness_in_days": {"late": 2.0, "on time": 4.5},
    "mean_score_by_lateness_to_the_second": {"late": 3.25, "on time": 4.5},
}


def reference(folder: Path) -> dict[str, Answer]:
    """The reference figures of the folder; skips the test for another set of orders."""
    if folder == SYNTHETIC:
        return SYNTHETIC_REFERENCE
    if oracle.order_count(folder) != SAMPLE_REFERENCE["order_count"]:
        pytest.skip("the folder holds another set of orders than the sample with the reference figures")
    return SAMPLE_REFERENCE


def published(night: Night, sql: str) -> Answer:
    """The result of a query: one value, or values by the name in the first column."""
    with duckdb.connect(str(night.published), read_only=True) as warehouse:
        rows = warehouse.execute(sql).fetchall()
    single: Value = rows[0][0] if rows else 0
    return single if rows and len(rows[0]) == 1 else dict(rows)


def near(expected: Answer, tolerance: float) -> Any:
    """``expected``, exact for counts and amounts, with a tolerance for means."""
    values = expected.values() if isinstance(expected, dict) else [expected]
    is_mean = any(isinstance(value, float) for value in values)
    return pytest.approx(expected, rel=0, abs=tolerance) if is_mean else expected


def assert_is_reference(answer: Answer, expected: Answer) -> None:
    """Equal to the digits of the reference, for the names in it."""
    if isinstance(expected, dict):
        assert isinstance(answer, dict)
        assert {name: answer[name] for name in expected} == near(expected, 5e-5)
    else:
        assert answer == near(expected, 5e-7)


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.oracle.__name__)
def test_published_figures_equal_the_csv_files(olist_night: Night, figure: Figure) -> None:
    assert published(olist_night, figure.sql) == near(figure.oracle(olist_night.extracts), 1e-9)


def test_the_reference_figures_are_published(olist_night: Night) -> None:
    figures = {figure.oracle.__name__: figure for figure in FIGURES}
    for name, expected in reference(olist_night.extracts).items():
        assert_is_reference(published(olist_night, figures[name].sql), expected)


@pytest.mark.parametrize("folder_name", ["sample", "synthetic"])
def test_the_oracle_equals_the_reference_figures(folder_name: str) -> None:
    folder = olist_folder(folder_name)
    for name, expected in reference(folder).items():
        assert_is_reference(getattr(oracle, name)(folder), expected)


def test_without_cost_every_margin_is_the_assumed_share_of_revenue(olist_night: Night) -> None:
    wrong = """
        select count(*) from star.fct_orders
        where line_count > 0 and not (is_margin_assumed and abs(margin_amount - 0.3 * net_amount) <= 0.005 * line_count)
    """
    assert published(olist_night, wrong) == 0


def test_a_review_is_csat_in_the_stage_of_use(olist_night: Night) -> None:
    kinds = """
        select distinct answers.metric, answers.nps_band, touchpoints.touchpoint, touchpoints.journey_stage
        from star.fct_survey_answers as answers
        inner join star.dim_touchpoints as touchpoints on answers.touchpoint_key = touchpoints.touchpoint_key
    """
    with duckdb.connect(str(olist_night.published), read_only=True) as warehouse:
        assert warehouse.execute(kinds).fetchall() == [("csat", None, "order_review", "use")]
    assert published(olist_night, "select count(*) from marts.mart_nps_by_segment_stage") == 0


@pytest.mark.parametrize("fact", ["fct_cases", "fct_survey_invitations"])
def test_tables_without_a_source_are_empty(olist_night: Night, fact: str) -> None:
    assert published(olist_night, f"select count(*) from star.{fact}") == 0
