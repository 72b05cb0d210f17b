"""What gate 2 says of figures that moved since the published version."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from expectations.marts.clv import CUSTOMER_LIFETIME_VALUE
from expectations.marts.customer_360 import CUSTOMER_360
from expectations.marts.nps import EXPERIENCE_SCORES_TOTAL, NPS_BY_SEGMENT_STAGE
from expectations.marts.retention import REVENUE_BRIDGE
from expectations.suite import MartSuite
from orchestration.base.paths import Home
from orchestration.config.settings import Movement
from tests.unit.marts.warehouses import Warehouses, executed

pytestmark = pytest.mark.xdist_group("great expectations")


def movements(suite: MartSuite) -> MartSuite:
    """The suite without what it asks of a mart alone: the marts here have no more columns than movements read."""
    return replace(suite, rules=(), presence=())


def customers(count: int) -> str:
    return f"marts.mart_customer_360 as select range as customer_id from range({count})"


def answers(*, promoters: int, detractors: int) -> str:
    """The running quarter and the one before, in which everybody was happy."""
    return f"""marts.mart_nps_by_segment_stage as
        select 'relational' as survey_type, 'trailing_quarter' as period_type, period_end_date, nps_sum, answer_count
        from (values
            (date '2026-02-28', {promoters}, {promoters}), (date '2026-02-28', {-detractors}, {detractors}),
            (date '2026-01-31', 900, 900)
        ) as quarters(period_end_date, nps_sum, answer_count)"""


def scores(*, invalid: int) -> str:
    return f"""marts.mart_experience_scores_total as
        select date '2026-01-01' as month_start_date, 900 as answer_count, 0 as superseded_count,
            {invalid} as invalid_count"""


def revenue(january: int, february: int, customer_count: int = 500) -> str:
    return f"""marts.mart_revenue_bridge as
        select 'orders' as revenue_type, 'month' as period_type, period_start_date,
            closing_amount::decimal(18, 2) as closing_amount, {customer_count} as closing_customer_count
        from (values (date '2026-01-01', {january}), (date '2026-02-01', {february}))
            as months(period_start_date, closing_amount)"""


def values_to_come(count: int, each: float) -> str:
    return f"marts.mart_customer_lifetime_value as select {each} as residual_value_amount from range({count})"


@pytest.mark.parametrize(
    ("suite", "old", "within", "beyond", "told"),
    [
        (
            CUSTOMER_360,
            customers(1000),
            [customers(950), customers(5000)],
            customers(949),
            (
                "customers: 1000 in the published version, 949 now, a change of -0.051;"
                " movement.customer_loss lets 0.05 pass"
            ),
        ),
        (
            NPS_BY_SEGMENT_STAGE,
            answers(promoters=150, detractors=50),  # an NPS of 50
            [answers(promoters=125, detractors=75), answers(promoters=175, detractors=25)],  # 25 and 75
            answers(promoters=124, detractors=76),  # 24
            (
                "the relational NPS of the running quarter: 50 in the published version, 24 now, a change of -26;"
                " movement.nps_change lets 25 pass"
            ),
        ),
        (
            EXPERIENCE_SCORES_TOTAL,
            scores(invalid=0),
            [scores(invalid=47)],  # 47 of 947 are 0.0496
            scores(invalid=100),
            (
                "the share of answers in three months that cannot be scored: 0 in the published version, 0.1 now, a"
                " change of 0.1; movement.invalid_rate_change lets 0.05 pass"
            ),
        ),
        (
            REVENUE_BRIDGE,
            revenue(10_000, 100),
            [revenue(11_000, 9_000), revenue(9_000, 0)],  # February had not ended: it may become what it likes
            revenue(8_999, 100),
            (
                "the revenue of orders in the months that had ended: 10000 in the published version, 8999 now, a"
                " change of -0.1001; movement.revenue_change lets 0.1 pass"
            ),
        ),
        (
            CUSTOMER_LIFETIME_VALUE,
            values_to_come(200, 10),
            [values_to_come(260, 10), values_to_come(140, 10)],
            values_to_come(261, 10),
            (
                "the value to come of all customers: 2000 in the published version, 2610 now, a change of 0.305;"
                " movement.residual_value_change lets 0.3 pass"
            ),
        ),
    ],
    ids=lambda value: value.mart if isinstance(value, MartSuite) else "",
)
def test_a_figure_may_move_up_to_its_limit(
    tmp_path: Path, suite: MartSuite, old: str, within: list[str], beyond: str, told: str
) -> None:
    found = []
    for place, built in enumerate([old, *within, beyond]):
        warehouses = Warehouses(Home(tmp_path / str(place)))
        warehouses.publish(old)
        warehouses.build(built)
        found.append(warehouses.found(movements(suite)))
    assert found[:-1] == [[]] * (1 + len(within))
    assert [(finding.severity, finding.message) for finding in found[-1]] == [("error", told)]


def test_a_known_jump_passes_where_the_deployment_raises_the_limit(warehouses: Warehouses) -> None:
    warehouses.publish(customers(1000))
    warehouses.build(customers(700))
    assert len(warehouses.found(movements(CUSTOMER_360))) == 1
    assert not warehouses.found(movements(CUSTOMER_360), movement=Movement(customer_loss=0.3))


def test_a_movement_that_only_warns_is_told_as_a_warning(warehouses: Warehouses) -> None:
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
        ["marts.mart_revenue_bridge as select 'orders' as revenue_type, 9 as closing_amount"],
        [revenue(10_000, 100, customer_count=99)],
    ],
    ids=["nothing", "no such mart", "no such column", "too few customers"],
)
def test_without_a_figure_to_compare_with_nothing_is_judged(warehouses: Warehouses, published: list[str]) -> None:
    if published:
        warehouses.publish(*published)
    warehouses.build(revenue(1, 1))
    assert not warehouses.found(movements(REVENUE_BRIDGE))


def test_a_total_that_has_vanished_is_judged(warehouses: Warehouses) -> None:
    warehouses.publish(revenue(10_000, 100), customers(1000), values_to_come(200, 10))
    warehouses.build(revenue(0, 0, customer_count=0), customers(0), values_to_come(0, 10))
    for suite in (REVENUE_BRIDGE, CUSTOMER_360, CUSTOMER_LIFETIME_VALUE):
        (found,) = warehouses.found(movements(suite))
        assert found.severity == "error"
        assert "0 now, a change of -1.0;" in found.message


def test_a_base_that_has_become_too_small_is_not_judged(warehouses: Warehouses) -> None:
    warehouses.publish(answers(promoters=150, detractors=50))
    warehouses.build(answers(promoters=0, detractors=199))
    assert not warehouses.found(movements(NPS_BY_SEGMENT_STAGE))


def test_a_closed_gate_says_which_mart_which_figure_which_limit_and_what_to_do(warehouses: Warehouses) -> None:
    warehouses.publish(customers(1000), answers(promoters=150, detractors=50))
    warehouses.build(customers(100), answers(promoters=150, detractors=50))
    result = executed(warehouses, [movements(CUSTOMER_360), movements(NPS_BY_SEGMENT_STAGE)])
    verdicts = {check.asset_key.path[-1]: check.passed for check in result.get_asset_check_evaluations()}
    assert verdicts == {"mart_customer_360": False, "mart_nps_by_segment_stage": True}
    (failed,) = (event for event in result.all_events if event.is_step_failure)
    told = failed.step_failure_data.user_failure_data
    assert told is not None
    closed, found, todo = str(told.description).splitlines()
    assert closed == "Gate 2 is closed for deployment 'demo': nothing is published, the published version stays."
    assert found == (
        "  mart_customer_360: customers: 1000 in the published version, 100 now, a change of -0.9;"
        " movement.customer_loss lets 0.05 pass"
    )
    assert "raise the limit that is named (movement, presence) in deployments/demo.yml" in todo
