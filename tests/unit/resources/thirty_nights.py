"""Thirty demo nights in the landing, for tests that compare what one kind of source lands with what another does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.demo.generate import generate
from orchestration.deployment import Deployment, Table
from orchestration.home import Home
from orchestration.resources.landing import Landing

HISTORY = date(2025, 12, 31)
DAYS = [HISTORY + timedelta(days=night) for night in range(31)]


def thirty_nights(folder: Path) -> Path:
    """The extracts of a demo company: its history and thirty nights."""
    generate(folder, customers=300, nights=30, seed=11, history_load_date=HISTORY)
    return folder


def landed(deployment: Deployment, home: Home, extracts: Path, name: str) -> dict[date, pa.Table]:
    """Pull every night of a table through gate 1 into the landing; the rows of each in their order."""
    table = _table(deployment, name)
    units = Landing(deployment, home, extracts).admit(table, DAYS)
    assert [unit.load_date for unit in units if unit.has_landed] == DAYS
    folder = home.landing / table.system_name / table.table_name
    parts = {day: sorted((folder / f"load_date={day}").glob("*.parquet")) for day in DAYS}
    return {day: pa.concat_tables(pq.ParquetFile(part).read() for part in found) for day, found in parts.items()}


def landed_twice(
    deployment: Deployment, home: Home, extracts: Path, name: str, days: Sequence[date], again: date
) -> tuple[dict[Path, bytes], dict[Path, bytes]]:
    """Every file of a table's landing after some days were pulled, and after one of them was pulled again."""
    landing, table = Landing(deployment, home, extracts), _table(deployment, name)
    landing.admit(table, days)
    before = _files(home.landing)
    landing.admit(table, [again])
    return before, _files(home.landing)


def _table(deployment: Deployment, name: str) -> Table:
    return next(table for table in deployment.tables() if table.name == name)


def _files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
