"""Likelihoods of purchase histories under BG/NBD, MBG/NBD and NBD, and what it means that one has no maximum.

Keep out fits and forecasts (``beta_geometric``, which has the sources).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, digamma, expit, gammaln

from orchestration.science.maximum_likelihood import LogLikelihood, Maximum

Floats = npt.NDArray[np.float64]
Variant = Literal["bg_nbd", "mbg_nbd"]
Model = Literal["bg_nbd", "mbg_nbd", "nbd", "mean"]


def likelihood_of(variant: Model, x: Floats, t_x: Floats, T: Floats, weights: Floats | None = None) -> LogLikelihood:
    """The log likelihood of the logs of (r, alpha, a, b), or of (r, alpha) for NBD, with its gradient."""
    x, t_x, T, weights = sorted_histories(x, t_x, T, weights)
    if variant == "nbd":
        return rate_log_likelihood(x, T, weights)
    if variant == "mean":
        raise ValueError("the mean rate has no likelihood to maximise")
    return log_likelihood(variant, x, t_x, T, weights)


def sorted_histories(
    x: Floats, t_x: Floats, T: Floats, weights: Floats | None
) -> tuple[Floats, Floats, Floats, Floats]:
    """The histories and their weights in a fixed order.

    Raises:
        ValueError: a history or a weight is invalid.
    """
    x, t_x, T = checked(x, t_x, T)
    weights = np.ones_like(x) if weights is None else np.asarray(weights, dtype=np.float64)
    if weights.shape != x.shape or not (weights > 0).all():
        raise ValueError("weights must be positive, one per history")
    order = np.lexsort((weights, T, t_x, x))
    return x[order], t_x[order], T[order], weights[order]


def log_likelihood(variant: Variant, x: Floats, t_x: Floats, T: Floats, weights: Floats) -> LogLikelihood:
    """The log likelihood of the logs of (r, alpha, a, b), with its gradient.

    With s survived dropout chances (x, or x + 1 under MBG/NBD), a history has likelihood
    ``G(r+x) alpha^r / G(r) * B(a, b+s) / B(a, b) * ((alpha+T)^-(r+x) + [s > 0] a / (b+s-1) * (alpha+t_x)^-(r+x))``.
    """
    counts, group = np.unique(x, return_inverse=True)
    customers = np.bincount(group, weights)
    total = weights.sum()
    stayed = chances(variant, counts)

    def at(logs: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = (float(value) for value in np.exp(logs))
        log_T = np.log(alpha + T)
        since = log_T - np.log(alpha + t_x)
        log_odds = log_odds_of_dropout(a, b, stayed)[group] + (r + x) * since
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


def rate_log_likelihood(x: Floats, T: Floats, weights: Floats) -> LogLikelihood:
    """The log likelihood of the logs of (r, alpha) without dropout, with its gradient.

    A history has likelihood ``G(r+x) / G(r) * alpha^r / (alpha+T)^(r+x)``: the times of purchases do not matter.
    """
    total = weights.sum()

    def at(logs: Floats) -> tuple[float, Floats]:
        r, alpha = (float(value) for value in np.exp(logs))
        log_T = np.log(alpha + T)
        value = (weights * (gammaln(r + x) - (r + x) * log_T)).sum() + total * (r * logs[1] - gammaln(r))
        d_r = (weights * (digamma(r + x) - log_T)).sum() + total * (logs[1] - digamma(r))
        d_alpha = total * r / alpha - (weights * (r + x) / (alpha + T)).sum()
        return float(value), np.array([d_r * r, d_alpha * alpha])

    return at


def in_plain_words(found: Maximum) -> str | None:
    """What was found in the data, where a parameter has no maximum."""
    limits = found.at_limit
    if found.problem is None or not limits:
        return found.problem
    if limits.get("a") == -1 or (limits.get("b") == 1 and limits.get("a") != 1):
        return "no customer is seen to stop buying"
    if limits.get("r") == 1 or limits.get("alpha") == 1:
        return "customers do not differ in how often they buy"
    if limits.get("a") == 1:
        return "customers do not differ in how soon they stop buying"
    if limits.get("b") == -1:
        return "every customer is seen to stop buying after the first repeat purchase"
    return "too few customers buy again to tell how customers differ"


def chances(variant: Model, x: Floats) -> Floats:
    """Dropout chances that a customer with x repeat purchases survived."""
    return x if variant == "bg_nbd" else x + 1


def log_odds_of_dropout(a: float, b: float, stayed: Floats) -> Floats:
    """Log odds of dropout at the last purchase, before the time without a purchase."""
    chances = np.maximum(stayed, 1)
    odds: Floats = np.where(stayed > 0, np.log(a) - np.log(b + chances - 1), -np.inf)
    return odds


def checked(x: Floats, t_x: Floats, T: Floats) -> tuple[Floats, Floats, Floats]:
    """The histories as arrays.

    Raises:
        ValueError: no history is given, or one is invalid; the message has the first invalid one.
    """
    x, t_x, T = (np.atleast_1d(np.asarray(values, dtype=np.float64)) for values in (x, t_x, T))
    if not x.shape == t_x.shape == T.shape or x.ndim != 1 or not len(x):
        raise ValueError(f"x, t_x and T must be equally long and not empty, not {x.shape}, {t_x.shape}, {T.shape}")
    possible = (x >= 0) & (x == np.floor(x)) & (t_x >= 0) & (t_x <= T) & np.isfinite(T) & ((x > 0) | (t_x == 0))
    if not possible.all():
        first = int(np.argmin(possible))
        raise ValueError(f"history {first} is invalid: x = {x[first]}, t_x = {t_x[first]}, T = {T[first]}")
    return x, t_x, T
