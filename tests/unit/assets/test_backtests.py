"""Backtests: forecasts at past cut-offs, from what was known then."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from orchestration.assets.science import backtests
from orchestration.assets.science.tables import CutOff
from orchestration.config.settings import LifetimeValue
from orchestration.science import shifted_beta_geometric as contract_model
from orchestration.science.season import Season, no_season

SETTINGS = LifetimeValue()


def simulated(seed: int, customers: int, weeks: float, ahead: float) -> pd.DataFrame:
    """Customers of BG/NBD with r .6, alpha 8, a .8, b 2.5: the history of each, and the purchases that followed."""
    random = np.random.default_rng(seed)
    rate = random.gamma(0.6, 1 / 8, customers)
    leave = random.beta(0.8, 2.5, customers)
    observed = random.integers(1, int(weeks), customers)
    rows = []
    for chance, dropout, length in zip(rate, leave, observed, strict=True):
        at, repeats, last, later = 0.0, 0, 0.0, 0
        while True:
            at += random.exponential(1 / max(chance, 1e-12))
            if at > length + ahead:
                break
            if at <= length:
                repeats, last = repeats + 1, at
            else:
                later += 1
            if random.random() < dropout:
                break
        rows.append((repeats, round(last), int(length), later))
    return pd.DataFrame(rows, columns=["repeat_count", "last_purchase_weeks", "observed_weeks", "later"])


def grouped(customers: pd.DataFrame, cut_off: str, segment: str = "retail") -> pd.DataFrame:
    """Rows of ``science_purchase_histories``."""
    keys = ["repeat_count", "last_purchase_weeks", "observed_weeks"]
    customers = customers.assign(square=customers["later"] ** 2, buyer=customers["later"] > 0)
    rows = customers.groupby(keys, as_index=False).agg(
        customer_count=("later", "size"),
        holdout_count=("later", "sum"),
        holdout_square_count=("square", "sum"),
        holdout_buyer_count=("buyer", "sum"),
    )
    return rows.assign(cut_off=cut_off, segment=segment, is_entry_known=True)


def cut_offs(name: str) -> dict[str, CutOff]:
    """A backtest whose yardstick is as long, with two years of history before the as-of date."""
    days = {"year_ago": 365, "half_year_ago": 182, "quarter_ago": 91}[name]
    day = date(2026, 1, 1) - timedelta(days=days)
    start = date(2024, 1, 1)
    return {
        name: CutOff(day, days, start),
        f"{name}_yardstick": CutOff(day - timedelta(days=days), days, start),
    }


NO_DAYS = pd.DataFrame({"purchase_date": [], "segment": [], "first_count": [], "repeat_count": []})


def test_a_forecast_of_the_past_meets_what_came() -> None:
    customers = simulated(seed=3, customers=6000, weeks=104, ahead=365 / 7)
    histories = pd.concat([grouped(customers, "year_ago"), grouped(customers, "year_ago_yardstick")])
    found = backtests.purchase_scores(histories, NO_DAYS, cut_offs("year_ago"), SETTINGS, no_season())
    expected = (found["expected_orders"] * found["customer_count"]).sum()
    silent = (found["no_order_probability"] * found["customer_count"]).sum()
    # three standard errors of the simulated outcome
    assert abs(expected - customers["later"].sum()) < 3 * np.sqrt(len(customers) * customers["later"].var())
    assert abs(silent - (customers["later"] == 0).sum()) < 3 * np.sqrt(len(customers) * 0.25)
    # the yardstick of the same customers and the same days knows the outcome
    assert (found["naive_orders"] * found["customer_count"]).sum() == pytest.approx(customers["later"].sum())
    assert set(found["decile"]) <= set(range(1, 11))
    assert found.sort_values("expected_orders")["decile"].is_monotonic_increasing


def test_the_season_of_tonight_is_that_of_a_cut_off_without_two_years_before_it() -> None:
    histories = grouped(simulated(seed=6, customers=2000, weeks=52, ahead=13), "quarter_ago")
    index = np.full(12, 0.9)
    index[9:] = 1.3  # from October on: the quarter before the as-of date
    flat, busy = (
        backtests.purchase_scores(histories, NO_DAYS, cut_offs("quarter_ago"), SETTINGS, season)[
            "expected_orders"
        ].sum()
        for season in (no_season(), Season(index, np.ones(12), np.zeros(12), np.zeros(12), 2))
    )
    assert busy > 1.2 * flat


def test_only_cut_offs_that_the_history_reaches_are_forecast() -> None:
    customers = simulated(seed=4, customers=800, weeks=52, ahead=13)
    histories = pd.concat([grouped(customers, name) for name in ("as_of", "holdout", "quarter_ago", "year_ago")])
    found = backtests.purchase_scores(histories, NO_DAYS, cut_offs("quarter_ago"), SETTINGS, no_season())
    assert set(found["cut_off"]) == {"quarter_ago"}
    assert found["naive_orders"].isna().all()  # nothing is known of the period before


def test_without_histories_there_is_no_forecast() -> None:
    empty = grouped(simulated(seed=5, customers=5, weeks=9, ahead=1), "as_of").iloc[:0]
    assert backtests.purchase_scores(empty, NO_DAYS, cut_offs("year_ago"), SETTINGS, no_season()).empty
    assert backtests.contract_scores(pd.DataFrame(), SETTINGS).empty


def test_each_segment_has_the_spend_model_of_its_cut_off() -> None:
    random = np.random.default_rng(8)
    means = 30 / random.gamma(3.0, 1.0, 400)
    amounts = pd.DataFrame(
        {
            "cut_off": np.repeat(["year_ago", "as_of"], 200),
            "segment": "retail",
            "repeat_count": 2,
            "repeat_amount": 2 * means,
            "holdout_count": 0,
            "holdout_amount": 0.0,
            "customer_count": 1,
        }
    )
    daily = pd.DataFrame(
        {
            "purchase_date": [pd.Timestamp("2024-06-01")],
            "segment": ["retail"],
            "first_count": [200],
            "repeat_count": [400],
            "purchase_count": [600],
            "revenue_amount": [9000.0],
        }
    )
    known = grouped(simulated(seed=9, customers=50, weeks=20, ahead=1), "year_ago")
    [found] = backtests.spend_parameters(amounts, daily, cut_offs("year_ago"), known, SETTINGS).to_dict("records")
    assert (found["cut_off"], found["segment"]) == ("year_ago", "retail")
    # the mean of the fitted model is near that of the customers known at the cut-off
    assert found["p"] * found["v"] / (found["q"] - 1) == pytest.approx(means[:200].mean(), rel=0.2)


def test_a_contract_is_scored_by_the_fit_of_the_contracts_known_at_the_cut_off() -> None:
    kinds = {"period_unit": "month", "period_length": 1, "plan": "box", "cut_off": "half_year_ago"}
    rows = [
        {"renewal_count": 0, "is_open": False, "renewals_ahead_count": 0, "contract_count": 400},
        {"renewal_count": 1, "is_open": False, "renewals_ahead_count": 0, "contract_count": 200},
        {"renewal_count": 2, "is_open": True, "renewals_ahead_count": 6, "contract_count": 400},
        {"renewal_count": 5, "is_open": True, "renewals_ahead_count": 0, "contract_count": 9},
    ]
    histories = pd.DataFrame([{**row, **kinds, "unobserved_renewal_count": 0} for row in rows])
    [score] = backtests.contract_scores(histories, SETTINGS).to_dict("records")
    churned, at_risk = np.array([400.0, 200.0]), np.array([1009.0, 609.0])
    churned, at_risk = np.pad(churned, (0, 3)), np.concatenate([at_risk, [9.0, 9.0, 9.0]])
    parameters = contract_model.fit(churned, at_risk).parameters
    survived = contract_model.survival(parameters, np.array([2.0, 8.0]))
    assert score["contract_loss_probability"] == pytest.approx(1 - survived[1] / survived[0])
    assert score["renewal_count"] == 2


def test_a_step_of_the_ladder_with_a_problem_is_not_taken() -> None:
    once = pd.DataFrame({"repeat_count": 0, "last_purchase_weeks": 0, "observed_weeks": range(10, 60), "later": 0})
    found = backtests.purchase_scores(grouped(once, "year_ago"), NO_DAYS, cut_offs("year_ago"), SETTINGS, no_season())
    assert np.isfinite(found["expected_orders"]).all()
    assert (found["expected_orders"] < 0.5).all()
