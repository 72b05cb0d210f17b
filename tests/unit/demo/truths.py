"""Reads the truth of a generated folder.

The statistical tests share the seeds, fixed in advance, and the rule: an estimate lies within three standard errors of
the truth for at least four of the five seeds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from demo.generate import generate
from tests.unit.demo.companies import HISTORY, Extracts

SEEDS = (11, 23, 37, 58, 71)
LEAST_SEEDS = 4
STANDARD_ERRORS = 3.0


@dataclass(frozen=True)
class Demo(Extracts):
    """A generated folder with its truth."""

    @cached_property
    def parameters(self) -> Mapping[str, Any]:
        return json.loads((self.folder / "truth" / "parameters.json").read_text())  # type: ignore[no-any-return]

    @cached_property
    def faults(self) -> list[dict[str, Any]]:
        return json.loads((self.folder / "truth" / "faults.json").read_text())  # type: ignore[no-any-return]

    def label(self, name: str, **options: Any) -> pd.DataFrame:
        rows: pd.DataFrame = pd.read_csv(self.folder / "truth" / f"{name}.csv", **options)
        return rows


def demo(folder: Path, *, customers: int, nights: int = 0, seed: int, dirt: Sequence[str] = (), **options: Any) -> Demo:
    """Generate a demo company and read it."""
    generate(folder, customers=customers, nights=nights, seed=seed, history_load_date=HISTORY, dirt=dirt, **options)
    return Demo(folder)
