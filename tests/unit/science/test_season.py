"""The seasonal clock by hand, and the seasonal index on simulated purchases with a known season."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.science.beta_geometric import Parameters, expected_repeat_orders, fit
from orchestration.science.season import (
    Floats,
    Season,
    cycles,
    estimate,
    expected_per_day,
    no_season,
    seasonal_history,
    seasonal_weeks,
)
from tests.unit.science.simulated import customers

CUT_OFF = date(2026, 1, 1)
SWING = 1 + 0.3 * np.cos(2 * np.pi * (np.arange(12) - 11) / 12)


def season_of(index: Floats) -> Season:
    zeros = np.zeros(12)
    return Season(np.asarray(index, dtype=np.float64), zeros, zeros, zeros, 2)


def test_a_week_counts_as_many_seasonal_weeks_as_its_days_index() -> None:
    """January 2026 counts double: 31 days are 62 seasonal days, and 4 more of February are 4."""
    index = np.ones(12)
    index[0] = 2.0
    weeks = seasonal_weeks(season_of(index), CUT_OFF, np.array([0.0, 1.0, 5.0, -2.0]))
    assert weeks == pytest.approx([0, 2, (62 + 4) / 7, -2])


def test_a_history_before_the_cut_off_is_measured_on_the_clock() -> None:
    """First purchase 10 weeks and last 2 before 2026-01-01: December has 31 of the 70 days, and all of the last 14."""
    index = np.ones(12)
    index[11] = 3.0
    t_x, T = seasonal_history(season_of(index), CUT_OFF, np.array([8.0, 0.0]), np.array([10.0, 10.0]))
    assert T.tolist() == pytest.approx([(31 * 3 + 39) / 7] * 2)
    assert t_x == pytest.approx([(17 * 3 + 39) / 7, 0])


@given(st.lists(st.floats(0.2, 3), min_size=12, max_size=12), st.lists(st.floats(-300, 300), min_size=1, max_size=20))
@settings(deadline=None)
def test_the_clock_never_goes_back(index: list[float], weeks: list[float]) -> None:
    at = np.sort(np.array(weeks))
    assert (np.diff(seasonal_weeks(season_of(np.array(index)), CUT_OFF, at)) >= 0).all()


def test_without_a_season_the_clock_is_the_calendar() -> None:
    weeks = np.array([-10.3, 0.0, 4.7])
    assert seasonal_weeks(no_season(), CUT_OFF, weeks) is weeks


@pytest.mark.parametrize(
    ("first", "years"), [(date(2024, 1, 1), 2), (date(2024, 1, 31), 2), (date(2024, 2, 3), 1), (date(2026, 1, 1), 0)]
)
def test_a_first_year_may_lack_a_month(first: date, years: int) -> None:
    assert cycles(first, CUT_OFF) == years


def company(seed: int, index: Floats, count: int = 6_000, years: int = 2) -> tuple[Floats, Floats, Floats]:
    """Customers who join evenly over the years: first and repeat purchases by day, and E[X(t)] of the truth."""
    rng = np.random.default_rng(seed)
    truth = Parameters("bg_nbd", 0.9, 12.0, 0.6, 3.0)
    days = (CUT_OFF - date(CUT_OFF.year - years, 1, 1)).days
    clock = seasonal_weeks(season_of(index), CUT_OFF, np.arange(-days, 1) / 7)
    joined = rng.integers(0, days, count)
    first, again = np.zeros(days), np.zeros(days)
    np.add.at(first, joined, 1)
    rate, dropout = rng.gamma(truth.r, 1 / truth.alpha, count), rng.beta(truth.a, truth.b, count)
    at, active = clock[joined + 1].copy(), np.arange(count)
    while len(active):
        at[active] += rng.exponential(size=len(active)) / rate[active]
        active = active[at[active] < clock[-1]]
        np.add.at(again, np.searchsorted(clock, at[active], side="right") - 1, 1)
        active = active[rng.random(len(active)) >= dropout[active]]
    return first, again, clock


def estimated(first: Floats, again: Floats, cycle_count: int = 2) -> Season:
    truth = Parameters("bg_nbd", 0.9, 12.0, 0.6, 3.0)
    found = no_season(cycle_count)
    for _ in range(2):
        expected = expected_per_day(found, CUT_OFF, first, lambda weeks: expected_repeat_orders(truth, weeks))
        found = estimate(found, CUT_OFF, again, expected, cycle_count)
    return found


def test_the_index_recovers_the_season_in_spite_of_growth() -> None:
    """The number of customers grows from none to 6,000 within the two years."""
    first, again, _ = company(3, SWING)
    found = estimated(first, again)
    off = (found.index / (SWING / SWING.mean()) - 1) * np.sqrt(found.expected)
    assert np.abs(off).max() < 3
    assert (found.weight > 0.8).all()
    assert found.index[
        (np.datetime64(CUT_OFF) + np.arange(-365, 0)).astype("datetime64[M]").astype(int) % 12
    ].mean() == (pytest.approx(1))


def test_noise_is_no_season() -> None:
    """Over 20 companies of 300 customers without a season, the index stays closer to 1 than the months do."""
    kept, raw = [], []
    for seed in range(20):
        first, again, _ = company(seed, np.ones(12), count=300)
        found = estimated(first, again)
        kept.append(np.abs(found.index - 1).mean())
        raw.append(np.abs(found.actual / found.expected - 1).mean())
    assert np.mean(kept) < np.mean(raw) / 3


def test_purchases_of_the_season_give_the_parameters_on_the_clock() -> None:
    """Simulated on the clock, joined through two years: within three standard errors of the truth on the clock only."""
    truth = Parameters("bg_nbd", 0.9, 7.0, 0.8, 2.6)
    rng = np.random.default_rng(6)
    season = season_of(SWING / SWING.mean())
    T = rng.integers(1, 104, 20_000).astype(float)
    on_clock = -seasonal_weeks(season, CUT_OFF, -T)
    drawn = customers(rng, truth, on_clock)
    found = fit("bg_nbd", drawn.x, drawn.t_x, on_clock)
    for name in ("r", "alpha", "a", "b"):
        off = (getattr(found.parameters, name) - getattr(truth, name)) / found.standard_errors[name]
        assert abs(off) < 3


def test_expected_purchases_of_a_day_count_from_the_day_after_the_first() -> None:
    """One customer joins on the first of three days, at 7 a week: 1 on each later day, twice that in busy days."""

    def by(weeks: Floats) -> Floats:
        return 7 * weeks

    first = np.array([1.0, 0.0, 0.0])
    assert expected_per_day(no_season(), CUT_OFF, first, by) == pytest.approx([0, 1, 1])
    index = np.ones(12)
    index[11] = 2.0
    assert expected_per_day(season_of(index), CUT_OFF, first, by) == pytest.approx([0, 2, 2])


def test_without_repeat_purchases_there_is_no_season() -> None:
    found = estimate(no_season(2), CUT_OFF, np.zeros(731), np.ones(731), 2)
    assert (found.index == 1).all()
