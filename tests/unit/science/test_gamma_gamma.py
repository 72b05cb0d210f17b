"""Gamma-Gamma: the likelihood against its definition, the maximum against simulated parameters, invalid input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import gamma

from orchestration.science.gamma_gamma import (
    NAMES,
    Parameters,
    expected_value,
    fit,
    fit_credibility,
    log_likelihood,
    population_mean,
)
from tests.unit.science import cdnow

Floats = cdnow.Floats


def spent(rng: np.random.Generator, parameters: Parameters, count: int) -> tuple[Floats, Floats]:
    """Customers with 1 to 9 repeat orders, and their mean order values."""
    x = rng.integers(1, 10, count).astype(float)
    nu = rng.gamma(parameters.q, 1 / parameters.v, count)
    return x, rng.gamma(parameters.p * x) / (nu * x)


@pytest.mark.parametrize(("x", "z"), [(1.0, 20.0), (4.0, 35.0), (12.0, 8.0)])
def test_the_likelihood_is_the_mean_over_customers(x: float, z: float) -> None:
    """Of x orders with shape p and rate nu the mean has shape p x and rate nu x; nu is gamma with q and v."""
    p, q, v = 6.25, 3.74, 15.44
    each = lambda nu: gamma.pdf(z, p * x, scale=1 / (nu * x)) * gamma.pdf(nu, q, scale=1 / v)  # noqa: E731
    value, _ = log_likelihood(np.array([x]), np.array([z]), np.ones(1))(np.log([p, q, v]))
    assert np.exp(value) == pytest.approx(quad(each, 0, 10, limit=200)[0], rel=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_the_gradient_is_the_slope_of_the_likelihood(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, z = spent(rng, Parameters(4, 3, 20), 200)
    of = log_likelihood(x, z, rng.integers(1, 9, 200).astype(float))
    at = rng.normal(1, 1, 3)
    slope = [(of(at + step)[0] - of(at - step)[0]) / 2e-5 for step in np.eye(3) * 1e-5]
    assert of(at)[1] == pytest.approx(slope, rel=1e-5)


def test_a_fit_recovers_the_parameters() -> None:
    truth = Parameters(5.0, 3.5, 40.0)
    found = fit(*spent(np.random.default_rng(3), truth, 40_000))
    assert found.problem is None
    off = {
        name: (getattr(found.parameters, name) - getattr(truth, name)) / found.standard_errors[name] for name in NAMES
    }
    assert max(map(abs, off.values())) < 3, off


def test_grouped_customers_give_the_fit_of_the_customers() -> None:
    table = cdnow.spending()
    rows = np.array([table["x"].to_numpy(float), table["z"].round().to_numpy(float)])
    distinct, weights = np.unique(rows, axis=1, return_counts=True)
    one_each, grouped = fit(rows[0], rows[1]), fit(distinct[0], distinct[1], weights.astype(float))
    assert grouped.log_likelihood == pytest.approx(one_each.log_likelihood, rel=1e-12)
    assert grouped.parameters.p == pytest.approx(one_each.parameters.p, rel=1e-6)
    assert (grouped.customer_count, grouped.correlation) == pytest.approx((946, one_each.correlation))


def test_the_order_of_customers_changes_nothing_to_the_last_bit() -> None:
    table = cdnow.spending()
    x, z = table["x"].to_numpy(float), table["z"].to_numpy(float)
    assert fit(x, z) == fit(x[::-1], z[::-1])


def test_a_fit_does_not_depend_on_the_currency() -> None:
    table = cdnow.spending()
    x, z = table["x"].to_numpy(float), table["z"].to_numpy(float)
    dollars, cents = fit(x, z), fit(x, 100 * z)
    assert cents.parameters.v == pytest.approx(100 * dollars.parameters.v, rel=1e-9)
    assert cents.parameters.q == pytest.approx(dollars.parameters.q, rel=1e-9)
    assert cents.log_likelihood == pytest.approx(dollars.log_likelihood - 946 * np.log(100), rel=1e-9)


def test_spend_without_a_population_mean_is_degenerate() -> None:
    """q = 0.6: the population mean does not exist."""
    found = fit(*spent(np.random.default_rng(1), Parameters(5.0, 0.6, 10.0), 5_000))
    assert found.is_degenerate
    assert found.problem == ("a few customers spend so much more than the others that no mean amount can be estimated")
    with pytest.raises(ValueError, match="not above 1"):
        population_mean(found.parameters)
    with pytest.raises(ValueError, match="not above 1"):
        expected_value(found.parameters, np.ones(1), np.ones(1))


def test_customers_who_all_spend_the_same_are_degenerate() -> None:
    found = fit(np.array([1.0, 2.0, 3.0]), np.array([9.5, 9.5, 9.5]))
    assert found.is_degenerate
    assert found.correlation is None
    assert np.isfinite([found.log_likelihood, found.parameters.p, found.parameters.q, found.parameters.v]).all()


@pytest.mark.parametrize(("x", "z"), [(0, 5), (1, 0), (1, -3), (1, np.nan), (1, np.inf)])
def test_an_invalid_customer_is_named_in_the_error(x: float, z: float) -> None:
    with pytest.raises(ValueError, match="customer 1 is invalid"):
        fit(np.array([2.0, x]), np.array([3.0, z]))


def test_empty_input_raises() -> None:
    with pytest.raises(ValueError, match="not empty"):
        fit(np.empty(0), np.empty(0))


def test_a_one_time_buyer_has_the_expected_value_of_the_population() -> None:
    parameters = Parameters(6.25, 3.74, 15.44)
    expected = expected_value(parameters, np.array([0.0, 0.0]), np.array([np.nan, 99.0]))
    assert expected == pytest.approx([population_mean(parameters)] * 2)


@given(
    st.builds(Parameters, st.floats(0.01, 100), st.floats(1.01, 100), st.floats(0.01, 1_000)),
    st.integers(1, 500),
    st.floats(0.01, 10_000),
)
@settings(deadline=None)
def test_expected_value_is_shrunk_towards_the_population(parameters: Parameters, x: int, z: float) -> None:
    expected = expected_value(parameters, np.array([float(x)]), np.array([z]))[0]
    low, high = sorted((z, population_mean(parameters)))
    assert low * (1 - 1e-9) <= expected <= high * (1 + 1e-9)


def test_one_price_needs_no_spread() -> None:
    """All purchases cost 9.50: every customer is expected to spend it."""
    x, z = np.array([1.0, 2.0, 3.0]), np.full(3, 9.5)
    assert fit(x, z).problem == "the purchases of a customer do not differ in amount"
    found = fit_credibility(x, z, 9.5)
    assert expected_value(found.parameters, np.array([0.0, 4.0]), np.array([0.0, 9.5])) == pytest.approx([9.5, 9.5])


def test_a_constant_basket_of_each_customer_is_expected_again() -> None:
    """Customers differ, their purchases do not: the own mean counts fully, whatever the number of purchases."""
    x = np.array([1.0, 1.0, 2.0, 2.0, 4.0, 4.0])
    z = np.array([10.0, 30.0, 10.0, 30.0, 10.0, 30.0])
    found = fit_credibility(x, z, 20.0)
    expected = expected_value(found.parameters, np.array([0.0, 1.0, 5.0]), np.array([0.0, 10.0, 30.0]))
    assert expected == pytest.approx([20.0, 10.0, 30.0], rel=1e-5)


def test_credibility_is_the_share_of_variance_between_customers() -> None:
    """Means vary with variance 16, purchases around them with 64: k = 4, so four purchases count as much as all."""
    rng = np.random.default_rng(5)
    x = rng.integers(1, 9, 200_000).astype(float)
    z = 50 + rng.normal(0, 4, len(x)) + rng.normal(0, 8, len(x)) / np.sqrt(x)
    found = fit_credibility(x, z, 50.0)
    assert expected_value(found.parameters, np.array([4.0]), np.array([60.0])) == pytest.approx([55.0], rel=0.005)


def test_without_repeat_buyers_every_purchase_is_expected_at_the_mean() -> None:
    found = fit_credibility(np.empty(0), np.empty(0), 12.0)
    assert expected_value(found.parameters, np.array([0.0]), np.array([0.0])) == pytest.approx([12.0])
