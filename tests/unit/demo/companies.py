"""Generates and reads demo companies in the systems' formats."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from demo.generate import generate
from demo.world import BLOCK

HISTORY = date(2025, 12, 31)
NIGHTS = 4


def make(out: Path, *, customers: int = 300, nights: int = NIGHTS, seed: int = 7, block_size: int = BLOCK) -> Path:
    generate(out, customers=customers, nights=nights, seed=seed, history_load_date=HISTORY, block_size=block_size)
    return out


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@dataclass(frozen=True)
class Extracts:
    """A generated folder, read in the systems' formats."""

    folder: Path

    def drop(self, system: str, table: str, night: int = 0) -> pd.DataFrame:
        """The rows of one load date; night 0 is the history."""
        day = "history" if night == 0 else (HISTORY + timedelta(days=night)).isoformat()
        (path,) = (self.folder / day / system).glob(f"{table}.*")
        match path.suffix:
            case ".csv":
                return pd.read_csv(path, dtype=str)
            case ".parquet":
                return pd.read_parquet(path)
            case ".gz":
                text = gzip.decompress(path.read_bytes()).decode()
            case _:
                text = path.read_text(encoding="utf-8")
        return pd.DataFrame([json.loads(line) for line in text.splitlines() if line])

    def until(self, system: str, table: str, night: int = NIGHTS) -> pd.DataFrame:
        """All rows up to a night, with the night of their delivery."""
        drops = [self.drop(system, table, number).assign(night=number) for number in range(night + 1)]
        return pd.concat([rows for rows in drops if len(rows)], ignore_index=True)

    def values(self, system: str, table: str, column: str, night: int = NIGHTS) -> set[str]:
        """The values of a column up to a night, without nulls."""
        return set(self.until(system, table, night)[column].dropna())
