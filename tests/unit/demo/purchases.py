"""Estimates of the effects on purchase times in the full world: satisfaction on dropout, and the season.

Dropout is latent, and a month without purchases may be the season or the dropout. The likelihood of BG/NBD (Fader,
Hardie, Lee 2005) therefore contains both, and one Newton step from the truth measures the difference of each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import gammaln, roots_jacobi

from tests.unit.demo.estimates import END, Estimate
from tests.unit.demo.fits import Floats
from tests.unit.demo.truths import Demo

NODES = 48
STEP = 1e-3
TURN = 2 * np.pi / 365.25


@dataclass(frozen=True)
class Purchases:
    """The buyers of one segment, and their repeat orders in the order of person and time."""

    segment: dict[str, Any]
    first: Floats
    """Day of each buyer's first order, counted from the season's peak like all days."""
    end: float
    repeat_count: NDArray[np.int64]
    at: Floats
    """Day of each repeat order, and the buyer's satisfaction after it in points around the segment's level."""
    felt: Floats


def purchase_effects(full: Demo) -> dict[str, Estimate]:
    """Effect of satisfaction on the log odds of dropout after a repeat order; amplitude of the season."""
    effects = full.parameters["effects"]
    by_segment = [_purchases(full, segment) for segment in full.parameters["segments"]]
    dropout, season = effects["dropout_per_point"], effects["season"]

    def step(stated: float, log_likelihood: Callable[[Purchases, float], Floats]) -> Estimate:
        scores = np.concatenate(
            [
                (log_likelihood(some, stated + STEP) - log_likelihood(some, stated - STEP)) / (2 * STEP)
                for some in by_segment
            ]
        )
        information = float((scores**2).sum())
        return Estimate(stated, stated + float(scores.sum()) / information, information**-0.5)

    return {
        "dropout_per_point": step(dropout, lambda some, size: _log_likelihood(some, size, season)),
        "season": step(season, lambda some, size: _log_likelihood(some, dropout, size)),
    }


def _purchases(full: Demo, segment: dict[str, Any]) -> Purchases:
    people = full.label("people").query("is_buyer and segment == @segment['name']")
    orders = full.label("orders", parse_dates=["ordered_at"]).merge(people[["person", "mood"]], on="person")
    orders = orders.sort_values(["person", "sequence"])
    peak = pd.Timestamp(full.parameters["dates"]["season_peaks"], tz="Europe/Berlin")
    orders["day"] = (orders["ordered_at"].dt.tz_localize("UTC") - peak) / pd.Timedelta(days=1)
    orders["felt"] = orders["mood"] + full.parameters["effects"]["late_delivery"] * orders["is_late"]
    repeats = orders[orders["sequence"] > 0]
    first = orders[orders["sequence"] == 0]
    repeat_count = repeats.groupby("person").size().reindex(first["person"], fill_value=0)
    return Purchases(
        segment=segment,
        first=first["day"].to_numpy(),
        end=(END - peak) / pd.Timedelta(days=1),
        repeat_count=np.asarray(repeat_count, dtype=np.int64),
        at=repeats["day"].to_numpy(),
        felt=repeats["felt"].to_numpy(),
    )


def _log_likelihood(some: Purchases, dropout_per_point: float, season: float) -> Floats:
    """Log likelihood of each buyer: the rate is integrated in closed form, the dropout probability by quadrature."""
    r, alpha, a, b = (some.segment[name] for name in ("r", "alpha", "a", "b"))
    x = some.repeat_count
    last = np.cumsum(x)[x > 0] - 1
    position = np.repeat(np.arange(len(x)), x)

    def weeks(day: Floats | float) -> Floats:
        """Days of the operational clock."""
        return np.asarray((day + season / TURN * np.sin(TURN * np.asarray(day))) / 7)

    nodes, weights = roots_jacobi(NODES, b - 1, a - 1)
    chance, weights = (1 + nodes) / 2, weights / weights.sum()
    odds = np.exp(dropout_per_point * some.felt)[:, None]
    drops_out = chance * odds / (1 - chance + chance * odds)
    stays = np.zeros((len(x), NODES))
    np.add.at(stays, position, np.log1p(-drops_out))
    alive = (np.exp(stays) * weights).sum(axis=1)
    gone = np.zeros(len(x))
    gone[x > 0] = (np.exp(stays[x > 0]) * drops_out[last] / (1 - drops_out[last]) * weights).sum(axis=1)

    until_end = weeks(some.end) - weeks(some.first)
    until_last = np.zeros(len(x))
    until_last[x > 0] = weeks(some.at[last]) - weeks(some.first[x > 0])
    rate = alive * (alpha + until_end) ** -(r + x) + gone * (alpha + until_last) ** -(r + x)
    pace = np.bincount(position, np.log1p(season * np.cos(TURN * some.at)), minlength=len(x))
    return np.asarray(pace + gammaln(r + x) - gammaln(r) + r * np.log(alpha) + np.log(rate))
