"""The steps below BG/NBD: NBD without dropout and the mean of all; intervals of expected orders."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import gamma, nbinom

from orchestration.science.beta_geometric import (
    Parameters,
    discounted_expected_orders,
    expected_orders,
    fit,
    orders_interval,
    p_alive,
    p_no_order,
)
from orchestration.science.purchase_likelihoods import log_likelihood, rate_log_likelihood
from tests.unit.science.simulated import Floats, customers

NONE = float("nan")


def nbd_orders(rng: np.random.Generator, r: float, alpha: float, T: Floats) -> tuple[Floats, Floats]:
    rate = rng.gamma(r, 1 / alpha, len(T))
    x = rng.poisson(rate * T).astype(float)
    last = T * rng.random(len(T)) ** (1 / np.maximum(x, 1))
    return x, np.where(x > 0, last, 0.0)


def test_nbd_is_the_limit_of_no_dropout() -> None:
    """BG/NBD with a -> 0 has the same likelihood, probabilities and expectations."""
    x, t_x, T = np.array([0.0, 3.0, 7.0]), np.array([0.0, 2.0, 30.0]), np.array([10.0, 20.0, 31.0])
    near = Parameters("bg_nbd", 0.9, 7.0, 1e-9, 2.0)
    nbd = Parameters("nbd", 0.9, 7.0, NONE, NONE)
    assert p_alive(nbd, x, t_x, T).tolist() == [1, 1, 1]
    assert p_no_order(nbd, x, t_x, T, 52) == pytest.approx(p_no_order(near, x, t_x, T, 52), rel=1e-5)
    assert expected_orders(nbd, x, t_x, T, 52) == pytest.approx(expected_orders(near, x, t_x, T, 52), rel=1e-5)
    discounted = (discounted_expected_orders(each, x, t_x, T, 52, 0.1) for each in (nbd, near))
    assert next(discounted) == pytest.approx(next(discounted), rel=1e-5)
    ones = np.ones(3)
    full = log_likelihood("bg_nbd", x, t_x, T, ones)(np.log([0.9, 7.0, 1e-9, 2.0]))[0]
    assert rate_log_likelihood(x, T, ones)(np.log([0.9, 7.0]))[0] == pytest.approx(full, rel=1e-5)


def test_nbd_probabilities_are_those_of_the_negative_binomial() -> None:
    nbd = Parameters("nbd", 1.4, 9.0, NONE, NONE)
    x, t_x, T = np.array([2.0]), np.array([3.0]), np.array([20.0])
    after = nbinom(1.4 + 2, (9 + 20) / (9 + 20 + 13))
    assert p_no_order(nbd, x, t_x, T, 13) == pytest.approx([after.pmf(0)])
    assert expected_orders(nbd, x, t_x, T, 13) == pytest.approx([after.mean()])


def test_a_fit_without_dropout_recovers_the_rates() -> None:
    rng = np.random.default_rng(8)
    T = rng.uniform(20, 104, 20_000)
    x, t_x = nbd_orders(rng, 1.2, 9.0, T)
    found = fit("nbd", x, t_x, T)
    for name, truth in (("r", 1.2), ("alpha", 9.0)):
        assert abs(getattr(found.parameters, name) - truth) < 3 * found.standard_errors[name]


def test_customers_who_never_stop_have_no_full_model() -> None:
    rng = np.random.default_rng(8)
    T = rng.uniform(50, 104, 500)
    x, t_x = nbd_orders(rng, 4.0, 9.0, T)
    assert fit("bg_nbd", x, t_x, T).problem == "no customer is seen to stop buying"


def test_equal_rates_have_no_nbd() -> None:
    rng = np.random.default_rng(8)
    T = np.full(300, 50.0)
    x = np.full(300, 10.0)
    found = fit("nbd", x, np.minimum(T, 49 + rng.random(300)), T)
    assert found.problem == "customers do not differ in how often they buy"


def test_the_mean_ignores_the_own_history() -> None:
    """Four purchases in 90 customer-weeks: the posterior of the rate is Gamma(4.5, 90)."""
    x, t_x, T = np.array([0.0, 4.0]), np.array([0.0, 9.0]), np.array([20.0, 10.0])
    found = fit("mean", x, t_x, T, np.array([4.0, 1.0]))
    expected = expected_orders(found.parameters, x, t_x, T, 52)
    assert expected == pytest.approx([4.5 / 90 * 52] * 2)
    assert p_no_order(found.parameters, x, t_x, T, 52) == pytest.approx([(90 / (90 + 52)) ** 4.5] * 2)
    low, high = orders_interval(found.parameters, None, x, t_x, T, 52)
    assert low == pytest.approx(gamma.ppf(0.025, 4.5, scale=52 / 90), rel=1e-9)
    assert high == pytest.approx(gamma.ppf(0.975, 4.5, scale=52 / 90), rel=1e-9)


def test_without_a_repeat_purchase_the_mean_is_small_but_not_zero() -> None:
    """A thousand customer-weeks without a purchase: half a purchase in them."""
    x = np.zeros(1)
    found = fit("mean", x, x, np.array([10.0]), np.array([100.0]))
    assert expected_orders(found.parameters, x, x, np.array([10.0]), 52) == pytest.approx([0.5 / 1000 * 52])
    assert not found.is_degenerate


def test_without_an_observed_week_there_is_no_mean() -> None:
    x = np.zeros(3)
    assert fit("mean", x, x, x).problem == "no customer has been observed for a week"


def test_the_interval_of_expected_orders_holds_the_truth() -> None:
    """Of 60 simulated companies, the 95 % interval holds what the true parameters expect in at least 53."""
    truth = Parameters("bg_nbd", 1.2, 8.0, 1.1, 3.0)
    history = (np.array([3.0]), np.array([20.0]), np.array([30.0]))
    true = expected_orders(truth, *history, 52)[0]
    hits = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        drawn = customers(rng, truth, rng.uniform(30, 104, 1_000))
        found = fit("bg_nbd", drawn.x, drawn.t_x, drawn.T)
        low, high = orders_interval(found.parameters, found.covariance, *history, 52)
        hits += bool(low[0] <= true <= high[0])
    assert hits >= 53
