"""A small company with five systems, one of each kind, in a copy of the project: bug reports become its rows.

Its deployment is the folder ``market`` beside this file: a CSV shop, a CSV till, a Parquet point of sale, a JSON Lines
help desk and survey tool. The history lasts until 2026-10-31, one night follows.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from orchestration.config.deployment import load_deployment
from tests.integration.own_data import Copy

Row = Mapping[str, Any]
FOLDER = Path(__file__).parent / "market"
NAME = FOLDER.name
HISTORY, NIGHT = "2026-10-31", "2026-11-01"


Delivery = Mapping[str, Sequence[Row] | pd.DataFrame]
"""Rows by ``<system>__<table>``; a frame where the types of a Parquet file matter."""


@dataclass
class Market:
    """The company in a copy of the project."""

    copy: Copy

    @classmethod
    def made(cls, root: Path) -> Market:
        """Put its folder beside the deployments of a copy of the project at ``root``."""
        market = cls(Copy.made(root))
        shutil.copytree(FOLDER, root / "deployments" / NAME)
        return market

    def deliver(self, load_date: str, *deliveries: Delivery) -> None:
        """Write one drop of every table, with the rows of all ``deliveries``."""
        extracts = self.copy.root / "data" / NAME / "extracts" / load_date
        for table in load_deployment(str(FOLDER)).tables():
            rows = [delivery[table.name] for delivery in deliveries if table.name in delivery]
            path = extracts / table.system_name / f"{table.table_name}.{table.system.kind}"
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, table.settings.rules.columns, rows)

    def run(self, to: str, *, fails: bool = False) -> str:
        """Run all pending load dates up to ``to``; returns what the run printed."""
        return self.copy.run(f"make run DEPLOYMENT={NAME} ARGS='--to {to}'", fails=fails)

    def query(self, sql: str, version: Path | None = None) -> list[tuple[object, ...]]:
        """Query the published file: the current one, or that of an earlier ``version``."""
        with duckdb.connect((version or self.version()) / "cx360.duckdb", read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def version(self) -> Path:
        """The folder of the current version."""
        return (self.copy.root / "data" / NAME / "published" / "current").resolve()


def _write(path: Path, columns: Sequence[str], deliveries: Sequence[Sequence[Row] | pd.DataFrame]) -> None:
    if path.suffix == ".parquet":
        frames = [pd.DataFrame(delivery) for delivery in deliveries if len(delivery)]
        pd.concat([pd.DataFrame(columns=list(columns)), *frames]).to_parquet(path, index=False)
        return
    rows = [dict(row) for delivery in deliveries if not isinstance(delivery, pd.DataFrame) for row in delivery]
    with path.open("w", encoding="utf-8", newline="") as file:
        if path.suffix == ".csv":
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        else:
            empty: dict[str, Any] = dict.fromkeys(columns)
            file.writelines(json.dumps({**empty, **row}, ensure_ascii=False) + "\n" for row in rows)
