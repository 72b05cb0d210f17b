"""Science assets: small tables calculated by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from orchestration.assets.science.contracts import decisions, populations_of
from orchestration.assets.science.tables import with_use
from orchestration.assets.science.tracking import weekly
from orchestration.science.beta_geometric import Parameters, expected_repeat_orders


def fit(fit_id: str, population: str, is_chosen: bool) -> dict[str, object]:
    return {"fit_id": fit_id, "population": population, "is_chosen": is_chosen}


def test_a_population_uses_its_last_chosen_fit_and_a_former_population_none() -> None:
    earlier = [fit("a1", "a", True), fit("b1", "b", True), fit("c1", "c", True), fit("b2", "b", False)]
    tonight = [fit("a3", "a", True), fit("b3", "b", False), fit("d3", "d", False)]
    every = with_use(tonight, earlier)
    assert [row["fit_id"] for row in every] == ["a1", "b1", "c1", "b2", "a3", "b3", "d3"]
    assert [row["fit_id"] for row in every if row["is_in_use"]] == ["b1", "a3"]


def test_a_contract_has_a_decision_per_renewal_and_one_at_its_end() -> None:
    # 5 in their first period, 3 renewed once and running, 2 ended without a renewal, 1 ended after two
    histories = pd.DataFrame(
        {
            "renewal_count": [0, 1, 0, 2],
            "is_open": [True, True, False, False],
            "unobserved_renewal_count": 0,
            "contract_count": [5, 3, 2, 1],
        }
    )
    churned, at_risk = decisions(histories)
    assert churned.tolist() == [2, 0, 1]
    assert at_risk.tolist() == [3 + 2 + 1, 1, 1]


def test_a_renewal_before_the_history_starts_is_not_a_decision() -> None:
    # 4 were renewed once before the start and twice after it, 2 ended at the second decision after two before the
    # start, 1 ended before the start, 3 run in their first observed period
    histories = pd.DataFrame(
        {
            "renewal_count": [3, 3, 1, 2],
            "is_open": [True, False, False, True],
            "unobserved_renewal_count": [1, 2, 2, 2],
            "contract_count": [4, 2, 1, 3],
        }
    )
    churned, at_risk = decisions(histories)
    assert churned.tolist() == [0, 0, 0, 2]
    assert at_risk.tolist() == [0, 4, 4 + 2, 2]


def test_a_plan_with_few_contracts_is_fitted_with_all() -> None:
    histories = pd.DataFrame(
        {
            "plan": ["single", "single", "office", "office"],
            "cut_off": ["as_of", "holdout", "as_of", "holdout"],
            "contract_count": [100, 1, 99, 500],
        }
    )
    assert {name: len(rows) for name, rows in populations_of(histories, 100).items()} == {"single": 2, "pooled": 4}


def test_tracking_is_the_expectation_of_a_new_customer_per_customer() -> None:
    parameters = Parameters("bg_nbd", 0.243, 4.414, 0.793, 2.426)
    row = {"model": "bg_nbd", "r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    daily = pd.DataFrame(
        {
            "purchase_date": [date(2026, 1, 1), date(2026, 1, 9)],
            "first_count": [10, 0],
            "repeat_count": [0, 3],
        }
    )
    # 17 days contain two complete weeks
    expected, actual = weekly(row, daily, date(2026, 1, 18))
    assert actual.tolist() == [0, 3]
    # new customers of a day count from its end: 6 and 13 days later
    cumulative = 10 * expected_repeat_orders(parameters, np.array([6 / 7, 13 / 7]))
    assert np.cumsum(expected) == pytest.approx(cumulative, rel=1e-9)
