"""Fits of BG/NBD and MBG/NBD: the likelihood against its definition, the maximum against simulated parameters."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from scipy.special import gammaln, roots_genlaguerre, roots_jacobi

from orchestration.science.beta_geometric import NAMES, Fit, Parameters, fit
from orchestration.science.purchase_likelihoods import Variant, log_likelihood
from tests.unit.science import cdnow
from tests.unit.science.simulated import Floats, customers

VARIANTS = get_args(Variant)
variants = pytest.mark.parametrize("variant", VARIANTS)


def logs(parameters: Parameters) -> Floats:
    return np.log([getattr(parameters, name) for name in NAMES])


def by_definition(parameters: Parameters, x: float, t_x: float, T: float) -> float:
    """The likelihood of one history given rate and dropout, averaged over the population."""
    rates, of_rate = roots_genlaguerre(150, parameters.r - 1)
    leaves, of_leave = roots_jacobi(80, parameters.b - 1, parameters.a - 1)
    rate, p = rates[:, None] / parameters.alpha, (1 + leaves[None, :]) / 2
    chances = x if parameters.variant == "bg_nbd" else x + 1
    stayed = (1 - p) ** chances * rate**x * np.exp(-rate * T)
    left = p * (1 - p) ** (chances - 1) * rate**x * np.exp(-rate * t_x) if chances else 0
    return float(of_rate @ (stayed + left) @ of_leave / (of_rate.sum() * of_leave.sum()))


@variants
@pytest.mark.parametrize("history", [(0, 0, 5), (1, 2, 5), (3, 4.5, 5), (3, 1, 20), (7, 6, 8)])
def test_the_likelihood_is_the_mean_over_customers(variant: Variant, history: tuple[float, float, float]) -> None:
    parameters = Parameters(variant, 1.5, 6.0, 0.8, 2.4)
    x, t_x, T = (np.array([each], dtype=float) for each in history)
    value, _ = log_likelihood(variant, x, t_x, T, np.ones(1))(logs(parameters))
    assert np.exp(value) == pytest.approx(by_definition(parameters, *history), rel=1e-7)


@variants
def test_the_probabilities_of_all_histories_add_up_to_one(variant: Variant) -> None:
    """Sum over the number of orders, integral over the earlier order times: t^(x-1) / (x-1)! for the last time t."""
    parameters, T = Parameters(variant, 0.8, 5.0, 0.7, 2.0), 3.0
    points, shares = np.polynomial.legendre.leggauss(40)
    t = (1 + points) / 2 * T
    one = np.ones(1)
    total = np.exp(log_likelihood(variant, 0 * one, 0 * one, T * one, one)(logs(parameters))[0])
    for count in range(1, 40):
        each = [log_likelihood(variant, count * one, at * one, T * one, one)(logs(parameters))[0] for at in t]
        total += np.exp(each + (count - 1) * np.log(t) - gammaln(count)) @ shares * T / 2
    assert total == pytest.approx(1, abs=1e-9)


@variants
@pytest.mark.parametrize("seed", range(5))
def test_the_gradient_is_the_slope_of_the_likelihood(variant: Variant, seed: int) -> None:
    rng = np.random.default_rng(seed)
    at = rng.normal(0, 1.5, 4)
    T = rng.uniform(0, 100, 200)
    x = rng.poisson(2, 200).astype(float)
    t_x = np.where(x > 0, rng.random(200) * T, 0.0)
    of = log_likelihood(variant, x, t_x, T, rng.integers(1, 9, 200).astype(float))
    _, gradient = of(at)
    slope = [(of(at + step)[0] - of(at - step)[0]) / 2e-5 for step in np.eye(4) * 1e-5]
    assert gradient == pytest.approx(slope, rel=1e-5, abs=1e-5 * np.abs(gradient).max())


@pytest.fixture(scope="module", params=VARIANTS)
def recovered(request: pytest.FixtureRequest) -> tuple[Parameters, Fit]:
    truth = Parameters(request.param, 0.9, 7.0, 0.8, 2.6)
    rng = np.random.default_rng(4)
    drawn = customers(rng, truth, rng.uniform(0, 104, 60_000))
    return truth, fit(request.param, drawn.x, drawn.t_x, drawn.T)


@pytest.mark.parametrize("name", NAMES)
def test_a_fit_recovers_the_parameters(recovered: tuple[Parameters, Fit], name: str) -> None:
    truth, found = recovered
    assert not found.is_degenerate
    off = (getattr(found.parameters, name) - getattr(truth, name)) / found.standard_errors[name]
    assert abs(off) < 3


def test_standard_errors_are_the_spread_of_estimates() -> None:
    """Over 60 worlds, on the log scale; the spread of 60 draws is known to 9 %, and four such errors are allowed."""
    truth = Parameters("bg_nbd", 1.2, 8.0, 1.1, 3.0)
    estimates, errors = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        drawn = customers(rng, truth, rng.uniform(30, 104, 2_000))
        found = fit("bg_nbd", drawn.x, drawn.t_x, drawn.T)
        estimates.append(logs(found.parameters))
        errors.append([found.standard_errors[name] for name in NAMES] / np.exp(estimates[-1]))
    ratio = np.std(estimates, axis=0, ddof=1) / np.mean(errors, axis=0)
    assert ratio == pytest.approx(np.ones(4), abs=4 / np.sqrt(2 * 60))


@variants
def test_grouped_histories_give_the_fit_of_the_customers(variant: Variant) -> None:
    histories = np.array([np.ceil(values) for values in cdnow.histories()])
    one_each = fit(variant, *histories)
    (x, t_x, T), weights = np.unique(histories, axis=1, return_counts=True)
    grouped = fit(variant, x, t_x, T, weights.astype(float))
    assert grouped.history_count == len(x) < one_each.history_count
    assert grouped.customer_count == one_each.customer_count
    assert grouped.log_likelihood == pytest.approx(one_each.log_likelihood, rel=1e-12)
    assert logs(grouped.parameters) == pytest.approx(logs(one_each.parameters), abs=1e-7)
    assert grouped.standard_errors == pytest.approx(one_each.standard_errors, rel=1e-5)


def test_the_order_of_histories_changes_nothing_to_the_last_bit() -> None:
    x, t_x, T = cdnow.histories()
    other = np.random.default_rng(2).permutation(len(x))
    assert fit("mbg_nbd", x, t_x, T) == fit("mbg_nbd", x[other], t_x[other], T[other])


def test_a_fit_does_not_depend_on_the_unit_of_time() -> None:
    x, t_x, T = cdnow.histories()
    weeks, days = fit("bg_nbd", x, t_x, T), fit("bg_nbd", x, t_x * 7, T * 7)
    assert days.parameters.alpha == pytest.approx(7 * weeks.parameters.alpha, rel=1e-6)
    assert (days.parameters.r, days.parameters.b) == pytest.approx((weeks.parameters.r, weeks.parameters.b), rel=1e-6)


@variants
def test_without_repeat_orders_a_fit_is_degenerate(variant: Variant) -> None:
    found = fit(variant, np.zeros(3), np.zeros(3), np.array([10.0, 20.0, 30.0]), np.array([5.0, 6.0, 7.0]))
    assert (found.is_degenerate, found.problem) == (True, "no customer has a repeat purchase")
    assert (found.customer_count, found.history_count, found.standard_errors) == (18, 3, {})
    assert np.isfinite(logs(found.parameters)).all()


@variants
@pytest.mark.parametrize("history", [(1, 0, 0), (1, 5, 10), (40, 50, 52)])
def test_one_customer_is_degenerate(variant: Variant, history: tuple[float, float, float]) -> None:
    found = fit(variant, *(np.array([each], dtype=float) for each in history))
    assert found.is_degenerate
    assert found.problem
    assert np.isfinite([found.log_likelihood, *logs(found.parameters)]).all()


def test_customers_without_heterogeneity_are_degenerate() -> None:
    """All customers buy every week and none drops out: no gamma and no beta distribution is that narrow."""
    T = np.arange(20.0, 60.0)
    found = fit("bg_nbd", T, T, T)
    assert found.is_degenerate
    assert found.problem == "no customer is seen to stop buying"


@pytest.mark.parametrize(
    ("x", "t_x", "T"), [(-1, 0, 5), (1.5, 1, 5), (1, 6, 5), (0, 1, 5), (1, -1, 5), (1, 1, np.nan), (1, 1, np.inf)]
)
def test_an_invalid_history_is_named_in_the_error(x: float, t_x: float, T: float) -> None:
    with pytest.raises(ValueError, match="history 1 is invalid"):
        fit("bg_nbd", np.array([2.0, x]), np.array([3.0, t_x]), np.array([9.0, T]))


def test_missing_histories_and_zero_weights_raise() -> None:
    with pytest.raises(ValueError, match="not empty"):
        fit("bg_nbd", np.empty(0), np.empty(0), np.empty(0))
    with pytest.raises(ValueError, match="weights"):
        fit("bg_nbd", np.ones(1), np.ones(1), np.ones(1), np.zeros(1))
