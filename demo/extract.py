"""An extract table: the rows that a system delivers, split by night."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from demo.world import Times, World, after

LATE_ROWS_SHARE = 0.01
MOST_NIGHTS_LATE = 10


@dataclass(frozen=True)
class Extract:
    """One table of one system: one row per change, and the column with the time of the change."""

    system: str
    table: str
    rows: pd.DataFrame
    changed_at: str
    latest_of: str | None = None
    """A key column: the system delivers only the last change of a key within one window."""
    is_whole: bool = False
    """Every window delivers the whole table."""
    is_shared: bool = False
    """The rows do not depend on customers: only the first block delivers them."""
    is_late_at_times: bool = False
    """A few rows arrive late."""

    person_id: str | None = None
    """The id column, if the rows are records of people."""

    def windows(self, world: World) -> list[pd.DataFrame]:
        """The rows of each load date, by time."""
        if self.is_shared and world.block:
            return [self.rows.iloc[:0]] * len(world.load_dates)
        if self.is_whole:
            return [self.rows] * len(world.load_dates)
        happened_at = self.rows[self.changed_at].to_numpy()
        window = np.searchsorted(world.window_ends, self._arrives_at(world, happened_at), side="right")
        order = np.lexsort((happened_at, window))
        window, rows = window[order], self.rows.iloc[order]
        if self.latest_of:
            is_last = ~rows.assign(window=window).duplicated(["window", self.latest_of], keep="last").to_numpy()
            window, rows = window[is_last], rows[is_last]
        ends = np.searchsorted(window, np.arange(len(world.load_dates)), side="right")
        return [rows.iloc[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]

    def _arrives_at(self, world: World, happened_at: Times) -> Times:
        if not (self.is_late_at_times and "late_rows" in world.dirt):
            return happened_at
        rng = world.rng(f"late {self.table}")
        is_late = rng.random(len(happened_at)) < LATE_ROWS_SHARE
        nights = np.where(is_late, rng.integers(1, MOST_NIGHTS_LATE + 1, len(happened_at)), 0)
        return np.where(happened_at < world.history_end, happened_at, after(happened_at, nights))
