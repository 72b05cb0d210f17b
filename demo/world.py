"""Assumptions of the demo company: its clock, its size and the parameters of its customers' behavior.

Add here a figure that a reader may want to know or to change. Keep out how rows are drawn from it (people, buying,
journeys, feedback) and how files are written (write).

Every draw covers a fixed horizon after the history, whatever the number of nights. A demo with more nights therefore
starts with the same files.
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
"""Customers per block: a company is drawn block by block, so that memory stays bounded at any size."""
IDS_PER_BLOCK = 1_000_000
GROWTH = 0.40
"""New customers within the horizon after the history, per customer of the history."""

HOUR = 1 / 24
MINUTE = HOUR / 60
"""In days."""

Times = NDArray[np.datetime64]
Numbers = NDArray[np.int64]
Rates = NDArray[np.float64]
Flags = NDArray[np.bool_]
Texts = NDArray[Any]


@dataclass(frozen=True)
class Segment:
    """Parameters of the customers of one CRM segment."""

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


# Customers change segment within two pairs: consumer and premium, small business and enterprise.
SEGMENTS = (
    Segment("consumer", 0.60, 0.9, 18, 0.8, 3.2, 6.0, 4.0, 29.0, 0.0, 0.22),
    Segment("premium", 0.17, 1.4, 14, 0.6, 5.4, 6.0, 4.0, 48.0, 0.5, 0.30),
    Segment("small_business", 0.18, 1.6, 13, 0.5, 5.5, 5.0, 4.0, 120.0, -0.2, 0.26),
    Segment("enterprise", 0.05, 2.2, 11, 0.4, 7.6, 5.0, 4.0, 300.0, -0.5, 0.34),
)


@dataclass(frozen=True)
class World:
    """One demo company: its customer count at the end of the history, and what is delivered of it."""

    customers: int
    nights: int
    seed: int
    history_load_date: date
    effects: Effects = FULL
    block: int = 0
    """The number of the block of customers."""
    block_size: int = BLOCK
    dirt: frozenset[str] = frozenset()
    """The kinds of planted faults."""
    history_days: int = HISTORY_DAYS

    def rng(self, part: str) -> np.random.Generator:
        """The random generator of one part of the block: a change in one part does not affect the others."""
        return np.random.default_rng([self.seed, zlib.crc32(part.encode()), self.block])

    def company_rng(self, part: str) -> np.random.Generator:
        """The random generator of one part that all blocks share."""
        return np.random.default_rng([self.seed, zlib.crc32(part.encode())])

    @property
    def blocks(self) -> list[World]:
        """One copy of the world per block."""
        return [replace(self, block=block) for block in range(-(-self.customers // self.block_size))]

    @property
    def block_customers(self) -> int:
        """The customer count of this block."""
        return min(self.block_size, self.customers - self.block * self.block_size)

    def numbered(self, prefix: str, count: int) -> Texts:
        """Consecutive ids; each block has its own range."""
        return np.array([f"{prefix}{number:08d}" for number in self.counted(count).tolist()], dtype=object)

    def counted(self, count: int) -> Numbers:
        """Consecutive numbers from 1; each block has its own range."""
        return self.block * IDS_PER_BLOCK + np.arange(1, count + 1)

    def scattered(self, prefix: str, numbers: Numbers) -> Texts:
        """Ids that look random, of records that this block numbers."""
        return scattered(prefix, numbers + self.block * IDS_PER_BLOCK)

    def days_before_end(self, days: int) -> np.datetime64:
        """The midnight this many days before the end of the history."""
        return midnight(self.history_load_date - timedelta(days=days - 1))

    @property
    def start(self) -> np.datetime64:
        """Start of the history."""
        return self.days_before_end(self.history_days)

    @property
    def history_end(self) -> np.datetime64:
        """End of the history and start of the first night's window."""
        return midnight(self.history_load_date + timedelta(days=1))

    @property
    def horizon_end(self) -> np.datetime64:
        """End of every draw, whatever the number of nights."""
        return midnight(self.history_load_date + timedelta(days=HORIZON_NIGHTS + 1))

    @property
    def price_rise_at(self) -> np.datetime64:
        """Time of the price rise."""
        return self.days_before_end(self.effects.price_rise_days)

    def price_level(self, at: Times) -> Rates:
        """Prices at these times, relative to the first prices."""
        return np.where(at >= self.price_rise_at, 1 + self.effects.price_rise, 1.0)

    @property
    def initiative_start(self) -> np.datetime64:
        """Time from which the initiative reaches treated people."""
        return self.days_before_end(self.effects.initiative_days)

    @property
    def load_dates(self) -> list[date]:
        """The load date of the history, then those of the nights."""
        return [self.history_load_date + timedelta(days=night) for night in range(self.nights + 1)]

    @property
    def window_ends(self) -> Times:
        """End of the window of each load date."""
        return np.array([midnight(day + timedelta(days=1)) for day in self.load_dates])


def midnight(day: date) -> np.datetime64:
    """The UTC time at which a day starts in the company's time zone."""
    local = datetime.combine(day, time(), ZoneInfo(ZONE))
    return np.datetime64(int(local.timestamp()), "s")


def after(at: Times | np.datetime64, days: Rates | float) -> Times:
    """Add days to times, rounded to the second; days may be negative."""
    later: Times = np.add(at, np.round(np.multiply(days, 86_400)).astype("timedelta64[s]"))
    return later


def days_between(earlier: Times | np.datetime64, later: Times | np.datetime64) -> Rates:
    """Days from one time to another."""
    return np.asarray(later - earlier).astype("timedelta64[s]").astype(np.int64) / 86_400


def in_waking_hours(rng: np.random.Generator, at: Times) -> Times:
    """Move times to waking hours of the same local day."""
    hours = 7 + 14 * rng.beta(2.2, 1.8, len(at))
    day = after(at, 2 * HOUR).astype("datetime64[D]")  # a local day starts at 22:00 or 23:00 UTC
    return after(day.astype("datetime64[s]"), hours * HOUR)


def in_order(rows: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Sort rows by these columns, times or numbers; the sort is stable."""
    position = np.lexsort([rows[column].to_numpy() for column in reversed(columns)])
    return rows.iloc[position].reset_index(drop=True)


def time_where(condition: Flags, at: Times) -> Times:
    """The times where the condition holds, NaT elsewhere."""
    return np.where(condition, at, np.datetime64("NaT", "s"))


def text_where(condition: Flags, texts: Texts) -> Texts:
    """The texts where the condition holds, None elsewhere."""
    shown = texts.astype(object)
    shown[~condition] = None
    return shown


def pick(rng: np.random.Generator, shares: dict[str, float], count: int) -> Texts:
    """Draw names with the given shares."""
    weights = np.array(list(shares.values()), dtype=float)
    names = np.array(list(shares), dtype=object)
    return names[rng.choice(len(names), count, p=weights / weights.sum())]


def of_segments(attribute: str, segments: Numbers) -> Rates:
    """One parameter per customer, by segment."""
    return np.array([getattr(segment, attribute) for segment in SEGMENTS], dtype=float)[segments]


def scattered(prefix: str, numbers: Numbers) -> Texts:
    """Unique ids that look random; the prefix, one per system, changes the number."""
    numbers = (numbers * 61_803_399 + zlib.crc32(prefix.encode())) % 100_000_000
    return np.array([f"{prefix}{number:08d}" for number in numbers.tolist()], dtype=object)


def named(names: Texts, positions: Numbers) -> Texts:
    """The names at these positions, None where a position is -1."""
    return np.array([*names, None], dtype=object)[positions]
