"""Order value of customers: the Gamma-Gamma model.

The order values of a customer vary around the customer's mean with shape p; the means vary over customers with q and v
(in money). The model is fitted on repeat buyers: x repeat orders with mean value z. It assumes that order value and
order frequency are independent, so every fit states their correlation.

All functions take and return arrays of shape (n,).

Source: Fader and Hardie (2013), The Gamma-Gamma model of monetary value, note 025 at brucehardie.com.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, gammaln

from orchestration.science.maximum_likelihood import LogLikelihood, maximise

Floats = npt.NDArray[np.float64]

NAMES = ("p", "q", "v")


@dataclass(frozen=True)
class Parameters:
    """Shape of a customer's order values, shape and scale (in money) of the customers' means."""

    p: float
    q: float
    v: float


@dataclass(frozen=True)
class Fit:
    """Maximum likelihood estimate for a set of customers.

    Attributes:
        parameters: finite and positive, even if degenerate.
        log_likelihood: of all customers.
        standard_errors: by parameter, from the observed information; empty if degenerate.
        customer_count: the sum of the weights.
        correlation: of x and z over customers, near 0 if the model's assumption holds; None if one of them is constant.
        is_degenerate: whether the parameters are unusable.
        problem: the reason, None if usable.
    """

    parameters: Parameters
    log_likelihood: float
    standard_errors: dict[str, float]
    customer_count: float
    correlation: float | None
    is_degenerate: bool
    problem: str | None


def fit(x: Floats, z: Floats, weights: Floats | None = None) -> Fit:
    """Fit by maximum likelihood, with analytic gradients.

    Args:
        x: repeat orders, at least one.
        z: their mean value in money, positive.
        weights: customers per row; 1 by default.

    Raises:
        ValueError: no customer is given, or one is invalid; the message has the first invalid one.
    """
    x, z = np.asarray(x, dtype=np.float64), np.asarray(z, dtype=np.float64)
    weights = np.ones_like(x) if weights is None else np.asarray(weights, dtype=np.float64)
    if not x.shape == z.shape == weights.shape or x.ndim != 1 or not len(x):
        raise ValueError(f"x, z and weights must be equally long and not empty, not {x.shape}, {z.shape}")
    possible = (x >= 1) & (z > 0) & np.isfinite(z) & (weights > 0)
    if not possible.all():
        first = int(np.argmin(possible))
        raise ValueError(f"customer {first} is invalid: x = {x[first]}, z = {z[first]}, weight {weights[first]}")
    order = np.lexsort((weights, z, x))
    x, z, weights = x[order], z[order], weights[order]
    # In units of the geometric mean, so that the limits of the parameters do not depend on the currency.
    unit = float(np.exp((weights * np.log(z)).sum() / weights.sum()))
    starts = ([3.0, 3.0, 1.0], [1.0, 10.0, 10.0], [20.0, 3.0, 0.1])
    found = maximise(log_likelihood(x, z / unit, weights), NAMES, starts)
    p, q, v = (float(value) for value in found.values)
    problem = found.problem
    if problem is None and q <= 1:
        problem = f"q = {q:.4g} is not above 1: the mean order value of the population does not exist"
    errors = found.errors * [1.0, 1.0, unit] if problem is None and found.errors is not None else np.empty(0)
    return Fit(
        parameters=Parameters(p, q, v * unit),
        log_likelihood=float(found.log_likelihood - weights.sum() * np.log(unit)),
        standard_errors=dict(zip(NAMES, errors.tolist(), strict=False)),
        customer_count=float(weights.sum()),
        correlation=_correlation(x, z, weights),
        is_degenerate=problem is not None,
        problem=problem,
    )


def log_likelihood(x: Floats, z: Floats, weights: Floats) -> LogLikelihood:
    """The log likelihood of the logs of (p, q, v), with its gradient."""
    counts, group = np.unique(x, return_inverse=True)
    customers = np.bincount(group, weights)
    total = weights.sum()
    log_z, log_spent = np.log(z), np.log(x * z)

    def at(logs: Floats) -> tuple[float, Floats]:
        p, q, v = (float(value) for value in np.exp(logs))
        log_both = np.log(v + x * z)
        of_x = gammaln(p * counts + q) - gammaln(p * counts)
        value = (customers * of_x).sum() + total * (q * logs[2] - gammaln(q))
        value += (weights * (p * x * log_spent - log_z - (p * x + q) * log_both)).sum()
        d_p = (customers * counts * (digamma(p * counts + q) - digamma(p * counts))).sum()
        d_p += (weights * x * (log_spent - log_both)).sum()
        d_q = (customers * digamma(p * counts + q)).sum() + total * (logs[2] - digamma(q)) - (weights * log_both).sum()
        d_v = total * q / v - (weights * (p * x + q) / (v + x * z)).sum()
        return float(value), np.array([d_p * p, d_q * q, d_v * v])

    return at


def expected_value(parameters: Parameters, x: Floats, z: Floats) -> Floats:
    """The expected value of an order in money: the customer's mean, shrunk towards the population's.

    Args:
        x: repeat orders; for 0 the population's mean is returned and z is ignored.
        z: their mean value in money.

    Raises:
        ValueError: q is not above 1, where no mean exists.
    """
    _require_mean(parameters)
    x = np.asarray(x, dtype=np.float64)
    spent = np.where(x > 0, x * np.nan_to_num(np.asarray(z, dtype=np.float64)), 0.0)
    p, q, v = parameters.p, parameters.q, parameters.v
    # With x = 0 the published formula gives p v / (q - 1), the population's mean, by itself.
    value: Floats = p * (v + spent) / (p * x + q - 1)
    return value


def population_mean(parameters: Parameters) -> float:
    """The mean value of an order over all customers, in money.

    Raises:
        ValueError: q is not above 1, where no mean exists.
    """
    _require_mean(parameters)
    return parameters.p * parameters.v / (parameters.q - 1)


def _require_mean(parameters: Parameters) -> None:
    if parameters.q <= 1:
        raise ValueError(f"q = {parameters.q} is not above 1: the mean order value of the population does not exist")


def _correlation(x: Floats, z: Floats, weights: Floats) -> float | None:
    """Pearson's, over customers."""
    if np.ptp(x) == 0 or np.ptp(z) == 0:
        return None
    covariance = np.cov(x, z, aweights=weights)
    return float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))
