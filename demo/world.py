"""What is assumed of the demo company: its clock, its size, and the parameters that its customers behave by.

Add here a figure that a reader may want to know or to change. Keep out how rows are drawn from it (people, buying,
journeys, feedback) and how they are written (write).

Every draw covers a fixed horizon after the history, however many nights are asked for. So a demo made again with
more nights begins with the very same files.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from demo.effects import FULL, Effects

ZONE = "Europe/Berlin"
HISTORY_DAYS = 731
HORIZON_NIGHTS = 366
BLOCK = 25_000
"""A company is drawn so many customers at a time: memory stays bounded, whatever the size."""
IDS_PER_BLOCK = 1_000_000
GROWTH = 0.40
"""Customers who join within the horizon after the history, per customer of the history."""

HOUR = 1 / 24
MINUTE = HOUR / 60
"""Times are counted in days."""

Times = NDArray[np.datetime64]
Numbers = NDArray[np.int64]
Rates = NDArray[np.float64]
Flags = NDArray[np.bool_]
Texts = NDArray[Any]


@dataclass(frozen=True)
class Segment:
    """How the customers of one CRM segment buy and feel."""

    name: str
    share: float
    # Purchase timing, BG/NBD: orders per week ~ Gamma(r, alpha), dropout after a repeat order ~ Beta(a, b).
    r: float
    alpha: float
    a: float
    b: float
    # Spend per order in euros, Gamma-Gamma.
    p: float
    q: float
    v: float
    satisfaction: float
    response_rate: float


# A customer who changes segment goes to the neighbour: consumer and premium, small business and enterprise.
SEGMENTS = (
    Segment("consumer", 0.60, 0.9, 18, 0.8, 3.2, 6.0, 4.0, 29.0, 0.0, 0.22),
    Segment("premium", 0.17, 1.4, 14, 0.6, 5.4, 6.0, 4.0, 48.0, 0.5, 0.30),
    Segment("small_business", 0.18, 1.6, 13, 0.5, 5.5, 5.0, 4.0, 120.0, -0.2, 0.26),
    Segment("enterprise", 0.05, 2.2, 11, 0.4, 7.6, 5.0, 4.0, 300.0, -0.5, 0.34),
)


@dataclass(frozen=True)
class World:
    """One demo company: how many customers it knows when the history ends, and what is delivered of it."""

    customers: int
    nights: int
    seed: int
    history_load_date: date
    effects: Effects = FULL
    block: int = 0
    """Which of its blocks of customers is drawn."""
    dirt: frozenset[str] = frozenset()
    """The kinds of faults that are planted."""

    def rng(self, part: str) -> np.random.Generator:
        """The random numbers of one part of the block: a change in one part leaves the others as they are."""
        return np.random.default_rng([self.seed, zlib.crc32(part.encode()), self.block])

    def company_rng(self, part: str) -> np.random.Generator:
        """The random numbers of what all blocks share."""
        return np.random.default_rng([self.seed, zlib.crc32(part.encode())])

    @property
    def blocks(self) -> list[World]:
        """The world once for each of its blocks."""
        return [replace(self, block=block) for block in range(-(-self.customers // BLOCK))]

    @property
    def block_customers(self) -> int:
        """The customers of this block."""
        return min(BLOCK, self.customers - self.block * BLOCK)

    def numbered(self, prefix: str, count: int) -> Texts:
        """Ids that are counted up, each block in a range of its own."""
        return np.array([f"{prefix}{place:08d}" for place in self.counted(count).tolist()], dtype=object)

    def counted(self, count: int) -> Numbers:
        """Numbers from one on, each block in a range of its own."""
        return self.block * IDS_PER_BLOCK + np.arange(1, count + 1)

    def scattered(self, prefix: str, places: Numbers) -> Texts:
        """Ids that look drawn at random, of things that this block alone counts."""
        return scattered(prefix, places + self.block * IDS_PER_BLOCK)

    def days_before_end(self, days: int) -> np.datetime64:
        """The midnight so many days before the end of the history."""
        return midnight(self.history_load_date - timedelta(days=days - 1))

    @property
    def start(self) -> np.datetime64:
        """When the history begins."""
        return midnight(self.history_load_date - timedelta(days=HISTORY_DAYS - 1))

    @property
    def history_end(self) -> np.datetime64:
        """When the history ends and the first night's window begins."""
        return midnight(self.history_load_date + timedelta(days=1))

    @property
    def horizon_end(self) -> np.datetime64:
        """Until when everything is drawn, however many nights are delivered."""
        return midnight(self.history_load_date + timedelta(days=HORIZON_NIGHTS + 1))

    @property
    def price_rise_at(self) -> np.datetime64:
        """From when on prices are higher."""
        return self.days_before_end(self.effects.price_rise_days)

    def price_level(self, at: Times) -> Rates:
        """What prices are at these times, relative to the first ones."""
        return np.where(at >= self.price_rise_at, 1 + self.effects.price_rise, 1.0)

    @property
    def initiative_start(self) -> np.datetime64:
        """From when on the initiative reaches the people who are treated."""
        return self.days_before_end(self.effects.initiative_days)

    @property
    def load_dates(self) -> list[date]:
        """The load date of the history, then those of the nights."""
        return [self.history_load_date + timedelta(days=night) for night in range(self.nights + 1)]

    @property
    def window_ends(self) -> Times:
        """When the window of each load date ends."""
        return np.array([midnight(day + timedelta(days=1)) for day in self.load_dates])


def midnight(day: date) -> np.datetime64:
    """The UTC time at which a day begins where the company is."""
    local = datetime.combine(day, time(), ZoneInfo(ZONE))
    return np.datetime64(int(local.timestamp()), "s")


def after(at: Times | np.datetime64, days: Rates | float) -> Times:
    """The times so many days later, to the second; earlier where the days are negative."""
    later: Times = np.add(at, np.round(np.multiply(days, 86_400)).astype("timedelta64[s]"))
    return later


def days_between(earlier: Times | np.datetime64, later: Times | np.datetime64) -> Rates:
    """Days from one time to another."""
    return np.asarray(later - earlier).astype("timedelta64[s]").astype(np.int64) / 86_400


def in_waking_hours(rng: np.random.Generator, at: Times) -> Times:
    """The same days, at hours when people are awake."""
    hours = 7 + 14 * rng.beta(2.2, 1.8, len(at))
    day = after(at, 2 * HOUR).astype("datetime64[D]")  # a local day begins at 22:00 or 23:00 UTC
    return after(day.astype("datetime64[s]"), hours * HOUR)


def in_order(rows: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """The rows by these columns, times or numbers, the first of them foremost; equal rows stay as they are."""
    place = np.lexsort([rows[column].to_numpy() for column in reversed(columns)])
    return rows.iloc[place].reset_index(drop=True)


def time_where(condition: Flags, at: Times) -> Times:
    """The times where the condition holds, nothing elsewhere."""
    return np.where(condition, at, np.datetime64("NaT", "s"))


def text_where(condition: Flags, texts: Texts) -> Texts:
    """The texts where the condition holds, nothing elsewhere."""
    shown = texts.astype(object)
    shown[~condition] = None
    return shown


def pick(rng: np.random.Generator, shares: dict[str, float], count: int) -> Texts:
    """Draw names by their shares."""
    weights = np.array(list(shares.values()), dtype=float)
    names = np.array(list(shares), dtype=object)
    return names[rng.choice(len(names), count, p=weights / weights.sum())]


def of_segments(attribute: str, segments: Numbers) -> Rates:
    """One parameter for each of the customers, by segment."""
    return np.array([getattr(segment, attribute) for segment in SEGMENTS], dtype=float)[segments]


def scattered(prefix: str, numbers: Numbers) -> Texts:
    """Ids that look drawn at random: unique, and not the same number in every system."""
    places = (numbers * 61_803_399 + zlib.crc32(prefix.encode())) % 100_000_000
    return np.array([f"{prefix}{place:08d}" for place in places.tolist()], dtype=object)


def named(names: Texts, places: Numbers) -> Texts:
    """The names at these places, nothing where a place is -1."""
    return np.array([*names, None], dtype=object)[places]
