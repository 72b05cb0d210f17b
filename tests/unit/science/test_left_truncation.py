"""Six years of purchases of which two are delivered: customers of before them stay out of the fit."""

from __future__ import annotations

import numpy as np
import pytest

from orchestration.science.beta_geometric import NAMES, Fit, Parameters, expected_orders, fit
from tests.unit.science.simulated import Floats

TRUTH = Parameters("bg_nbd", 1.1, 9.0, 0.7, 3.2)
YEAR = 365.25 / 7
Purchases = list[list[float]]


def purchases(seed: int, count: int) -> Purchases:
    """The purchase times, in weeks, of customers who join evenly over six years, with a seventh to forecast."""
    rng = np.random.default_rng(seed)
    rate, dropout = rng.gamma(TRUTH.r, 1 / TRUTH.alpha, count), rng.beta(TRUTH.a, TRUTH.b, count)
    times: Purchases = []
    for own_rate, own_dropout, joined in zip(rate, dropout, rng.uniform(0, 6 * YEAR, count), strict=True):
        own = [float(joined)]
        while (later := own[-1] + rng.exponential() / own_rate) < 7 * YEAR:
            own.append(float(later))
            if rng.random() < own_dropout:
                break
        times.append(own)
    return times


@pytest.fixture(scope="module")
def company() -> Purchases:
    return purchases(2, 40_000)


def delivered(company: Purchases, *, keep_old: bool) -> tuple[Floats, Floats, Floats]:
    """x, t_x and T as they look in the last two of six years."""
    rows = []
    for times in company:
        own = [at for at in times if 4 * YEAR <= at < 6 * YEAR]
        if own and (keep_old or times[0] >= 4 * YEAR):
            rows.append((len(own) - 1, own[-1] - own[0], 6 * YEAR - own[0]))
    x, t_x, T = np.array(rows, dtype=float).T
    return x, t_x, T


def errors(found: Fit) -> list[float]:
    """Distances from the truth in standard errors."""
    return [abs(getattr(found.parameters, name) - getattr(TRUTH, name)) / found.standard_errors[name] for name in NAMES]


def test_customers_whose_entry_is_known_give_the_parameters(company: Purchases) -> None:
    assert max(errors(fit("bg_nbd", *delivered(company, keep_old=False)))) < 3


def test_customers_of_before_would_distort_them(company: Purchases) -> None:
    """Taken for new, they bias the parameters by many standard errors."""
    assert max(errors(fit("bg_nbd", *delivered(company, keep_old=True)))) > 10


def test_customers_of_before_are_forecast_from_their_first_delivered_purchase(company: Purchases) -> None:
    """They stayed longer than new customers do, so the total of the next year is too low, by less than 10 %."""
    found = fit("bg_nbd", *delivered(company, keep_old=False))
    rows = []
    for times in company:
        own = [at for at in times if 4 * YEAR <= at < 6 * YEAR]
        if own and times[0] < 4 * YEAR:
            rows.append((len(own) - 1, own[-1] - own[0], 6 * YEAR - own[0], sum(at >= 6 * YEAR for at in times)))
    x, t_x, T, later = np.array(rows, dtype=float).T
    error = expected_orders(found.parameters, x, t_x, T, YEAR).sum() / later.sum() - 1
    assert -0.1 < error < 0
