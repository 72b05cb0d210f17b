"""Purchase frequency and churn of non-contractual customers: BG/NBD and MBG/NBD, and two simpler models.

While alive, a customer buys as a Poisson process; the rate varies over customers as Gamma(r, alpha). After a purchase
the customer drops out with a probability that varies as Beta(a, b). Under BG/NBD no customer drops out at the first
purchase, under MBG/NBD they may: a customer with x repeat purchases survived x dropout chances, or x + 1.

A history is the sufficient statistic of a customer. Customers with equal histories are one row with a weight:

- x: repeat purchase days, a whole number;
- t_x: weeks from the first to the last purchase, 0 where x = 0;
- T: weeks from the first purchase to the cut-off.

Where the data show no dropout, NBD is the limit a = 0 of both. Where they do not show how customers differ, ``mean``
gives every customer the mean rate: Gamma(r, alpha) is then the posterior of that one rate, r = repeat purchases + 1/2
and alpha = weeks of all customers (Jeffreys), and the customer's own history is ignored.

Weeks may be seasonal weeks (``season``).

All functions take and return arrays of shape (n,) or scalars that broadcast to it. Times are in weeks.

Sources: Fader, Hardie and Lee (2005), "Counting your customers" the easy way, Marketing Science 24:275-284; Batislam,
Denizel and Filiztekin (2007), Empirical validation and comparison of models for customer base analysis, International
Journal of Research in Marketing 24:201-209; Schmittlein, Bemmaor and Morrison (1985), Why does the NBD model work?,
Marketing Science 4:255-266. Argument names follow the papers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from scipy.stats import gamma

from orchestration.science.maximum_likelihood import Pooling, maximise
from orchestration.science.purchase_likelihoods import (
    Floats,
    Model,
    chances,
    checked,
    in_plain_words,
    likelihood_of,
    log_odds_of_dropout,
    sorted_histories,
)
from orchestration.science.quadrature import beta_nodes

WEEKS_PER_YEAR = 365.25 / 7
NAMES = ("r", "alpha", "a", "b")
RATE_NAMES = NAMES[:2]
# The contrasts of the logs that vary over segments: mean rate and shape, odds and certainty of dropout.
_PAIR = np.array([[1.0, -1.0], [1.0, 1.0]]) / np.sqrt(2)
ROTATIONS = {2: _PAIR, 4: np.kron(np.eye(2), _PAIR)}
_Z = 1.959963984540054


@dataclass(frozen=True)
class Parameters:
    """The model, shape and scale (in weeks) of the purchase rates, and shapes of the dropout probability.

    Without dropout a and b are NaN.
    """

    variant: Model
    r: float
    alpha: float
    a: float
    b: float


@dataclass(frozen=True)
class Fit:
    """Maximum likelihood estimate for a set of histories.

    Attributes:
        parameters: finite and positive, even if degenerate.
        log_likelihood: of all customers.
        standard_errors: by parameter, from the observed information; empty if degenerate.
        customer_count: the sum of the weights.
        history_count: number of distinct histories.
        is_degenerate: whether the parameters are unusable.
        problem: what the data lack, None if usable.
        covariance: of the logs of the parameters, shape (k, k); None if degenerate, and for ``mean``.
    """

    parameters: Parameters
    log_likelihood: float
    standard_errors: dict[str, float]
    customer_count: float
    history_count: int
    is_degenerate: bool
    problem: str | None
    covariance: Floats | None = field(default=None, compare=False)


def fit(
    variant: Model, x: Floats, t_x: Floats, T: Floats, weights: Floats | None = None, *, pooling: Pooling | None = None
) -> Fit:
    """Fit by maximum likelihood, with analytic gradients.

    Args:
        weights: customers per history; 1 by default.
        pooling: the prior of a segment's parameters, for a penalised fit; the log likelihood is without the penalty.

    Raises:
        ValueError: no history is given, or one is invalid; the message has the first invalid one.
    """
    x, t_x, T, weights = sorted_histories(x, t_x, T, weights)
    bought, weeks = max(float((weights * x).sum()), 0.5), max(float((weights * T).sum()), 0.5)
    if variant == "mean":
        return _fit_mean(x, T, weights)
    names = NAMES if variant != "nbd" else RATE_NAMES
    likelihood = likelihood_of(variant, x, t_x, T, weights)
    # Rates near the mean rate; at the second start half of the customers drop out early.
    rate = bought / weeks
    starts = ([0.5, 0.5 / rate, 1.0, 3.0], [2.0, 2.0 / rate, 0.5, 0.5], [0.2, 0.2 / rate, 5.0, 20.0])
    if pooling is None:
        found = maximise(likelihood, names, [start[: len(names)] for start in starts])
        problem = in_plain_words(found) if (x > 0).any() else "no customer has a repeat purchase"
    else:
        found = maximise(pooling.penalised(likelihood), names, [np.exp(pooling.centre).tolist()])
        # Under the prior a limit is not a missing maximum: the segment is only as far from the others as it can be.
        problem = None if found.at_limit else found.problem
    errors = found.errors if problem is None and found.errors is not None else np.empty(0)
    return Fit(
        parameters=Parameters(variant, *(float(value) for value in found.values), *[np.nan] * (4 - len(names))),
        log_likelihood=likelihood(np.log(found.values))[0],
        standard_errors=dict(zip(names, errors.tolist(), strict=False)),
        customer_count=float(weights.sum()),
        history_count=len(x),
        is_degenerate=problem is not None,
        problem=problem,
        covariance=found.covariance if problem is None else None,
    )


def _fit_mean(x: Floats, T: Floats, weights: Floats) -> Fit:
    bought, weeks = float((weights * x).sum()), float((weights * T).sum())
    problem = None if weeks > 0 else "no customer has been observed for a week"
    r, alpha = bought + 0.5, max(weeks, 1e-3)
    rate = r / alpha
    return Fit(
        parameters=Parameters("mean", r, alpha, np.nan, np.nan),
        log_likelihood=float((weights * (x * np.log(rate) - rate * T)).sum()),
        standard_errors={},
        customer_count=float(weights.sum()),
        history_count=len(x),
        is_degenerate=problem is not None,
        problem=problem,
    )


def p_alive(parameters: Parameters, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """The probability of being alive at the cut-off: 1 for every one-time buyer under BG/NBD."""
    return _p_alive(parameters, *_history(parameters, x, t_x, T))


def p_no_order(parameters: Parameters, x: Floats, t_x: Floats, T: Floats, horizon: float | Floats) -> Floats:
    """The probability of no order within ``horizon`` weeks after the cut-off."""
    x, t_x, T = _history(parameters, x, t_x, T)
    r, alpha = parameters.r, parameters.alpha
    orders_if_alive = -np.expm1(-(r + x) * np.log1p(_horizon(horizon) / (alpha + T)))
    risk: Floats = 1 - _p_alive(parameters, x, t_x, T) * orders_if_alive
    return risk


def expected_orders(parameters: Parameters, x: Floats, t_x: Floats, T: Floats, horizon: float | Floats) -> Floats:
    """The expected orders within ``horizon`` weeks after the cut-off; never negative, and growing with the horizon.

    A customer who is alive orders ``(1 - (1 + p t / (alpha+T))^-(r+x)) / p`` times within t, given p. The mean is taken
    over p ~ Beta(a, b+s); the papers state it as a hypergeometric function.
    """
    x, t_x, T, ends = np.broadcast_arrays(*_history(parameters, x, t_x, T), _horizon(horizon))
    return _p_alive(parameters, x, t_x, T) * _mean_over_dropout(
        parameters, x, lambda rows, p: _orders_given(parameters, p, x[rows], T[rows], ends[rows])
    )


def discounted_expected_orders(
    parameters: Parameters,
    x: Floats,
    t_x: Floats,
    T: Floats,
    horizon: float,
    annual_rate: float,
    periods_per_year: int = 12,
    clock: Callable[[Floats], Floats] = lambda weeks: weeks,
) -> Floats:
    """The expected orders within ``horizon`` weeks, each discounted from the end of its period to the cut-off.

    A period's rate is ``(1 + annual_rate)^(1 / periods_per_year) - 1``. The last period ends with the horizon.

    Args:
        horizon: calendar weeks.
        clock: weeks of the model for calendar weeks after the cut-off.
    """
    if annual_rate < 0 or periods_per_year < 1:
        raise ValueError(f"cannot discount by {annual_rate} a year in {periods_per_year} periods")
    x, t_x, T = _history(parameters, x, t_x, T)
    length = WEEKS_PER_YEAR / periods_per_year
    numbers = np.arange(1, max(np.ceil(float(_horizon(horizon)) / length - 1e-6), 1) + 1)
    ends = clock(np.minimum(numbers * length, horizon))
    factors = (1 + annual_rate) ** (-numbers / periods_per_year)
    # Summation by parts: orders by the end of a period times the difference of two factors keeps every term positive.
    shares = factors - np.append(factors[1:], 0.0)

    def given(rows: npt.NDArray[np.intp], p: Floats) -> Floats:
        total = np.zeros((len(rows), len(p)))
        for end, share in zip(ends, shares, strict=True):
            total += share * _orders_given(parameters, p, x[rows], T[rows], end)
        return total

    return _p_alive(parameters, x, t_x, T) * _mean_over_dropout(parameters, x, given)


def orders_interval(
    parameters: Parameters, covariance: Floats | None, x: Floats, t_x: Floats, T: Floats, horizon: float | Floats
) -> tuple[Floats, Floats]:
    """The 95 % interval of the expected orders for the uncertainty of the parameters, not of one customer's orders.

    Delta method on the logs; for ``mean`` quantiles of the posterior rate.

    Args:
        covariance: of the logs of the parameters; NaN is returned without one.
    """
    expected = expected_orders(parameters, x, t_x, T, horizon)
    if parameters.variant == "mean":
        low, high = gamma.ppf([0.025, 0.975], parameters.r) / parameters.r
        return expected * low, expected * high
    if covariance is None:
        return np.full_like(expected, np.nan), np.full_like(expected, np.nan)
    names = NAMES[: len(covariance)]
    slopes = np.empty((len(names), len(expected)))
    for position, name in enumerate(names):
        ahead, behind = (
            expected_orders(replace(parameters, **{name: getattr(parameters, name) * np.exp(step)}), x, t_x, T, horizon)
            for step in (1e-4, -1e-4)
        )
        slopes[position] = np.log(np.maximum(ahead, 1e-300) / np.maximum(behind, 1e-300)) / 2e-4
    error = np.sqrt(np.maximum(np.einsum("ik,ij,jk->k", slopes, covariance, slopes), 0.0))
    return expected * np.exp(-_Z * error), expected * np.exp(_Z * error)


def expected_repeat_orders(parameters: Parameters, t: float | Floats) -> Floats:
    """The expected repeat orders of a new customer within ``t`` weeks after the first order, E[X(t)]."""
    start = np.zeros_like(np.atleast_1d(np.asarray(t, dtype=np.float64)))
    return expected_orders(parameters, start, start, start, t)


def _history(parameters: Parameters, x: Floats, t_x: Floats, T: Floats) -> tuple[Floats, Floats, Floats]:
    x, t_x, T = checked(x, t_x, T)
    return (x, t_x, T) if parameters.variant != "mean" else (x * 0, t_x * 0, T * 0)


def _horizon(horizon: float | Floats) -> Floats:
    weeks = np.asarray(horizon, dtype=np.float64)
    if not (np.isfinite(weeks).all() and (weeks >= 0).all()):
        raise ValueError(f"the horizon must be finite and at least 0 weeks, not {horizon}")
    return weeks


def _p_alive(parameters: Parameters, x: Floats, t_x: Floats, T: Floats) -> Floats:
    if parameters.variant in ("nbd", "mean"):
        return np.ones(np.broadcast_shapes(x.shape, T.shape))
    before = log_odds_of_dropout(parameters.a, parameters.b, chances(parameters.variant, x))
    silence = np.log((parameters.alpha + T) / (parameters.alpha + t_x))
    alive: Floats = expit(-before - (parameters.r + x) * silence)
    return alive


def _orders_given(parameters: Parameters, p: Floats, x: Floats, T: Floats, horizon: Floats) -> Floats:
    """The expected orders of a customer who is alive and has dropout probability p, shape (n, points)."""
    if parameters.variant in ("nbd", "mean"):
        rate: Floats = np.multiply.outer((parameters.r + x) * horizon / (parameters.alpha + T), np.ones_like(p))
        return rate
    reach = np.log1p(np.multiply.outer(horizon / (parameters.alpha + T), p))
    orders: Floats = -np.expm1(-(parameters.r + x)[:, None] * reach) / p
    return orders


def _mean_over_dropout(
    parameters: Parameters, x: Floats, given: Callable[[npt.NDArray[np.intp], Floats], Floats]
) -> Floats:
    """The mean of ``given`` over the posterior dropout probability of each history."""
    if parameters.variant in ("nbd", "mean"):
        return given(np.arange(len(x)), np.zeros(1))[:, 0]
    mean = np.empty(len(x))
    for count in np.unique(x):
        rows = np.flatnonzero(x == count)
        p, shares = beta_nodes(parameters.a, parameters.b + float(chances(parameters.variant, count)))
        mean[rows] = np.einsum("ij,j->i", given(rows, p), shares)
    return mean
