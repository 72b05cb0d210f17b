"""The yearly season of purchases: a monthly index, and a clock that runs faster in busy months.

Purchases follow the purchase model on the seasonal clock: in a month with index 1.2 a calendar week counts as 1.2
seasonal weeks. The index is indirectly standardised: actual purchases of a month over whole years, divided by those
that the model expects, so that growth and dropout of the customers do not count as season. It is shrunk towards 1
by its noise.

Keep out the purchase model (``beta_geometric``) and the tables that the counts come from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

YEAR_DAYS = 365.25
MONTHS = 12
MINIMUM_CYCLES = 2
# A first cycle may lack the days before the first purchases.
MISSING_DAYS = 31


@dataclass(frozen=True)
class Season:
    """The monthly index: shape (12,), January first; its mean over the days of a year is 1.

    Attributes:
        index: all 1 without two cycles.
        weight: share of the observed deviation that the index keeps, from 0 (noise) to 1; shape (12,).
        actual: repeat purchases by month over the cycles, shape (12,).
        expected: those that the model expects without a season, shape (12,).
        cycle_count: whole years that were counted.
    """

    index: Floats
    weight: Floats
    actual: Floats
    expected: Floats
    cycle_count: int


def no_season(cycle_count: int = 0) -> Season:
    """A season of equal months."""
    zeros = np.zeros(MONTHS)
    return Season(np.ones(MONTHS), zeros, zeros, zeros, cycle_count)


def cycles(first_day: date, cut_off: date) -> int:
    """Whole years from the first day of the purchases to the cut-off, of which the first may lack a month."""
    return int(((cut_off - first_day).days + MISSING_DAYS) // YEAR_DAYS)


def seasonal_weeks(season: Season, cut_off: date, weeks: Floats) -> Floats:
    """Seasonal weeks from the cut-off for calendar weeks from it; both are negative before it. Shape of ``weeks``."""
    weeks = np.asarray(weeks, dtype=np.float64)
    if not weeks.size or (season.index == 1).all():
        return weeks
    low, high = min(int(np.floor(weeks.min() * 7)), 0), max(int(np.ceil(weeks.max() * 7)), 0)
    days = np.arange(low, high + 1)
    passed = np.concatenate([[0.0], np.cumsum(season.index[_months(cut_off, days[:-1])])])
    since: Floats = np.interp(weeks * 7, days, passed - passed[-low]) / 7
    return since


def seasonal_history(season: Season, cut_off: date, t_x: Floats, T: Floats) -> tuple[Floats, Floats]:
    """t_x and T of histories at a cut-off in seasonal weeks, from calendar weeks."""
    first = seasonal_weeks(season, cut_off, -np.asarray(T, dtype=np.float64))
    last = seasonal_weeks(season, cut_off, np.asarray(t_x, dtype=np.float64) - T)
    return np.where(np.asarray(t_x) > 0, np.clip(last - first, 0.0, -first), 0.0), -first


def expected_per_day(
    season: Season, cut_off: date, first_counts: Floats, expected_by: Callable[[Floats], Floats]
) -> Floats:
    """The repeat purchases that all customers are expected to make per day.

    Args:
        season: of the clock.
        cut_off: the day after the last of the days.
        first_counts: first purchases by day, shape (days,).
        expected_by: expected repeat purchases of a customer by a number of seasonal weeks after the first purchase.

    Returns:
        Shape (days,).
    """
    days = len(first_counts)
    clock = seasonal_weeks(season, cut_off, np.arange(-days, 1) / 7)
    grid = np.arange(0.0, clock[-1] - clock[0] + 1, 1 / 7)
    by_grid = expected_by(grid)
    total = np.zeros(days)
    for day in np.flatnonzero(first_counts):
        # A first purchase counts from the end of its day.
        by_day = np.interp(clock[day + 1 :] - clock[day + 1], grid, by_grid)
        total[day + 1 :] += first_counts[day] * np.diff(by_day)
    return total


def estimate(season: Season, cut_off: date, actual: Floats, expected: Floats, cycle_count: int) -> Season:
    """Improve a season by the purchases of whole cycles before the cut-off.

    The noise of a month is Poisson, times the dispersion that the cycles show among themselves. The variance of the
    true index over months is estimated from the spread beyond the noise (DerSimonian and Laird's moments).

    Args:
        season: of the clock that ``expected`` was computed on.
        actual: repeat purchases by day before the cut-off, shape (days,).
        expected: expected repeat purchases by day, shape (days,).
        cycle_count: the last years to count.
    """
    days = min(len(actual), round(cycle_count * YEAR_DAYS))
    actual, expected = actual[-days:], expected[-days:]
    months = _months(cut_off, np.arange(-days, 0))
    cycle = ((np.arange(-days, 0) + cycle_count * YEAR_DAYS) // YEAR_DAYS).astype(int)
    cell = months + MONTHS * np.clip(cycle, 0, cycle_count - 1)
    shape = (cycle_count, MONTHS)
    seen, hoped = (np.bincount(cell, values, cycle_count * MONTHS).reshape(shape) for values in (actual, expected))
    if seen.sum() <= 0 or (hoped.sum(axis=0) <= 0).any():
        return no_season(cycle_count)
    # A difference between the levels of the cycles is not seasonal.
    hoped = hoped * (seen.sum(axis=1) / np.maximum(hoped.sum(axis=1), 1e-9))[:, None]
    # What the clock already holds is taken out, so that noise is measured around an index of 1.
    hoped = hoped / season.index
    months_seen, months_hoped = seen.sum(axis=0), np.maximum(hoped.sum(axis=0), 1e-9)
    ratio = months_seen / months_hoped * (months_hoped.sum() / months_seen.sum())
    fitted = np.maximum(hoped * ratio, 1e-9)
    freedom = (cycle_count - 1) * (MONTHS - 1)
    dispersion = max(1.0, float((((seen - fitted) ** 2) / fitted).sum()) / freedom)
    noise = dispersion / months_hoped
    precision = 1 / noise
    centre = (precision * ratio).sum() / precision.sum()
    beyond = (precision * (ratio - centre) ** 2).sum() - (MONTHS - 1)
    scale = precision.sum() - (precision**2).sum() / precision.sum()
    between = max(0.0, float(beyond / scale))
    weight = between / (between + noise)
    index = 1 + weight * (ratio - 1)
    year = _months(cut_off, np.arange(-365, 0))
    return Season(index / index[year].mean(), weight, months_seen, months_hoped, cycle_count)


def _months(cut_off: date, days: npt.NDArray[np.int_]) -> npt.NDArray[np.int64]:
    """The months, from 0, of the days that lie so many days from the cut-off."""
    return (np.datetime64(cut_off, "D") + days).astype("datetime64[M]").astype(np.int64) % MONTHS
