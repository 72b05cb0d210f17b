"""The landing: the only place that writes below ``landing/`` and ``quarantine/``.

A unit (system, table, load date) lands whole by one directory rename, or not at all. Add here how rows become files;
keep out how they are pulled (``connectors/``) and which rows are good (``expectations/raw``, judged by ``gates.py``).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from expectations.registry import raw_suite
from expectations.suite import RawSuite
from orchestration.connectors.batch import Batch
from orchestration.connectors.files import available_load_dates, pull
from orchestration.deployment import Deployment, Table
from orchestration.gates import Finding, broken_profile_rules, broken_row_rules
from orchestration.home import Home

ROWS_PER_JUDGEMENT = 100_000
EXAMPLES = 3
LINEAGE = ("_load_date", "_source_file", "_source_row")

REJECTED = pa.schema(
    [
        ("_load_date", pa.date32()),
        ("_source_file", pa.string()),
        ("_source_row", pa.int64()),
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


@dataclass
class Landing:
    """Lands the tables of a deployment from its extracts folder."""

    deployment: Deployment
    home: Home
    extracts: Path

    @cached_property
    def delivered_load_dates(self) -> list[date]:
        """The load dates for which anything was delivered when the run asked first."""
        return available_load_dates(self.deployment, self.extracts)

    def admit(self, table: Table, load_dates: Sequence[date]) -> list[Unit]:
        """Pull, judge and land the units of ``table``, oldest first.

        Units land up to the first one that the gate refuses; a refused unit leaves what was there before.

        Raises:
            PipelineError: the source could not be read, or a check could not be judged.
        """
        self._recover(table)
        suite = raw_suite(table.name)
        writers = {load_date: _Writer(self.home, table, suite, load_date) for load_date in load_dates}
        for chunk in _chunks(self._pull(table, load_dates)):
            _judge(suite, [(writers[load_date], batch) for load_date, batch in chunk])
        profiles: list[dict[str, Any]] = []
        for writer in writers.values():
            profiles.append(writer.close(profiles))
        units: list[Unit] = []
        for writer, profile, findings in zip(
            writers.values(), profiles, broken_profile_rules(table.name, suite.batch, profiles), strict=True
        ):
            unit = Unit(table.name, writer.load_date, profile, tuple(findings), tuple(writer.examples))
            if all(earlier.has_landed for earlier in units) and unit.has_landed:
                writer.land()
            else:
                writer.discard()
            units.append(unit)
        return units

    def _pull(self, table: Table, load_dates: Sequence[date]) -> Iterator[tuple[date, Batch]]:
        for load_date in load_dates:
            for batch in pull(table, load_date, self.extracts):
                yield load_date, batch

    def _recover(self, table: Table) -> None:
        """Finish or undo what a killed run left of a replacement."""
        for root in (self.home.landing, self.home.quarantine):
            folder = root / table.system_name / table.table_name
            for leftover in folder.glob(".new-*"):
                shutil.rmtree(leftover)
            for replaced in folder.glob(".old-*"):
                unit = folder / replaced.name.removeprefix(".old-")
                if unit.exists():
                    shutil.rmtree(replaced)
                else:
                    replaced.rename(unit)


def _chunks(batches: Iterable[tuple[date, Batch]]) -> Iterator[list[tuple[date, Batch]]]:
    """Batches of one or several nights, as many rows as are judged at once: a judgement has a fixed cost.

    Only batches that agree on their columns' types are judged together: in a common type a value would look different.
    """
    chunk: list[tuple[date, Batch]] = []
    types: dict[str, pa.DataType] = {}
    for load_date, batch in batches:
        delivered = dict(zip(batch.rows.column_names, batch.rows.schema.types, strict=True))
        if chunk and any(types.get(name, delivered[name]) != delivered[name] for name in delivered):
            yield chunk
            chunk, types = [], {}
        chunk.append((load_date, batch))
        types |= delivered
        if sum(waiting.rows.num_rows for _, waiting in chunk) >= ROWS_PER_JUDGEMENT:
            yield chunk
            chunk, types = [], {}
    if chunk:
        yield chunk


def _judge(suite: RawSuite, chunk: Sequence[tuple[_Writer, Batch]]) -> None:
    """Judge the rows of a chunk, and write each where it belongs."""
    rows = pa.concat_tables([batch.rows for _, batch in chunk], promote_options="permissive")
    broken = broken_row_rules(suite.table, suite.rows, rows.to_pandas(types_mapper=_pandas_type))
    start = 0
    for writer, batch in chunk:
        end = start + batch.rows.num_rows
        writer.take(batch, {place - start: broken[place] for place in broken if start <= place < end})
        start = end


class _Writer:
    """Writes one unit beside its place, and moves it there when the gate lets it through."""

    def __init__(self, home: Home, table: Table, suite: RawSuite, load_date: date) -> None:
        self.table, self.suite, self.load_date = table, suite, load_date
        self.landing = home.landing / table.system_name / table.table_name
        self.quarantine = home.quarantine / table.system_name / table.table_name
        self.name = f"load_date={load_date.isoformat()}"
        self.new_landing, self.new_quarantine = self.landing / f".new-{self.name}", self.quarantine / f".new-{self.name}"
        self.new_landing.mkdir(parents=True)
        self.new_quarantine.mkdir(parents=True)
        self.parts = self.landed_count = self.rejected_count = 0
        self.examples: list[str] = []
        self.delivered: dict[str, None] = {}

    def take(self, batch: Batch, broken: Mapping[int, list[str]]) -> None:
        """Write the good rows of a batch to the unit's landing, the others to its quarantine."""
        self.delivered |= dict.fromkeys(name for name in batch.rows.column_names if name not in LINEAGE)
        rejected = [(fault.source_file, fault.source_row, [fault.reason], fault.text) for fault in batch.faults]
        rows = batch.rows
        for row, reasons in zip(rows.take(pa.array(list(broken), pa.int64())).to_pylist(), broken.values(), strict=True):
            file, place = row.pop("_source_file"), row.pop("_source_row")
            rejected.append((file, place, reasons, json.dumps(row, ensure_ascii=False, default=str)))
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
            self._write_landing(pa.table({"_source_file": pa.array([], pa.string()), "_source_row": pa.array([], pa.int64())}))
        if not self.rejected_count:
            self._write_quarantine([])
        profile = self._profile(earlier)
        kept = ("system", "table", "load_date", "source_row_count", "landed_row_count", "quarantined_row_count", "columns")
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

    def _write_quarantine(self, rejected: Sequence[tuple[str, int, list[str], str]]) -> None:
        rows = [dict(zip(REJECTED.names, (self.load_date, *row), strict=True)) for row in rejected]
        name = f"part-{self.rejected_count + 1:09d}.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema=REJECTED), self.new_quarantine / name)
        self.rejected_count += len(rows)
        told = [f"{file}, line {place}: {'; '.join(reasons)}" for file, place, reasons, _ in rejected]
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


def _pandas_type(arrow_type: pa.DataType) -> Any:
    """Text stays text and whole numbers stay whole beside missing values; everything else takes pandas' own type."""
    if pa.types.is_string(arrow_type) or pa.types.is_large_string(arrow_type):
        return pd.StringDtype()
    return pd.Int64Dtype() if pa.types.is_integer(arrow_type) else None


def _replace(place: Path, new: Path) -> None:
    """Put ``new`` in its place. A kill between the renames is mended by the next run (``Landing._recover``)."""
    old = place.parent / f".old-{place.name}"
    if place.exists():
        place.rename(old)
    new.rename(place)
    if old.exists():
        shutil.rmtree(old)
