"""Forecasts of BG/NBD and MBG/NBD: against closed forms, against simulations, and for any parameters."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import hyp2f1

from orchestration.science.beta_geometric import (
    WEEKS_PER_YEAR,
    Parameters,
    discounted_expected_orders,
    expected_orders,
    expected_repeat_orders,
    p_alive,
    p_no_order,
)
from orchestration.science.purchase_likelihoods import Variant
from tests.unit.science.simulated import Floats, customers

variants = pytest.mark.parametrize("variant", get_args(Variant))
shapes = st.floats(0.001, 10_000)
parameter_sets = st.builds(Parameters, st.sampled_from(get_args(Variant)), shapes, shapes, shapes, shapes)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Floats, Floats, Floats]:
    """A single history, in arrays: up to an order a day for two years."""
    T = draw(st.floats(0, 104))
    x = float(draw(st.integers(0, 728)))
    t_x = draw(st.floats(0, T)) if x else 0.0
    return np.array([x]), np.array([t_x]), np.array([T])


def closed_form(parameters: Parameters, x: Floats, t_x: Floats, T: Floats, horizon: float) -> Floats:
    """The papers' conditional expectation."""
    r, alpha, a, b = parameters.r, parameters.alpha, parameters.a, parameters.b
    stayed = x if parameters.variant == "bg_nbd" else x + 1
    power = ((alpha + T) / (alpha + T + horizon)) ** (r + x)
    series = hyp2f1(r + x, b + stayed, a + b + stayed - 1, horizon / (alpha + T + horizon))
    left = np.where(stayed > 0, a / (b + np.maximum(stayed, 1) - 1) * ((alpha + T) / (alpha + t_x)) ** (r + x), 0)
    orders: Floats = (a + b + stayed - 1) / (a - 1) * (1 - power * series) / (1 + left)
    return orders


@variants
@pytest.mark.parametrize("a", [0.3, 0.793, 2.0, 4.5])
@pytest.mark.parametrize("horizon", [1, 13, 52])
def test_expected_orders_are_the_closed_form_of_the_papers(variant: Variant, a: float, horizon: float) -> None:
    parameters = Parameters(variant, 0.243, 4.414, a, 2.426)
    rng = np.random.default_rng(1)
    T = rng.uniform(0, 104, 400)
    x = rng.integers(0, 15, 400).astype(float)
    t_x = np.where(x > 0, rng.random(400) * T, 0)
    found = expected_orders(parameters, x, t_x, T, horizon)
    assert found == pytest.approx(closed_form(parameters, x, t_x, T, horizon), rel=1e-7)


@variants
def test_expected_repeat_orders_are_the_closed_form_of_the_papers(variant: Variant) -> None:
    r, alpha, a, b = 0.243, 4.414, 0.793, 2.426
    t = np.array([0.0, 1.0, 10.0, 39.0, 78.0])
    if variant == "bg_nbd":
        series = (a + b - 1) / (a - 1) * (1 - (alpha / (alpha + t)) ** r * hyp2f1(r, b, a + b - 1, t / (alpha + t)))
    else:
        series = b / (a - 1) * (1 - (alpha / (alpha + t)) ** r * hyp2f1(r, b + 1, a + b, t / (alpha + t)))
    assert expected_repeat_orders(Parameters(variant, r, alpha, a, b), t) == pytest.approx(series, rel=1e-8)


@variants
def test_a_equal_to_one_is_a_valid_parameter(variant: Variant) -> None:
    """The closed form divides by a - 1; the expected value is its limit from both sides."""
    x, t_x, T = np.array([0.0, 3.0]), np.array([0.0, 20.0]), np.array([30.0, 30.0])
    at = expected_orders(Parameters(variant, 0.5, 6.0, 1.0, 2.0), x, t_x, T, 52)
    sides = [closed_form(Parameters(variant, 0.5, 6.0, 1 + side, 2.0), x, t_x, T, 52) for side in (-1e-4, 1e-4)]
    assert at == pytest.approx(np.mean(sides, axis=0), rel=1e-7)


@variants
@pytest.mark.parametrize("seed", [1, 2])
def test_forecasts_match_a_simulation(variant: Variant, seed: int) -> None:
    """In total and for one-time buyers, within four standard errors of the simulation."""
    parameters = Parameters(variant, 0.8, 6.0, 0.9, 2.5)
    rng = np.random.default_rng(seed)
    drawn = customers(rng, parameters, rng.uniform(0, 60, 100_000), horizon=26)
    known = (drawn.x, drawn.t_x, drawn.T)
    alive, silent = p_alive(parameters, *known), p_no_order(parameters, *known, 26)
    expected = expected_orders(parameters, *known, 26)
    for group in (np.full(100_000, True), drawn.x == 0, drawn.x >= 5):
        for foretold, happened in ((alive, drawn.is_alive), (silent, drawn.later == 0), (expected, drawn.later)):
            surprise = (happened - foretold)[group]
            assert abs(surprise.mean()) <= 4 * surprise.std() / np.sqrt(group.sum())
    first = expected_repeat_orders(parameters, drawn.T)
    assert abs((drawn.x - first).mean()) <= 4 * (drawn.x - first).std() / np.sqrt(100_000)


def test_a_one_time_buyer_is_alive_under_bg_nbd_only() -> None:
    once = (np.zeros(1), np.zeros(1), np.array([100.0]))
    assert p_alive(Parameters("bg_nbd", 0.5, 6.0, 0.8, 2.0), *once)[0] == 1
    # a / b ((alpha + T) / alpha)^r are the odds of dropout at the first order
    odds = 0.8 / 2.0 * (106 / 6) ** 0.5
    assert p_alive(Parameters("mbg_nbd", 0.5, 6.0, 0.8, 2.0), *once)[0] == pytest.approx(1 / (1 + odds))


@given(parameter_sets, histories(), st.floats(0, 200))
@settings(deadline=None)
def test_time_without_a_purchase_lowers_the_probability_alive(
    parameters: Parameters, history: tuple[Floats, Floats, Floats], silence: float
) -> None:
    x, t_x, T = history
    now, later = p_alive(parameters, x, t_x, T)[0], p_alive(parameters, x, t_x, T + silence)[0]
    assert 0 <= later <= now <= 1


@given(parameter_sets, histories(), st.floats(0, 104), st.floats(0, 104))
@settings(max_examples=300, deadline=None)
def test_a_longer_horizon_has_more_orders_and_less_risk(
    parameters: Parameters, history: tuple[Floats, Floats, Floats], horizon: float, more: float
) -> None:
    risk, less = (p_no_order(parameters, *history, weeks)[0] for weeks in (horizon, horizon + more))
    assert 0 <= less <= risk <= 1
    orders, as_many = (expected_orders(parameters, *history, weeks)[0] for weeks in (horizon, horizon + more))
    assert 0 <= orders <= as_many < np.inf
    assert 1 - risk <= orders * (1 + 1e-9) + 1e-12, "whoever orders at all orders once at least"


@given(parameter_sets, histories(), st.floats(0, 104), st.floats(0, 0.9), st.sampled_from([1, 4, 12, 52]))
@settings(deadline=None)
def test_discounting_is_bounded_by_the_horizon(
    parameters: Parameters, history: tuple[Floats, Floats, Floats], horizon: float, rate: float, periods: int
) -> None:
    whole = expected_orders(parameters, *history, horizon)[0]
    discounted = discounted_expected_orders(parameters, *history, horizon, rate, periods)[0]
    years = np.ceil(horizon / WEEKS_PER_YEAR * periods) / periods
    assert whole * (1 + rate) ** -years * (1 - 1e-9) <= discounted <= whole * (1 + 1e-9)


def test_orders_are_discounted_from_the_end_of_their_period() -> None:
    parameters = Parameters("bg_nbd", 0.243, 4.414, 0.793, 2.426)
    history = (np.array([2.0]), np.array([30.43]), np.array([38.86]))
    by_month = np.diff([expected_orders(parameters, *history, month * 365.25 / 7 / 12)[0] for month in range(13)])
    factors = 1.1 ** (-np.arange(1, 13) / 12)
    found = discounted_expected_orders(parameters, *history, 365.25 / 7, 0.1)[0]
    assert found == pytest.approx(by_month @ factors, rel=1e-9)


@given(parameter_sets, st.lists(histories(), min_size=2, max_size=5), st.floats(0, 104))
@settings(deadline=None)
def test_scoring_distinct_histories_is_scoring_the_customers(
    parameters: Parameters, drawn: list[tuple[Floats, Floats, Floats]], horizon: float
) -> None:
    x, t_x, T = (np.concatenate(values) for values in zip(*drawn, strict=True))
    for score in (expected_orders, p_no_order):
        together = score(parameters, x, t_x, T, horizon)
        alone = [score(parameters, *history, horizon)[0] for history in drawn]
        assert together.tolist() == alone


@pytest.mark.parametrize("horizon", [-1.0, np.nan, np.inf])
def test_an_invalid_horizon_raises(horizon: float) -> None:
    with pytest.raises(ValueError, match="horizon"):
        expected_orders(Parameters("bg_nbd", 1, 1, 1, 1), np.zeros(1), np.zeros(1), np.ones(1), horizon)


def test_an_invalid_discount_raises() -> None:
    with pytest.raises(ValueError, match="discount"):
        discounted_expected_orders(
            Parameters("bg_nbd", 1, 1, 1, 1), np.zeros(1), np.zeros(1), np.ones(1), 52, annual_rate=-0.1
        )
