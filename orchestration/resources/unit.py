"""One unit on its way into the landing: written beside its place, moved there by a rename if the gate lets it through.

Part of the landing (``landing.py``): nothing else writes below ``landing/`` and ``quarantine/``.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from expectations.suite import RawSuite
from orchestration.connectors.batch import Batch
from orchestration.deployment import Table
from orchestration.gates import Broken, Finding
from orchestration.home import Home

EXAMPLES = 3
UNREADABLE = "the row cannot be read as a record"
LINEAGE = ("_load_date", "_source_file", "_source_row")

REJECTED = pa.schema(
    [
        ("_load_date", pa.date32()),
        ("_source_file", pa.string()),
        ("_source_row", pa.int64()),
        ("rules", pa.list_(pa.string())),
        ("reasons", pa.list_(pa.string())),
        ("row_text", pa.string()),
    ]
)


@dataclass(frozen=True)
class Unit:
    """What became of one unit at gate 1."""

    table: str
    load_date: date
    profile: dict[str, Any]
    findings: tuple[Finding, ...]
    examples: tuple[str, ...]

    @property
    def has_landed(self) -> bool:
        """Whether the gate let the unit through."""
        return not any(finding.severity == "error" for finding in self.findings)

    def explain(self) -> str:
        """What is wrong with the unit, for the person who must fix it."""
        lines = [f"{self.table}, load date {self.load_date}:"]
        lines += [f"  {finding.severity}: {finding.message}" for finding in self.findings]
        lines += [f"  for example {example}" for example in self.examples]
        return "\n".join(lines)


class UnitWriter:
    """Writes one unit beside its place, and moves it there when the gate lets it through."""

    def __init__(self, home: Home, table: Table, suite: RawSuite, load_date: date) -> None:
        self.table, self.suite, self.load_date = table, suite, load_date
        self.landing = home.landing / table.system_name / table.table_name
        self.quarantine = home.quarantine / table.system_name / table.table_name
        self.name = f"load_date={load_date.isoformat()}"
        self.new_landing, self.new_quarantine = (
            self.landing / f".new-{self.name}",
            self.quarantine / f".new-{self.name}",
        )
        self.new_landing.mkdir(parents=True)
        self.new_quarantine.mkdir(parents=True)
        self.parts = self.landed_count = self.rejected_count = 0
        self.examples: list[str] = []
        self.delivered: dict[str, None] = {}

    def take(self, batch: Batch, broken: Mapping[int, list[Broken]]) -> None:
        """Write the good rows of a batch to the unit's landing, the others to its quarantine."""
        self.delivered |= dict.fromkeys(name for name in batch.rows.column_names if name not in LINEAGE)
        rejected = [
            (fault.source_file, fault.source_row, [Broken(UNREADABLE, fault.reason)], fault.text)
            for fault in batch.faults
        ]
        rows = batch.rows
        for row, rules in zip(rows.take(pa.array(list(broken), pa.int64())).to_pylist(), broken.values(), strict=True):
            file, place = row.pop("_source_file"), row.pop("_source_row")
            rejected.append((file, place, rules, json.dumps(row, ensure_ascii=False, default=str)))
        if broken:
            rows = rows.filter(pa.array([place not in broken for place in range(rows.num_rows)], pa.bool_()))
        if rows.num_rows:
            self._write_landing(rows)
        if rejected:
            self._write_quarantine(sorted(rejected, key=lambda row: row[1]))

    def close(self, earlier: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Finish the unit's files: each unit has at least one of either kind, with the promised columns.

        Args:
            earlier: profiles of units that are about to land before this one.
        """
        if not self.parts:
            self._write_landing(
                pa.table({"_source_file": pa.array([], pa.string()), "_source_row": pa.array([], pa.int64())})
            )
        if not self.rejected_count:
            self._write_quarantine([])
        profile = self._profile(earlier)
        kept = (
            "system",
            "table",
            "load_date",
            "source_row_count",
            "landed_row_count",
            "quarantined_row_count",
            "columns",
        )
        text = json.dumps({key: profile[key] for key in kept}, ensure_ascii=False)
        (self.new_landing / "profile.json").write_text(text, encoding="utf-8")
        return profile

    def land(self) -> None:
        """Move the unit to its place, quarantine first: a kill in between loses no rejected row."""
        _replace(self.quarantine / self.name, self.new_quarantine)
        _replace(self.landing / self.name, self.new_landing)

    def discard(self) -> None:
        """Leave what was there before."""
        shutil.rmtree(self.new_landing)
        shutil.rmtree(self.new_quarantine)

    def _write_landing(self, rows: pa.Table) -> None:
        """Write rows with every column that staging may ask for; one that was not delivered is all null."""
        for name in (*self.suite.required, *self.suite.optional):
            if name not in rows.column_names:
                rows = rows.append_column(name, pa.nulls(rows.num_rows, pa.string()))
        rows = rows.append_column("_load_date", pa.array([self.load_date] * rows.num_rows, pa.date32()))
        self.parts += 1
        self.landed_count += rows.num_rows
        pq.write_table(rows, self.new_landing / f"part-{self.parts:05d}.parquet", compression="zstd")

    def _write_quarantine(self, rejected: Sequence[tuple[str, int, list[Broken], str]]) -> None:
        rows = [
            {
                "_load_date": self.load_date,
                "_source_file": file,
                "_source_row": place,
                "rules": [broken.rule for broken in rules],
                "reasons": [broken.reason for broken in rules],
                "row_text": text,
            }
            for file, place, rules, text in rejected
        ]
        name = f"part-{self.rejected_count + 1:09d}.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema=REJECTED), self.new_quarantine / name)
        self.rejected_count += len(rows)
        told = [
            f"{file}, line {place}: {'; '.join(broken.reason for broken in rules)}"
            for file, place, rules, _ in rejected
        ]
        self.examples = (self.examples + told)[:EXAMPLES]

    def _profile(self, earlier: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        row_count = self.landed_count + self.rejected_count
        limit = self.table.settings.rejected_rate_limit
        missing = [name for name in self.suite.required if name not in self.delivered]
        missing_optional = [name for name in self.suite.optional if name not in self.delivered]
        new = [name for name in self.delivered if name not in {*self.suite.required, *self.suite.optional}]
        recent = self._recent_row_counts(earlier)
        recent_median = median(recent) if len(recent) >= 4 else 0
        was_delivered = bool(self.delivered)
        return {
            "system": self.table.system_name,
            "table": self.table.table_name,
            "load_date": self.load_date.isoformat(),
            "columns": list(self.delivered),
            "source_row_count": row_count,
            "landed_row_count": self.landed_count,
            "quarantined_row_count": self.rejected_count,
            "row_count": row_count,
            "rejected_count": self.rejected_count,
            "rejected_rate_limit": limit,
            "rejected_excess": max(0.0, round(self.rejected_count - limit * row_count, 6)),
            "delivered_columns": ", ".join(self.delivered),
            "missing_column_count": len(missing) if was_delivered else 0,
            "missing_columns": ", ".join(missing),
            "missing_optional_count": len(missing_optional) if was_delivered else 0,
            "missing_optional_columns": ", ".join(missing_optional),
            "new_column_count": len(new),
            "new_columns": ", ".join(new),
            "recent_median": recent_median,
            "volume_ratio": round(row_count / recent_median, 2) if recent_median >= 100 else None,
        }

    def _recent_row_counts(self, earlier: Sequence[Mapping[str, Any]]) -> list[int]:
        """The row counts of the last 14 nights before this one; the history drop is no night."""
        history, today = self.table.deployment.history_load_date.isoformat(), self.load_date.isoformat()
        profiles = self.landing.glob("load_date=*/profile.json")
        landed = (json.loads(path.read_text(encoding="utf-8")) for path in profiles)
        counts = {profile["load_date"]: profile["source_row_count"] for profile in (*landed, *earlier)}
        return [counts[night] for night in sorted(counts) if history < night < today][-14:]


def _replace(place: Path, new: Path) -> None:
    """Put ``new`` in its place. A kill between the renames is mended by the next run (``Landing._recover``)."""
    old = place.parent / f".old-{place.name}"
    if place.exists():
        place.rename(old)
    new.rename(place)
    if old.exists():
        shutil.rmtree(old)
