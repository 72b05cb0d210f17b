"""Reading a generated folder as its systems' formats say, for the tests of what it carries.

The statistical tests share the seeds, which were chosen before anything was looked at, and their rule: an estimate
lies within three standard errors of the truth for at least four of the five seeds.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from orchestration.demo.generate import generate

HISTORY = date(2025, 12, 31)
SEEDS = (11, 23, 37, 58, 71)
LEAST_SEEDS = 4
STANDARD_ERRORS = 3.0


@dataclass(frozen=True)
class Demo:
    """A generated folder: drops by name (``history`` or a load date), and what is true of it."""

    folder: Path

    @cached_property
    def parameters(self) -> Mapping[str, Any]:
        return json.loads((self.folder / "truth" / "parameters.json").read_text())  # type: ignore[no-any-return]

    @cached_property
    def faults(self) -> list[dict[str, Any]]:
        return json.loads((self.folder / "truth" / "faults.json").read_text())  # type: ignore[no-any-return]

    def label(self, name: str, **options: Any) -> pd.DataFrame:
        rows: pd.DataFrame = pd.read_csv(self.folder / "truth" / f"{name}.csv", **options)
        return rows

    def drop(self, system: str, table: str, drop: str = "history") -> pd.DataFrame:
        (path,) = (self.folder / drop / system).glob(f"{table}.*")
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


def demo(
    folder: Path, *, customers: int, nights: int = 0, seed: int, world: str = "full", dirt: Sequence[str] = ()
) -> Demo:
    """Generate a demo company and read it."""
    generate(folder, customers=customers, nights=nights, seed=seed, history_load_date=HISTORY, world=world, dirt=dirt)
    return Demo(folder)
