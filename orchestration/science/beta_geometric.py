"""Purchase frequency and churn of non-contractual customers: BG/NBD and MBG/NBD.

While alive, a customer buys as a Poisson process; the rate varies over customers as Gamma(r, alpha). After a purchase
the customer drops out with a probability that varies as Beta(a, b). Under BG/NBD no customer drops out at the first
purchase, under MBG/NBD they may: a customer with x repeat purchases survived x dropout chances, or x + 1.

A history is the sufficient statistic of a customer. Customers with equal histories are one row with a weight:

- x: repeat purchase days, a whole number;
- t_x: weeks from the first to the last purchase, 0 where x = 0;
- T: weeks from the first purchase to the cut-off.

All functions take and return arrays of shape (n,) or scalars that broadcast to it. Times are in weeks.

Sources: Fader, Hardie and Lee (2005), "Counting your customers" the easy way, Marketing Science 24:275-284; Batislam,
Denizel and Filiztekin (2007), Empirical validation and comparison of models for customer base analysis, International
Journal of Research in Marketing 24:201-209. Argument names follow the papers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, digamma, expit, gammaln

from orchestration.science.maximum_likelihood import LogLikelihood, maximise
from orchestration.science.quadrature import beta_nodes

Floats = npt.NDArray[np.float64]
Variant = Literal["bg_nbd", "mbg_nbd"]

WEEKS_PER_YEAR = 365.25 / 7
NAMES = ("r", "alpha", "a", "b")


@dataclass(frozen=True)
class Parameters:
    """The variant, shape and scale (in weeks) of the purchase rates, and shapes of the dropout probability."""

    variant: Variant
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
        problem: the reason, None if usable.
    """

    parameters: Parameters
    log_likelihood: float
    standard_errors: dict[str, float]
    customer_count: float
    history_count: int
    is_degenerate: bool
    problem: str | None


def fit(variant: Variant, x: Floats, t_x: Floats, T: Floats, weights: Floats | None = None) -> Fit:
    """Fit by maximum likelihood, with analytic gradients.

    Args:
        weights: customers per history; 1 by default.

    Raises:
        ValueError: no history is given, or one is invalid; the message has the first invalid one.
    """
    x, t_x, T = _checked(x, t_x, T)
    weights = np.ones_like(x) if weights is None else np.asarray(weights, dtype=np.float64)
    if weights.shape != x.shape or not (weights > 0).all():
        raise ValueError("weights must be positive, one per history")
    order = np.lexsort((weights, T, t_x, x))
    x, t_x, T, weights = x[order], t_x[order], T[order], weights[order]
    # Rates near the mean rate; at the second start half of the customers drop out early.
    rate = max(float((weights * x).sum()), 0.5) / max(float((weights * T).sum()), 0.5)
    starts = ([0.5, 0.5 / rate, 1.0, 3.0], [2.0, 2.0 / rate, 0.5, 0.5], [0.2, 0.2 / rate, 5.0, 20.0])
    found = maximise(log_likelihood(variant, x, t_x, T, weights), NAMES, starts)
    problem = found.problem if (x > 0).any() else "no customer has a repeat purchase"
    errors = found.errors if problem is None and found.errors is not None else np.empty(0)
    return Fit(
        parameters=Parameters(variant, *(float(value) for value in found.values)),
        log_likelihood=found.log_likelihood,
        standard_errors=dict(zip(NAMES, errors.tolist(), strict=False)),
        customer_count=float(weights.sum()),
        history_count=len(x),
        is_degenerate=problem is not None,
        problem=problem,
    )


def log_likelihood(variant: Variant, x: Floats, t_x: Floats, T: Floats, weights: Floats) -> LogLikelihood:
    """The log likelihood of the logs of (r, alpha, a, b), with its gradient.

    With s survived dropout chances (x, or x + 1 under MBG/NBD), a history has likelihood
    ``G(r+x) alpha^r / G(r) * B(a, b+s) / B(a, b) * ((alpha+T)^-(r+x) + [s > 0] a / (b+s-1) * (alpha+t_x)^-(r+x))``.
    """
    counts, group = np.unique(x, return_inverse=True)
    customers = np.bincount(group, weights)
    total = weights.sum()
    stayed = _chances(variant, counts)

    def at(logs: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = (float(value) for value in np.exp(logs))
        log_T = np.log(alpha + T)
        since = log_T - np.log(alpha + t_x)
        log_odds = _log_odds_of_dropout(a, b, stayed)[group] + (r + x) * since
        left = weights * expit(log_odds)
        of_x = gammaln(r + counts) - gammaln(r) + r * logs[1] + betaln(a, b + stayed) - betaln(a, b)
        value = (customers * of_x).sum() + (weights * (np.logaddexp(0, log_odds) - (r + x) * log_T)).sum()
        d_r = (customers * (digamma(r + counts) - digamma(r) + logs[1])).sum()
        d_r += (left * since - weights * log_T).sum()
        d_alpha = total * r / alpha - ((weights - left) * (r + x) / (alpha + T)).sum()
        d_alpha -= (left * (r + x) / (alpha + t_x)).sum()
        left_by_x = np.bincount(group, left)
        either = (customers * (digamma(a + b) - digamma(a + b + stayed))).sum()
        d_a = either + left.sum() / a
        d_b = either + (customers * (digamma(b + stayed) - digamma(b))).sum()
        d_b -= (left_by_x[stayed > 0] / (b + stayed[stayed > 0] - 1)).sum()
        return float(value), np.array([d_r * r, d_alpha * alpha, d_a * a, d_b * b])

    return at


def p_alive(parameters: Parameters, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """The probability of being alive at the cut-off: 1 for every one-time buyer under BG/NBD."""
    x, t_x, T = _checked(x, t_x, T)
    return _p_alive(parameters, x, t_x, T)


def p_no_order(parameters: Parameters, x: Floats, t_x: Floats, T: Floats, horizon: float | Floats) -> Floats:
    """The probability of no order within ``horizon`` weeks after the cut-off: the churn risk."""
    x, t_x, T = _checked(x, t_x, T)
    r, alpha = parameters.r, parameters.alpha
    orders_if_alive = -np.expm1(-(r + x) * np.log1p(_horizon(horizon) / (alpha + T)))
    risk: Floats = 1 - _p_alive(parameters, x, t_x, T) * orders_if_alive
    return risk


def expected_orders(parameters: Parameters, x: Floats, t_x: Floats, T: Floats, horizon: float | Floats) -> Floats:
    """The expected orders within ``horizon`` weeks after the cut-off; never negative, and growing with the horizon.

    A customer who is alive orders ``(1 - (1 + p t / (alpha+T))^-(r+x)) / p`` times within t, given p. The mean is taken
    over p ~ Beta(a, b+s); the papers state it as a hypergeometric function.
    """
    x, t_x, T, ends = np.broadcast_arrays(*_checked(x, t_x, T), _horizon(horizon))
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
) -> Floats:
    """The expected orders within ``horizon`` weeks, each discounted from the end of its period to the cut-off.

    A period's rate is ``(1 + annual_rate)^(1 / periods_per_year) - 1``. The last period ends with the horizon.
    """
    if annual_rate < 0 or periods_per_year < 1:
        raise ValueError(f"cannot discount by {annual_rate} a year in {periods_per_year} periods")
    x, t_x, T = _checked(x, t_x, T)
    length = WEEKS_PER_YEAR / periods_per_year
    numbers = np.arange(1, max(np.ceil(float(_horizon(horizon)) / length - 1e-6), 1) + 1)
    ends = np.minimum(numbers * length, horizon)
    factors = (1 + annual_rate) ** (-numbers / periods_per_year)
    # Summation by parts: orders by the end of a period times the difference of two factors keeps every term positive.
    shares = factors - np.append(factors[1:], 0.0)

    def given(rows: npt.NDArray[np.intp], p: Floats) -> Floats:
        total = np.zeros((len(rows), len(p)))
        for end, share in zip(ends, shares, strict=True):
            total += share * _orders_given(parameters, p, x[rows], T[rows], end)
        return total

    return _p_alive(parameters, x, t_x, T) * _mean_over_dropout(parameters, x, given)


def expected_repeat_orders(parameters: Parameters, t: float | Floats) -> Floats:
    """The expected repeat orders of a new customer within ``t`` weeks after the first order, E[X(t)]."""
    start = np.zeros_like(np.atleast_1d(np.asarray(t, dtype=np.float64)))
    return expected_orders(parameters, start, start, start, t)


def cumulative_tracking(
    parameters: Parameters, first_purchase_week_counts: Floats, weeks: int, periods_per_week: int = 1
) -> Floats:
    """The expected repeat orders of a whole population by the end of each week, for the tracking plot.

    Args:
        first_purchase_week_counts: customers by the week of their first purchase, shape (any,). They count from its
            end: customers at position i have T = weeks - 1 - i at the end of the last week.
        weeks: number of weeks to track.
        periods_per_week: 7 if the counts are by day.

    Returns:
        Cumulative repeat orders, shape (weeks,); the differences are the orders of each week.
    """
    periods = weeks * periods_per_week
    each = expected_repeat_orders(parameters, np.arange(periods) / periods_per_week)
    total = np.convolve(np.asarray(first_purchase_week_counts, dtype=np.float64), each)
    # The full convolution also holds after the last period of first purchases, up to the end of ``each``.
    return total[:periods][periods_per_week - 1 :: periods_per_week]


def _checked(x: Floats, t_x: Floats, T: Floats) -> tuple[Floats, Floats, Floats]:
    x, t_x, T = (np.atleast_1d(np.asarray(values, dtype=np.float64)) for values in (x, t_x, T))
    if not x.shape == t_x.shape == T.shape or x.ndim != 1 or not len(x):
        raise ValueError(f"x, t_x and T must be equally long and not empty, not {x.shape}, {t_x.shape}, {T.shape}")
    possible = (x >= 0) & (x == np.floor(x)) & (t_x >= 0) & (t_x <= T) & np.isfinite(T) & ((x > 0) | (t_x == 0))
    if not possible.all():
        first = int(np.argmin(possible))
        raise ValueError(f"history {first} is invalid: x = {x[first]}, t_x = {t_x[first]}, T = {T[first]}")
    return x, t_x, T


def _horizon(horizon: float | Floats) -> Floats:
    weeks = np.asarray(horizon, dtype=np.float64)
    if not (np.isfinite(weeks).all() and (weeks >= 0).all()):
        raise ValueError(f"the horizon must be finite and at least 0 weeks, not {horizon}")
    return weeks


def _chances(variant: Variant, x: Floats) -> Floats:
    return x if variant == "bg_nbd" else x + 1


def _log_odds_of_dropout(a: float, b: float, stayed: Floats) -> Floats:
    """Log odds of dropout at the last purchase, before the time without a purchase."""
    chances = np.maximum(stayed, 1)
    odds: Floats = np.where(stayed > 0, np.log(a) - np.log(b + chances - 1), -np.inf)
    return odds


def _p_alive(parameters: Parameters, x: Floats, t_x: Floats, T: Floats) -> Floats:
    before = _log_odds_of_dropout(parameters.a, parameters.b, _chances(parameters.variant, x))
    silence = np.log((parameters.alpha + T) / (parameters.alpha + t_x))
    alive: Floats = expit(-before - (parameters.r + x) * silence)
    return alive


def _orders_given(parameters: Parameters, p: Floats, x: Floats, T: Floats, horizon: Floats) -> Floats:
    """The expected orders of a customer who is alive and has dropout probability p, shape (n, points)."""
    reach = np.log1p(np.multiply.outer(horizon / (parameters.alpha + T), p))
    orders: Floats = -np.expm1(-(parameters.r + x)[:, None] * reach) / p
    return orders


def _mean_over_dropout(
    parameters: Parameters, x: Floats, given: Callable[[npt.NDArray[np.intp], Floats], Floats]
) -> Floats:
    """The mean of ``given`` over the posterior dropout probability of each history."""
    mean = np.empty(len(x))
    for count in np.unique(x):
        rows = np.flatnonzero(x == count)
        p, shares = beta_nodes(parameters.a, parameters.b + float(_chances(parameters.variant, count)))
        mean[rows] = np.einsum("ij,j->i", given(rows, p), shares)
    return mean
