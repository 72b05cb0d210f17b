"""All purchase models at a cut-off: the season, the fits of all customers, and the fits of each segment.

``fit_at`` is one call for any cut-off, tonight's or a past one: it reads only the histories at the cut-off and the
purchases before it. Keep out the comparison with what followed and the choice of a fit (``purchases``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

import numpy as np
import pandas as pd

from orchestration.assets.science.tables import POOLED
from orchestration.science import beta_geometric as model
from orchestration.science import season as seasons
from orchestration.science.maximum_likelihood import partial_pooling
from orchestration.science.purchase_likelihoods import Floats, Model, Variant, likelihood_of
from orchestration.science.season import Season

FULL: tuple[Variant, ...] = ("bg_nbd", "mbg_nbd")
LADDER: tuple[Model, ...] = (*FULL, "nbd", "mean")
"""From the full models to the mean of all, the order in which they are tried."""

HISTORY = ["repeat_count", "last_purchase_weeks", "observed_weeks"]
OUTCOME = ["customer_count", "holdout_count", "holdout_square_count", "holdout_buyer_count"]
SEASON_ROUNDS = 2


@dataclass(frozen=True)
class PurchaseModels:
    """What is known at a cut-off: fits by population and model, on the clock of a season."""

    cut_off: date
    season: Season
    fits: Mapping[tuple[str, Model], model.Fit]

    def fit(self, population: str, step: Model) -> model.Fit:
        """The fit of a segment, else of all customers."""
        return self.fits.get((population, step)) or self.fits[POOLED, step]

    def expected_orders(self, parameters: model.Parameters, histories: pd.DataFrame, days: int) -> Floats:
        """The expected orders of each history in the days from the cut-off, shape (n,)."""
        return model.expected_orders(parameters, *self.arrays(histories), self.horizon(days))

    def no_order(self, parameters: model.Parameters, histories: pd.DataFrame, days: int) -> Floats:
        """The probability of no order in the days from the cut-off, shape (n,)."""
        return model.p_no_order(parameters, *self.arrays(histories), self.horizon(days))

    def horizon(self, days: int) -> float:
        """Seasonal weeks of the days from the cut-off."""
        return float(self.clock(np.array([days / 7]))[0])

    def clock(self, weeks: Floats) -> Floats:
        """Seasonal weeks from the cut-off for calendar weeks from it."""
        return seasons.seasonal_weeks(self.season, self.cut_off, weeks)

    def arrays(self, histories: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
        """The histories on the seasonal clock: x, t_x, T."""
        return _arrays(histories, self.season, self.cut_off)


def fit_at(
    cut_off: date, histories: pd.DataFrame, daily: pd.DataFrame, minimum: int, season: Season | None = None
) -> PurchaseModels:
    """Fit every model to all customers and to each segment.

    A segment's fit is shrunk towards the fit of all by how much the segments differ and how little its data say
    (``partial_pooling``). Customers whose entry is unknown are not fitted; without any other, only the mean is.

    Args:
        histories: rows of ``science_purchase_histories`` at the cut-off; not empty.
        daily: rows of ``science_daily_purchases``; those from the cut-off on are ignored.
        minimum: customers of a segment with a mean of its own.
        season: of another cut-off; estimated if missing.
    """
    known = histories[histories["is_entry_known"]]
    has_entries = not known.empty
    known = known if has_entries else histories
    if season is None:
        season = season_at(cut_off, known, daily) if has_entries else seasons.no_season()
    everyone = merged(known)
    fits: dict[tuple[str, Model], model.Fit] = {}
    segments = {str(segment): merged(rows) for segment, rows in known.groupby("segment", sort=True)}
    for step in LADDER:
        pooled = _fit(step, everyone, season, cut_off)
        if not has_entries and step != "mean":
            pooled = _without_entries(pooled)
        fits[POOLED, step] = pooled
        if len(segments) < 2:
            fits |= {(segment, step): pooled for segment in segments}
        elif step == "mean":
            large = {segment: rows for segment, rows in segments.items() if rows["customer_count"].sum() >= minimum}
            fits |= {(segment, step): _fit(step, rows, season, cut_off) for segment, rows in large.items()}
        elif not pooled.is_degenerate:
            fits |= {
                (segment, step): fit for segment, fit in _segment_fits(step, pooled, segments, season, cut_off).items()
            }
    return PurchaseModels(cut_off, season, fits)


def season_at(cut_off: date, known: pd.DataFrame, daily: pd.DataFrame) -> Season:
    """The season before the cut-off, from at least two years of purchases.

    Args:
        known: histories of the customers whose entry is known.
        daily: rows of ``science_daily_purchases``.
    """
    day = pd.to_datetime(daily["purchase_date"])
    counted = daily[(day < pd.Timestamp(cut_off)) & (daily["first_count"] + daily["repeat_count"] > 0)]
    if counted.empty:
        return seasons.no_season()
    day = pd.to_datetime(counted["purchase_date"])
    days = (pd.Timestamp(cut_off) - day.min()).days
    cycle_count = seasons.cycles(day.min().date(), cut_off)
    if cycle_count < seasons.MINIMUM_CYCLES:
        return seasons.no_season(cycle_count)
    number = (day - day.min()).dt.days.to_numpy()
    first, again = (
        np.bincount(number, counted[column], minlength=days).astype(np.float64)
        for column in ("first_count", "repeat_count")
    )
    found, everyone = seasons.no_season(cycle_count), merged(known)
    for _ in range(SEASON_ROUNDS):
        expected = seasons.expected_per_day(found, cut_off, first, partial(_repeat_orders, everyone, found, cut_off))
        found = seasons.estimate(found, cut_off, again, expected, cycle_count)
    return found


def merged(histories: pd.DataFrame) -> pd.DataFrame:
    """One row per history over all segments, in a deterministic order."""
    rows: pd.DataFrame = histories.groupby(HISTORY, as_index=False, sort=True)[OUTCOME].sum()
    return rows


def _repeat_orders(everyone: pd.DataFrame, season: Season, cut_off: date, weeks: Floats) -> Floats:
    """The expected repeat orders of a customer by the first model that the data allow."""
    steps: tuple[Model, ...] = ("bg_nbd", "nbd", "mean")
    tried = (_fit(step, everyone, season, cut_off) for step in steps)
    fit = next(fit for fit in tried if not fit.is_degenerate or fit.parameters.variant == "mean")
    return model.expected_repeat_orders(fit.parameters, weeks)


def _segment_fits(
    step: Model, pooled: model.Fit, segments: Mapping[str, pd.DataFrame], season: Season, cut_off: date
) -> dict[str, model.Fit]:
    names = model.NAMES if step in FULL else model.RATE_NAMES
    centre = np.log([getattr(pooled.parameters, name) for name in names])
    likelihoods = [likelihood_of(step, *_arrays(rows, season, cut_off), _weights(rows)) for rows in segments.values()]
    pooling = partial_pooling(likelihoods, names, centre, model.ROTATIONS[len(names)])
    return {
        segment: model.fit(step, *_arrays(rows, season, cut_off), _weights(rows), pooling=pooling)
        for segment, rows in segments.items()
    }


def _fit(step: Model, rows: pd.DataFrame, season: Season, cut_off: date) -> model.Fit:
    return model.fit(step, *_arrays(rows, season, cut_off), _weights(rows))


def _without_entries(fit: model.Fit) -> model.Fit:
    return replace(
        fit, is_degenerate=True, problem="the first purchase of every customer lies before the delivered history"
    )


def _weights(rows: pd.DataFrame) -> Floats:
    return rows["customer_count"].to_numpy(np.float64)


def _arrays(histories: pd.DataFrame, season: Season, cut_off: date) -> tuple[Floats, Floats, Floats]:
    repeats, last_purchase, observed = (histories[column].to_numpy(np.float64) for column in HISTORY)
    return repeats, *seasons.seasonal_history(season, cut_off, last_purchase, observed)
