"""Lifetime of contractual customers: the shifted-beta-geometric model.

At every renewal a customer churns with a constant probability that varies over customers as Beta(a, b). Customers with
a high probability churn early, so the retention rate of a cohort rises with tenure. Tenure counts periods of the
contract (months, years); the first renewal decision is at the end of period 1.

A customer who is first observed after n renewals (left truncation, delayed entry) is known only because these n
decisions went well. The likelihood is conditional on them: it contains the later decisions only. Because the likelihood
is a product over decisions, delayed entry changes the customers at risk and nothing else.

Sources: Fader and Hardie (2007), How to project customer retention, Journal of Interactive Marketing 21:76-90; Fader
and Hardie (2010), Customer-base valuation in a contractual setting, Marketing Science 29:85-93.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betaln

from orchestration.science.maximum_likelihood import LogLikelihood, maximise
from orchestration.science.quadrature import beta_nodes

Floats = npt.NDArray[np.float64]

NAMES = ("a", "b")
# Means up to a horizon of twice as many periods are exact.
_NODES = 128
# Equal customers are the limit of the model: large a and b, in the ratio of churn to retention.
_ALIKE, _NEVER = 1e8, 1e-6


@dataclass(frozen=True)
class Parameters:
    """Shapes of the customers' churn probability."""

    a: float
    b: float


@dataclass(frozen=True)
class Fit:
    """Maximum likelihood estimate for the renewal decisions of a set of customers.

    Attributes:
        parameters: of the model; as a fallback, of a constant retention rate, the share of all decisions to renew.
        log_likelihood: of all decisions, at these parameters.
        standard_errors: by parameter, from the observed information; empty for a constant rate.
        decision_count: number of renewal decisions.
        is_fallback: whether the retention rate is constant.
        problem: the reason for the fallback, or None.
    """

    parameters: Parameters
    log_likelihood: float
    standard_errors: dict[str, float]
    decision_count: float
    is_fallback: bool
    problem: str | None


def fit(churned: Floats, at_risk: Floats) -> Fit:
    """Fit by maximum likelihood, with analytic gradients.

    Each renewal decision counts by its tenure only, whether the contract is open or has ended. Cohorts of any age are
    therefore summed by tenure and are not cut to the length of the youngest.

    Args:
        churned: customers who churned at the end of period 1, 2, ..., shape (periods,).
        at_risk: customers with a decision then, shape (periods,); may be zero.

    Raises:
        ValueError: no customer is at risk, or more churned than were at risk; the message has the first such period.
    """
    churned, at_risk = np.asarray(churned, dtype=np.float64), np.asarray(at_risk, dtype=np.float64)
    if churned.shape != at_risk.shape or churned.ndim != 1 or not at_risk.sum() > 0:
        raise ValueError(f"churned and at_risk must be equally long, with a customer at risk, not {churned.shape}")
    possible = (churned >= 0) & (churned <= at_risk)
    if not possible.all():
        first = int(np.argmin(possible))
        raise ValueError(f"period {first + 1} is invalid: {churned[first]} of {at_risk[first]} customers churned")
    problem = None
    if churned.sum() in {0.0, at_risk.sum()}:
        problem = "no contract churned" if churned.sum() == 0 else "every contract churned"
    elif (at_risk > 0).sum() < 2:
        problem = "one period does not identify a change of retention"
    else:
        found = maximise(log_likelihood(churned, at_risk), NAMES, ([1.0, 3.0], [0.5, 0.5], [10.0, 30.0]))
        problem = found.problem
        if problem is None and found.errors is not None:
            return Fit(
                parameters=Parameters(float(found.values[0]), float(found.values[1])),
                log_likelihood=found.log_likelihood,
                standard_errors=dict(zip(NAMES, found.errors.tolist(), strict=True)),
                decision_count=float(at_risk.sum()),
                is_fallback=False,
                problem=None,
            )
    # the maximum likelihood estimate of a rate that is the same in every period
    parameters = constant(float(1 - churned.sum() / at_risk.sum()))
    return Fit(
        parameters=parameters,
        log_likelihood=log_likelihood(churned, at_risk)(np.log([parameters.a, parameters.b]))[0],
        standard_errors={},
        decision_count=float(at_risk.sum()),
        is_fallback=True,
        problem=problem,
    )


def count_decisions(
    renewals: npt.NDArray[np.int64],
    has_churned: npt.NDArray[np.bool_],
    unobserved: npt.NDArray[np.int64],
    customers: Floats,
) -> tuple[Floats, Floats]:
    """Churned customers and customers at risk at the end of period 1, 2, ...: two arrays of shape (periods,).

    A customer with n renewals has n decisions to renew, and one more, not to renew, if churned. The first
    ``unobserved`` of these decisions were before the customer was observed and do not count.

    Args:
        renewals: renewals so far, shape (n,).
        has_churned: whether the customer did not renew the last period, shape (n,).
        unobserved: decisions before the entry into observation, shape (n,); 0 without left truncation.
        customers: customers with this history, shape (n,).
    """
    decided = renewals + has_churned
    is_observed = decided > unobserved
    size = int(decided.max(initial=0)) + 1

    def by_period(periods: npt.NDArray[np.int64], weights: Floats) -> Floats:
        return np.bincount(periods[is_observed], weights[is_observed], minlength=size).astype(np.float64)

    left = by_period(decided, customers)
    at_risk = np.cumsum(by_period(unobserved + 1, customers)) - np.cumsum(left) + left
    return by_period(decided, customers * has_churned)[1:], at_risk[1:]


def log_likelihood(churned: Floats, at_risk: Floats) -> LogLikelihood:
    """The log likelihood of the logs of (a, b), with its gradient."""
    before = np.arange(len(at_risk), dtype=np.float64)
    stayed = at_risk - churned

    def at(logs: Floats) -> tuple[float, Floats]:
        a, b = (float(value) for value in np.exp(logs))
        either = a + b + before
        value = churned.sum() * logs[0] + stayed @ np.log(b + before) - at_risk @ np.log(either)
        d_a = churned.sum() / a - (at_risk / either).sum()
        d_b = (stayed / (b + before)).sum() - (at_risk / either).sum()
        return float(value), np.array([d_a * a, d_b * b])

    return at


def constant(retention_rate: float) -> Parameters:
    """The parameters of a constant retention rate."""
    if not 0 <= retention_rate <= 1:
        raise ValueError(f"the retention rate must be between 0 and 1, not {retention_rate}")
    return Parameters(max((1 - retention_rate) * _ALIKE, _NEVER), max(retention_rate * _ALIKE, _NEVER))


def survival(parameters: Parameters, t: Floats) -> Floats:
    """The share of a new cohort that remains after ``t`` renewal decisions, S(t)."""
    a, b = parameters.a, parameters.b
    share: Floats = np.exp(betaln(a, b + np.asarray(t, dtype=np.float64)) - betaln(a, b))
    return share


def retention_rate(parameters: Parameters, t: Floats) -> Floats:
    """The share of the remaining customers who renew at the end of period ``t`` (1, 2, ...), r_t."""
    earlier = np.asarray(t, dtype=np.float64) - 1
    rate: Floats = (parameters.b + earlier) / (parameters.a + parameters.b + earlier)
    return rate


def loss_probability(parameters: Parameters, renewals: Floats, ahead: int) -> Floats:
    """The probability that a customer with ``renewals`` so far churns at one of the next ``ahead`` decisions.

    1 - S(n + m) / S(n) for n renewals and m decisions.
    """
    a, b = parameters.a, parameters.b + np.asarray(renewals, dtype=np.float64)
    lost: Floats = -np.expm1(betaln(a, b + ahead) - betaln(a, b))
    return lost


def expected_lifetime_discounted(parameters: Parameters, rate: float, periods: int | None = None) -> float:
    """DEL: the discounted expected paid periods of a new customer; the first one is paid now.

    Args:
        rate: discount rate of one period.
        periods: number of periods; unlimited by default.
    """
    _check_discount(rate, periods)
    p, shares = beta_nodes(parameters.a, parameters.b, _NODES)
    return float(shares @ _paid(p, rate, periods))


def expected_residual_lifetime(
    parameters: Parameters, renewals: Floats, rate: float, periods: int | None = None
) -> Floats:
    """DERL: the discounted expected paid periods just before a renewal decision that is due now.

    Args:
        renewals: renewals so far, an integer of at least 0, shape (n,).
        rate: discount rate of one period.
        periods: number of periods; unlimited by default.
    """
    _check_discount(rate, periods)
    renewals = np.atleast_1d(np.asarray(renewals, dtype=np.float64))
    lifetime = np.empty(renewals.shape)
    for survived in np.unique(renewals):
        p, shares = beta_nodes(parameters.a, parameters.b + float(survived), _NODES)
        lifetime[renewals == survived] = shares @ ((1 - p) * _paid(p, rate, periods))
    return lifetime


def _check_discount(rate: float, periods: int | None) -> None:
    if rate < 0 or (rate == 0 and periods is None):
        raise ValueError(f"an unlimited lifetime has no present value at a rate of {rate}: set the periods")


def _paid(p: Floats, rate: float, periods: int | None) -> Floats:
    """The discounted expected paid periods at churn probability p; the first one is paid now."""
    forever = (1 + rate) / (rate + p)
    if periods is None:
        return forever
    paid: Floats = -np.expm1(periods * (np.log1p(-p) - np.log1p(rate))) * forever
    return paid
