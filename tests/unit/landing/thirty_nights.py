"""Thirty demo nights in the landing, for tests that compare what one kind of source lands with what files do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment, Table
from orchestration.landing.landing import Landing

HISTORY = date(2025, 12, 31)
DAYS = [HISTORY + timedelta(days=night) for night in range(31)]


@dataclass(frozen=True)
class Landed:
    """A company that is pulled through gate 1 into its landing, a table at a time."""

    deployment: Deployment
    home: Home
    extracts: Path
    there: set[str] = field(default_factory=set)

    def nights(self, name: str) -> dict[date, pa.Table]:
        """The history and thirty nights of a table, the rows of each in their order; pulled once."""
        if name not in self.there:
            units = Landing(self.deployment, self.home, self.extracts).admit(self.table(name), DAYS)
            assert [unit.load_date for unit in units if unit.has_landed] == DAYS
            self.there.add(name)
        return {day: pa.concat_tables(pq.ParquetFile(part).read() for part in self.parts(name, day)) for day in DAYS}

    def parts(self, name: str, day: date) -> list[Path]:
        """The files that a night of a table landed as."""
        table = self.table(name)
        return sorted((self.home.landing / table.system_name / table.table_name / f"load_date={day}").glob("*.parquet"))

    def table(self, name: str) -> Table:
        """A table by its name."""
        return next(table for table in self.deployment.tables() if table.name == name)

    def pull(self, name: str, *days: date) -> dict[Path, bytes]:
        """Pull some days of a table; every file of the landing then."""
        Landing(self.deployment, self.home, self.extracts).admit(self.table(name), days)
        return {path: path.read_bytes() for path in self.home.landing.rglob("*") if path.is_file()}
