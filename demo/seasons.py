"""The yearly season: more orders before Christmas, fewer in June.

Purchases are timed on an operational clock that runs faster in the season. The purchase process is stationary on this
clock and seasonal on the calendar.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from demo.world import HORIZON_NIGHTS, Rates, World, days_between, midnight

DAYS_PER_YEAR = 365.25
PEAK = (12, 5)


def peak_of_season(world: World) -> date:
    """The day of the seasonal peak."""
    return world.history_load_date.replace(month=PEAK[0], day=PEAK[1])


def shop_days(world: World, days: Rates) -> Rates:
    """Convert calendar days since the world's start to days of the operational clock."""
    peak = float(days_between(world.start, midnight(peak_of_season(world))))
    turn = 2 * np.pi / DAYS_PER_YEAR
    swing = np.sin(turn * (days - peak)) + np.sin(turn * peak)
    return np.asarray(days + world.effects.season / turn * swing, dtype=np.float64)


def calendar_days(world: World, of_shop: Rates) -> Rates:
    """Convert back to calendar days; days beyond the horizon stay beyond it."""
    if not world.effects.season:
        return of_shop
    grid = np.arange(world.history_days + HORIZON_NIGHTS + 31, dtype=np.float64)
    return np.interp(of_shop, shop_days(world, grid), grid)
