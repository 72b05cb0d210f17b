"""Order value of customers: the Gamma-Gamma model.

The order values of a customer vary around the customer's mean with shape p; the means vary over customers with q and v
(in money). The model is fitted on repeat buyers: x repeat orders with mean value z. It assumes that order value and
order frequency are independent, so every fit states their correlation.

Where the amounts have too little spread for the model, ``fit_credibility`` shrinks the customer's mean towards the mean
of all linearly: (k m + x z) / (k + x), where k is the variance of a customer's purchases divided by that of the means.
Gamma-Gamma is such a mean with k = (q - 1) / p, so its parameters state both.

All functions take and return arrays of shape (n,).

Sources: Fader and Hardie (2013), The Gamma-Gamma model of monetary value, note 025 at brucehardie.com; Buhlmann and
Straub (1970), Glaubwurdigkeit fur Schadensatze, Mitteilungen der Vereinigung Schweizerischer
Versicherungsmathematiker 70:111-133.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, gammaln

from orchestration.science.maximum_likelihood import LogLikelihood, Maximum, Pooling, maximise

Floats = npt.NDArray[np.float64]

NAMES = ("p", "q", "v")
# The contrasts of the logs that vary over segments: p, the level v / q, and the spread v q.
ROTATION = np.array([[1.0, 0.0, 0.0], [0.0, -(0.5**0.5), 0.5**0.5], [0.0, 0.5**0.5, 0.5**0.5]])
_LEAST_CREDIBILITY, _MOST_CREDIBILITY = 1e-6, 1e6


ONE_AMOUNT = "the purchases of a customer do not differ in amount"
LEAST_SPREAD = 1e-9
"""Mean amounts whose logs differ by less are the same: sums of equal prices differ by rounding."""


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


def fit(
    x: Floats,
    z: Floats,
    weights: Floats | None = None,
    *,
    pooling: Pooling | None = None,
    unit: float | None = None,
) -> Fit:
    """Fit by maximum likelihood, with analytic gradients.

    Args:
        x: repeat orders, at least one.
        z: their mean value in money, positive.
        weights: customers per row; 1 by default.
        pooling: the prior of a segment's parameters, for a penalised fit; the log likelihood is without the penalty.
        unit: money per unit of ``pooling``.

    Raises:
        ValueError: no customer is given, or one is invalid; the message has the first invalid one.
    """
    x, z, weights = _sorted(x, z, weights)
    # In units of the geometric mean, so that the limits of the parameters do not depend on the currency.
    unit = unit or geometric_mean(z, weights)
    likelihood = log_likelihood(x, z / unit, weights)
    if pooling is None:
        found = maximise(likelihood, NAMES, ([3.0, 3.0, 1.0], [1.0, 10.0, 10.0], [20.0, 3.0, 0.1]))
    else:
        found = maximise(pooling.penalised(likelihood), NAMES, [np.exp(pooling.centre).tolist()])
    p, q, v = (float(value) for value in found.values)
    # Under the prior a limit is not a missing maximum: the segment is only as far from the others as it can be.
    problem = _in_plain_words(found) if pooling is None or not found.at_limit else None
    if pooling is None and np.ptp(np.log(z)) < LEAST_SPREAD:
        # where the search stops on this ridge depends on the rounding of the machine
        problem = ONE_AMOUNT
    if problem is None and q <= 1:
        problem = "a few customers spend so much more than the others that no mean amount can be estimated"
    errors = found.errors * [1.0, 1.0, unit] if problem is None and found.errors is not None else np.empty(0)
    return Fit(
        parameters=Parameters(p, q, v * unit),
        log_likelihood=float(likelihood(np.log(found.values))[0] - weights.sum() * np.log(unit)),
        standard_errors=dict(zip(NAMES, errors.tolist(), strict=False)),
        customer_count=float(weights.sum()),
        correlation=_correlation(x, z, weights),
        is_degenerate=problem is not None,
        problem=problem,
    )


def fit_credibility(x: Floats, z: Floats, mean: float, weights: Floats | None = None) -> Fit:
    """Fit the linear mean, by moments: the squared distance of z from the mean is B + W / x, by weighted least squares.

    Args:
        x: repeat orders, at least one; may be empty.
        z: their mean value in money.
        mean: value of a purchase over all customers, in money, positive.
        weights: customers per row; 1 by default.
    """
    x, z = np.asarray(x, dtype=np.float64), np.asarray(z, dtype=np.float64)
    weights = np.ones_like(x) if weights is None else np.asarray(weights, dtype=np.float64)
    k = _MOST_CREDIBILITY
    if len(x) and weights.sum() >= 3:
        share = weights / weights.sum()
        inverse, squares = 1 / x, ((z - mean) / mean) ** 2
        spread = (share * (inverse - (share * inverse).sum()) ** 2).sum()
        both = (share * inverse * squares).sum() - (share * inverse).sum() * (share * squares).sum()
        within = max(both / spread, 0.0) if spread > 1e-12 else 0.0
        between = (share * squares).sum() - within * (share * inverse).sum()
        if between > 1e-12:
            k = float(np.clip(within / between, _LEAST_CREDIBILITY, _MOST_CREDIBILITY))
    return Fit(
        parameters=Parameters(1.0, 1 + k, k * mean),
        log_likelihood=float("nan"),
        standard_errors={},
        customer_count=float(weights.sum()),
        correlation=_correlation(x, z, weights) if len(x) else None,
        is_degenerate=False,
        problem=None,
    )


def geometric_mean(z: Floats, weights: Floats) -> float:
    """The geometric mean of the amounts, in money."""
    return float(np.exp((weights * np.log(z)).sum() / weights.sum()))


def likelihood_of(x: Floats, z: Floats, weights: Floats, unit: float) -> LogLikelihood:
    """The log likelihood of the logs of (p, q, v / unit), with its gradient."""
    x, z, weights = _sorted(x, z, weights)
    return log_likelihood(x, z / unit, weights)


def _sorted(x: Floats, z: Floats, weights: Floats | None) -> tuple[Floats, Floats, Floats]:
    x, z = np.asarray(x, dtype=np.float64), np.asarray(z, dtype=np.float64)
    weights = np.ones_like(x) if weights is None else np.asarray(weights, dtype=np.float64)
    if not x.shape == z.shape == weights.shape or x.ndim != 1 or not len(x):
        raise ValueError(f"x, z and weights must be equally long and not empty, not {x.shape}, {z.shape}")
    possible = (x >= 1) & (z > 0) & np.isfinite(z) & (weights > 0)
    if not possible.all():
        first = int(np.argmin(possible))
        raise ValueError(f"customer {first} is invalid: x = {x[first]}, z = {z[first]}, weight {weights[first]}")
    order = np.lexsort((weights, z, x))
    return x[order], z[order], weights[order]


def _in_plain_words(found: Maximum) -> str | None:
    """What was found in the data, where a parameter has no maximum."""
    if found.problem is None or not found.at_limit:
        return found.problem
    if found.at_limit.get("p") == 1:
        return ONE_AMOUNT
    if found.at_limit.get("q") == 1 or found.at_limit.get("v") == 1:
        return "customers do not differ in the mean amount of a purchase"
    return "too few customers buy again to tell how amounts differ"


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
