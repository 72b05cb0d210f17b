"""Findings of gate 2 on figures that moved since the published version."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from expectations.marts.clv import CUSTOMER_LIFETIME_VALUE, no_dominant_customer
from expectations.marts.customer_360 import CUSTOMER_360
from expectations.marts.nps import NPS_BY_SEGMENT_STAGE, NPS_SCORES_TOTAL
from expectations.marts.retention import REVENUE_BRIDGE
from expectations.suite import MartSuite
from orchestration.base.paths import Home
from orchestration.config.settings import Movement
from tests.unit.marts.warehouses import Warehouses, executed

pytestmark = pytest.mark.xdist_group("great expectations")


def movements(suite: MartSuite) -> MartSuite:
    """The suite with its movement rules only: the marts here have only the columns that these read."""
    return replace(suite, rules=(), presence=())


def customers(count: int) -> str:
    return f"marts.mart_customer_360 as select range as customer_id from range({count})"


def answers(*, promoters: int, detractors: int) -> str:
    """The first and the last of three months, and the month before them with promoters only."""
    return f"""marts.mart_nps_by_segment_stage as
        select 'relational' as survey_type, month_start_date, nps_sum, answer_count
        from (values
            (date '2025-12-01', {promoters}, {promoters}), (date '2026-02-01', {-detractors}, {detractors}),
            (date '2025-11-01', 900, 900)
        ) as months(month_start_date, nps_sum, answer_count)"""


def scores(*, invalid: int) -> str:
    return f"""marts.mart_nps_scores_total as
        select date '2026-01-01' as month_start_date, 900 as answer_count, 0 as superseded_count,
            {invalid} as invalid_count"""


def revenue(ended: float, running: float, customer_count: int = 500, one: float = 0) -> str:
    """Eleven months of one segment that ended with this revenue each, and the running one; ``one`` adds to a month."""
    return f"""marts.mart_revenue_bridge as
        select 'consumer' as segment, month_start_date,
            (if(month_start_date = date '2026-02-01', {running}, {ended})
                + if(month_start_date = date '2025-10-01', {one}, 0))::decimal(18, 2) as closing_amount,
            {customer_count} as closing_customer_count
        from (
            select date '2025-03-01' + to_months(range::integer) as month_start_date from range(12)
        ) as months"""


def values_to_come(count: int, each: float, largest_revenue: float = 10) -> str:
    """Customers with a revenue of 10 each and one with another, all with the same value to come."""
    return f"""marts.mart_customer_lifetime_value as
        select range as customer_id, {each} as residual_value_amount,
            if(range = 7, {largest_revenue}, 10) as revenue_amount
        from range({count})"""


@pytest.mark.parametrize(
    ("suite", "old", "within", "beyond", "facts"),
    [
        (
            CUSTOMER_360,
            customers(1000),
            [customers(950), customers(5000)],
            customers(949),
            ["customers", "1000", "949", "-0.051", "movement.customer_loss", "0.05"],
        ),
        (
            NPS_BY_SEGMENT_STAGE,
            answers(promoters=150, detractors=50),  # an NPS of 50
            [answers(promoters=125, detractors=75), answers(promoters=175, detractors=25)],  # 25 and 75
            answers(promoters=124, detractors=76),  # 24
            ["relational NPS", "50", "24", "-26", "movement.nps_change", "25"],
        ),
        (
            NPS_SCORES_TOTAL,
            scores(invalid=0),
            [scores(invalid=47)],  # 47 of 947 are 0.0496
            scores(invalid=100),
            ["share of answers", "0.1", "movement.invalid_rate_change", "0.05"],
        ),
        (
            REVENUE_BRIDGE,
            revenue(1_000, 100),
            # February has not ended: it has no limit; ten of the eleven months lose 110
            [revenue(1_100, 9_000), revenue(890, 0)],
            revenue(889, 100),
            ["revenue of orders", "11000", "9890", "-0.100909", "movement.revenue_change", "0.1"],
        ),
        (
            CUSTOMER_LIFETIME_VALUE,
            values_to_come(200, 10),
            [values_to_come(260, 10), values_to_come(140, 10)],
            values_to_come(261, 10),
            ["2000", "2610", "0.305", "movement.residual_value_change", "0.3"],
        ),
    ],
    ids=lambda value: value.mart if isinstance(value, MartSuite) else "",
)
def test_a_figure_may_move_up_to_its_limit(
    tmp_path: Path, suite: MartSuite, old: str, within: list[str], beyond: str, facts: list[str]
) -> None:
    found = []
    for position, built in enumerate([old, *within, beyond]):
        warehouses = Warehouses(Home(tmp_path / str(position)))
        warehouses.publish(old)
        warehouses.build(built)
        found.append(warehouses.found(movements(suite)))
    *passed, [finding] = found
    assert not any(passed)
    assert finding.severity == "error"
    assert [fact for fact in facts if fact not in finding.message] == []


def test_a_raised_limit_lets_a_known_jump_pass(warehouses: Warehouses) -> None:
    warehouses.publish(customers(1000))
    warehouses.build(customers(700))
    assert len(warehouses.found(movements(CUSTOMER_360))) == 1
    assert not warehouses.found(movements(CUSTOMER_360), movement=Movement(customer_loss=0.3))


def test_a_movement_rule_may_warn(warehouses: Warehouses) -> None:
    warehouses.publish(customers(1000))
    warehouses.build(customers(700))
    (rule,) = CUSTOMER_360.movements
    (found,) = warehouses.found(replace(movements(CUSTOMER_360), movements=(replace(rule, severity="warn"),)))
    assert found.severity == "warn"


@pytest.mark.parametrize(
    "published",
    [
        [],
        ["marts.mart_customer_values as select 1 as customer_id"],
        ["marts.mart_revenue_bridge as select 'retail' as segment, 9 as closing_amount"],
        [revenue(10_000, 100, customer_count=18)],
    ],
    ids=["nothing", "no such mart", "no such column", "too few customers"],
)
def test_without_a_published_figure_there_is_no_finding(warehouses: Warehouses, published: list[str]) -> None:
    if published:
        warehouses.publish(*published)
    warehouses.build(revenue(1, 1))
    assert not warehouses.found(movements(REVENUE_BRIDGE))


def test_a_total_of_zero_is_a_finding(warehouses: Warehouses) -> None:
    warehouses.publish(revenue(10_000, 100), customers(1000), values_to_come(200, 10))
    warehouses.build(revenue(0, 0, customer_count=0), customers(0), values_to_come(0, 10))
    # of the eleven months, one is left out
    for suite, change in ((REVENUE_BRIDGE, "-0.909091"), (CUSTOMER_360, "-1.0"), (CUSTOMER_LIFETIME_VALUE, "-1.0")):
        (found,) = warehouses.found(movements(suite))
        assert found.severity == "error"
        assert f"a change of {change};" in found.message


@pytest.mark.parametrize("amount", [1e8, -1e8, 1e14])
def test_one_huge_order_does_not_close_the_gate(warehouses: Warehouses, amount: float) -> None:
    warehouses.publish(revenue(1_000, 100), values_to_come(300, 10))
    # it moves one month, and by margin rate and spend fit the forecast of every customer
    warehouses.build(revenue(1_000, 100, one=amount), values_to_come(300, 99, largest_revenue=amount))
    assert not warehouses.found(movements(REVENUE_BRIDGE))
    assert not warehouses.found(movements(CUSTOMER_LIFETIME_VALUE))


def test_a_customer_with_most_of_the_revenue_is_a_warning(warehouses: Warehouses) -> None:
    suite = replace(CUSTOMER_LIFETIME_VALUE, rules=no_dominant_customer(), movements=(), presence=())
    warehouses.build(values_to_come(300, 10, largest_revenue=1_010))  # of 2990 + 1010
    (found,) = warehouses.found(suite)
    assert found.severity == "warn"
    assert "customer 7 has 0.2525 of the revenue" in found.message


def test_a_base_below_the_minimum_is_not_compared(warehouses: Warehouses) -> None:
    warehouses.publish(answers(promoters=150, detractors=50))
    warehouses.build(answers(promoters=0, detractors=199))
    assert not warehouses.found(movements(NPS_BY_SEGMENT_STAGE))


def test_a_closed_gate_names_mart_figure_limit_and_remedy(warehouses: Warehouses) -> None:
    warehouses.publish(customers(1000), answers(promoters=150, detractors=50))
    warehouses.build(customers(100), answers(promoters=150, detractors=50))
    result = executed(warehouses, [movements(CUSTOMER_360), movements(NPS_BY_SEGMENT_STAGE)])
    verdicts = {check.asset_key.path[-1]: check.passed for check in result.get_asset_check_evaluations()}
    assert verdicts == {"mart_customer_360": False, "mart_nps_by_segment_stage": True}
    (failed,) = (event for event in result.all_events if event.is_step_failure)
    failure = failed.step_failure_data.user_failure_data
    assert failure is not None
    file = "deployments/demo/deployment.yml"
    facts = ["'demo'", "mart_customer_360", "1000", "100", "movement.customer_loss", "0.05", file]
    assert [fact for fact in facts if fact not in str(failure.description)] == []
    assert "mart_nps_by_segment_stage" not in str(failure.description)
