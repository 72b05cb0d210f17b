"""The shifted-beta-geometric model: the published cohorts, and the fallback without a fit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.science.shifted_beta_geometric import (
    NAMES,
    Fit,
    Parameters,
    constant,
    count_decisions,
    expected_lifetime_discounted,
    expected_residual_lifetime,
    fit,
    log_likelihood,
    loss_probability,
    retention_rate,
    survival,
)

# Percent of the cohort that remains after 0 to 12 years; the first eight were fitted.
HIGH_END = [100, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1, 46.8, 44.5, 42.7, 40.9, 39.4]
REGULAR = [100, 63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1, 22.3, 20.7, 19.4, 18.3, 17.3]
YEARS = 8
parameter_sets = st.builds(Parameters, st.floats(0.001, 10_000), st.floats(0.001, 10_000))
Decisions = tuple[np.ndarray[tuple[int], np.dtype[np.float64]], np.ndarray[tuple[int], np.dtype[np.float64]]]


def decisions(percent: list[float]) -> Decisions:
    """Of a thousand customers: churned and at risk at the end of each year."""
    there = np.array(percent) * 10
    return there[:-1] - there[1:], there[:-1]


@pytest.mark.parametrize(
    ("percent", "a", "b", "log_likelihood", "projected"),
    [
        (HIGH_END, 0.668, 3.806, -1.611158, [0.460, 0.436, 0.414, 0.395, 0.378]),
        (REGULAR, 0.704, 1.182, -1.680265, [0.220, 0.204, 0.191, 0.180, 0.170]),
    ],
)
def test_the_published_cohorts(
    percent: list[float], a: float, b: float, log_likelihood: float, projected: list[float]
) -> None:
    found = fit(*decisions(percent[:YEARS]))
    assert (found.parameters.a, found.parameters.b) == pytest.approx((a, b), abs=5e-4)
    assert found.log_likelihood / 1_000 == pytest.approx(log_likelihood, abs=5e-7)
    assert survival(found.parameters, np.arange(8.0, 13.0)) == pytest.approx(projected, abs=5e-4)
    # the paper shows that the projection is within 3 percent of the cohort
    assert survival(found.parameters, np.arange(8.0, 13.0)) == pytest.approx(np.array(percent[YEARS:]) / 100, abs=0.03)
    assert (found.is_fallback, found.problem) == (False, None)


def test_the_published_likelihood_at_one() -> None:
    value, _ = log_likelihood(*decisions(HIGH_END[:YEARS]))(np.zeros(2))
    assert value / 1_000 == pytest.approx(-2.115546, abs=5e-7)


@pytest.mark.parametrize("at", [(0.0, 0.0), (-2.0, 1.0), (3.0, 2.0)])
def test_the_gradient_is_the_slope_of_the_likelihood(at: tuple[float, float]) -> None:
    of = log_likelihood(*decisions(REGULAR))
    slope = [(of(at + step)[0] - of(at - step)[0]) / 2e-5 for step in np.eye(2) * 1e-5]
    assert of(np.array(at))[1] == pytest.approx(slope, rel=1e-6)


def test_a_fit_recovers_the_parameters_from_cohorts_of_any_age() -> None:
    """Forty monthly cohorts; the youngest has one renewal decision."""
    truth = Parameters(0.9, 4.0)
    rng = np.random.default_rng(8)
    churned, at_risk = np.zeros(40), np.zeros(40)
    for age in range(1, 41):
        left_after = rng.geometric(rng.beta(truth.a, truth.b, 500))
        for period in range(age):
            at_risk[period] += (left_after > period).sum()
            churned[period] += (left_after == period + 1).sum()
    found = fit(churned, at_risk)
    off = {
        name: (getattr(found.parameters, name) - getattr(truth, name)) / found.standard_errors[name] for name in NAMES
    }
    assert max(map(abs, off.values())) < 3, off
    assert found.decision_count == at_risk.sum()


@pytest.mark.parametrize(
    ("churned", "at_risk", "rate", "problem"),
    [
        ([10, 9, 8.1], [100, 90, 81], 0.9, "limits of the parameters"),
        ([5, 10, 20], [100, 95, 85], 1 - 35 / 280, "limits of the parameters"),
        # the last tenure has two contracts, of which one is lost; all decisions together are 230 of 252 renewed
        ([8, 13, 1], [150, 100, 2], 230 / 252, "limits of the parameters"),
        ([0, 0, 0], [100, 100, 40], 1.0, "no contract churned"),
        ([100], [100], 0.0, "every contract churned"),
        ([30, 0], [100, 0], 0.7, "one period"),
        ([0, 1], [1, 1], 0.5, "limits of the parameters"),
    ],
)
def test_without_a_maximum_the_rate_is_that_of_all_decisions(
    churned: list[float], at_risk: list[float], rate: float, problem: str
) -> None:
    found = fit(np.array(churned, dtype=float), np.array(at_risk, dtype=float))
    assert found.is_fallback
    assert problem in str(found.problem)
    assert found.standard_errors == {}
    assert np.isfinite(found.log_likelihood)
    assert retention_rate(found.parameters, np.arange(1.0, 25.0)) == pytest.approx(np.full(24, rate), abs=1e-6)
    assert survival(found.parameters, np.arange(25.0)) == pytest.approx(rate ** np.arange(25), abs=2e-6)
    forever = rate / (1 - rate / 1.1)
    assert expected_residual_lifetime(found.parameters, np.array([0.0, 7.0]), 0.1) == pytest.approx(
        [forever] * 2, abs=1e-5
    )


def left_truncated(truth: Parameters, seed: int) -> tuple[Fit, Fit, Fit]:
    """Contracts of six years of months, of which the last two are observed: three fits.

    Returns:
        Of the renewals since the start of the observation; of all renewals of the contracts that were still running
        then; of all contracts of the six years.
    """
    rng = np.random.default_rng(seed)
    started = rng.integers(0, 72, 20_000)  # month of the contract's first period; observed from month 48 to 72
    lifetime = rng.geometric(rng.beta(truth.a, truth.b, len(started)))
    due = 71 - started  # decisions until month 71
    has_churned = lifetime <= due
    renewals = np.where(has_churned, lifetime - 1, due)
    unobserved = np.maximum(47 - started, 0)
    is_known = renewals + has_churned > unobserved
    is_known |= started >= 48
    customers, none = np.ones(len(started)), np.zeros(len(started), dtype=np.int64)
    return (
        fit(*count_decisions(renewals, has_churned, unobserved, customers)),
        fit(*count_decisions(renewals[is_known], has_churned[is_known], none[is_known], customers[is_known])),
        fit(*count_decisions(renewals, has_churned, none, customers)),
    )


def off(found: Fit, truth: Parameters) -> float:
    """The largest distance of a parameter from the truth, in standard errors."""
    errors = found.standard_errors
    return max(
        abs(found.parameters.a - truth.a) / errors["a"],
        abs(found.parameters.b - truth.b) / errors["b"],
    )


@pytest.mark.parametrize("truth", [Parameters(0.9, 7.0), Parameters(0.7, 10.0), Parameters(0.668, 3.806)])
def test_contracts_older_than_the_history_leave_the_parameters_unbiased(truth: Parameters) -> None:
    """Conditioned on the tenure at entry; the survivors' earlier renewals alone would suggest less churn."""
    for seed in range(5):
        delayed, survivors, complete = left_truncated(truth, seed)
        assert off(delayed, truth) < 3
        assert off(complete, truth) < 3
        assert off(survivors, truth) > 3
        # fewer decisions are observed, so the estimate is less certain
        assert all(delayed.standard_errors[name] > complete.standard_errors[name] for name in NAMES)


@pytest.mark.parametrize(("churned", "at_risk"), [([5], [4]), ([-1], [4])])
def test_an_invalid_period_is_named_in_the_error(churned: list[float], at_risk: list[float]) -> None:
    with pytest.raises(ValueError, match="period 2 is invalid"):
        fit(np.array([1.0, *churned]), np.array([9.0, *at_risk]))


def test_no_customer_at_risk_raises() -> None:
    with pytest.raises(ValueError, match="a customer at risk"):
        fit(np.zeros(3), np.zeros(3))


@given(parameter_sets)
@settings(deadline=None)
def test_survival_falls_and_retention_rises(parameters: Parameters) -> None:
    there, rates = survival(parameters, np.arange(60.0)), retention_rate(parameters, np.arange(1.0, 60.0))
    assert there[0] == 1
    assert (np.diff(there) <= 1e-12).all()
    assert (np.diff(rates) >= 0).all()
    assert ((there >= 0) & (there <= 1)).all()
    assert ((rates >= 0) & (rates <= 1)).all()
    # survival is the product of retention rates
    survives = np.prod(retention_rate(parameters, np.arange(6.0, 18.0)))
    assert loss_probability(parameters, np.array([5.0]), 12)[0] == pytest.approx(1 - survives, rel=1e-6, abs=1e-9)
    assert loss_probability(parameters, np.array([5.0]), 0)[0] == 0
    assert there[1:] == pytest.approx(np.cumprod(rates), rel=1e-8, abs=1e-12)


@given(parameter_sets, st.floats(0.0, 0.5), st.integers(1, 120))
@settings(deadline=None, max_examples=40)
def test_lifetimes_are_sums_of_discounted_survival(parameters: Parameters, rate: float, periods: int) -> None:
    factors = (1 + rate) ** -np.arange(periods, dtype=float)
    there = survival(parameters, np.arange(periods + 1.0))
    assert expected_lifetime_discounted(parameters, rate, periods) == pytest.approx(there[:-1] @ factors, rel=1e-6)
    residual = expected_residual_lifetime(parameters, np.array([0.0, 3.0]), rate, periods)
    assert residual[0] == pytest.approx(there[1:] @ factors, rel=1e-6)
    survivors = Parameters(parameters.a, parameters.b + 3)  # after three renewals
    assert residual[1] == pytest.approx(survival(survivors, np.arange(1.0, periods + 1.0)) @ factors, rel=1e-6)


@pytest.mark.parametrize("rate", [0.01, 0.1])
def test_without_a_horizon_all_periods_count(rate: float) -> None:
    parameters = Parameters(0.668, 3.806)
    years = np.arange(5_000.0)
    expected = survival(parameters, years) @ (1 + rate) ** -years
    assert expected_lifetime_discounted(parameters, rate) == pytest.approx(expected, rel=1e-9)
    # the decision is due now: one period less, discounted one period less
    assert expected_residual_lifetime(parameters, np.zeros(1), rate)[0] == pytest.approx((expected - 1) * (1 + rate))


def test_an_unlimited_lifetime_without_discount_raises() -> None:
    with pytest.raises(ValueError, match="set the periods"):
        expected_lifetime_discounted(Parameters(1, 1), 0.0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        constant(1.1)
