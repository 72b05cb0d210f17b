"""Writes one unit beside its final folder, and moves it there if the gate lets it through.

Part of the landing (``landing.py``). Add here how rows are written; keep out the unit's folders (``unit_place.py``) and
its figures (``unit_profile.py``).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from expectations.suite import RawSuite
from orchestration.connectors.batch import RESERVED_COLUMNS, Batch
from orchestration.gates.judge import Broken, Finding, broken_row_rules, plain_values
from orchestration.gates.rule_results import UNREADABLE
from orchestration.landing.columns import kind_of
from orchestration.landing.corrections import Correction
from orchestration.landing.landed_files import read_files, write_files
from orchestration.landing.unit_place import UnitPlace
from orchestration.landing.unit_profile import Tally, profile, write_profile
from orchestration.landing.unit_rows import Known

EXAMPLES = 3
DICTIONARY_BYTES = 128 * 1024
RELEASED = "released/"
"""The prefix of the file name of a corrected row; it sorts after any delivered file."""

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
    """The outcome of one unit at gate 1."""

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
        """The findings of the unit and examples of bad rows, without delivered values."""
        lines = [f"{self.table}, load date {self.load_date}:"]
        lines += [f"  {finding.severity}: {finding.message}" for finding in self.findings]
        lines += [f"  for example {example}" for example in self.examples]
        return "\n".join(lines)


@dataclass(frozen=True)
class Rejected:
    """A row for the quarantine."""

    source_file: str
    source_row: int
    broken: Sequence[Broken]
    text: str

    @property
    def place(self) -> tuple[str, int, str]:
        """The row's identity, by which a correction names it."""
        return self.source_file, self.source_row, self.text

    def summary(self) -> str:
        """File, line and broken rules, without delivered values."""
        # the reason of an unreadable line does not quote it
        why = [broken.reason if broken.rule == UNREADABLE else broken.rule for broken in self.broken]
        return f"{self.source_file}, line {self.source_row}: {'; '.join(why)}"


class UnitWriter:
    """Writes one unit beside its place, and moves it there when the gate lets it through.

    Args:
        corrections: by the rejected row that each corrects; a corrected row lands if it breaks no rule.
    """

    def __init__(
        self, place: UnitPlace, suite: RawSuite, corrections: Mapping[tuple[str, int, str], Correction]
    ) -> None:
        self.place, self.suite, self.corrections = place, suite, corrections
        self.tally = Tally()
        self.examples: list[str] = []
        self._parts = self._quarantine_parts = 0
        self._types: dict[str, pa.DataType] = {}
        self._corrected: list[tuple[Rejected, Correction]] = []
        place.begin()

    def take(self, batch: Batch, broken: Mapping[int, list[Broken]]) -> None:
        """Write the good rows of a batch to the unit's landing, the others to its quarantine."""
        delivered = [field for field in batch.rows.schema if field.name not in RESERVED_COLUMNS]
        self._types |= {field.name: field.type for field in delivered}
        self.tally.delivered |= {field.name: kind_of(field.type) for field in delivered}
        if batch.delivery:
            self.tally.files[batch.delivery.name] = batch.delivery
            self.tally.remarks |= dict.fromkeys(f"{batch.delivery.name}, {remark}" for remark in batch.remarks)
        rejected = [
            Rejected(fault.source_file, fault.source_row, [Broken(UNREADABLE, fault.reason)], fault.text)
            for fault in batch.faults
        ]
        rows = batch.rows
        if broken:
            bad = rows.take(pa.array(list(broken), pa.int64()))
            values = zip(*(plain_values(column) for column in bad.columns), strict=True)
            for row, rules in zip(values, broken.values(), strict=True):
                named = dict(zip(bad.column_names, row, strict=True))
                file, number = named.pop("_source_file"), named.pop("_source_row")
                rejected.append(Rejected(file, number, rules, json.dumps(named, ensure_ascii=False, default=str)))
            is_good = np.ones(rows.num_rows, np.bool_)
            is_good[list(broken)] = False
            rows = rows.filter(pa.array(is_good))
        if rows.num_rows:
            self._write_landing(rows)
        self._reject(sorted(rejected, key=lambda row: row.source_row))

    def take_landed(self, known: Mapping[str, Any]) -> None:
        """Take over the landed rows of the unit and its quarantine, for a release.

        Args:
            known: the unit's kept profile.
        """
        self.tally.delivered |= known["types"]
        self.tally.landed_count = known["landed_row_count"]
        self.tally.files |= read_files(self.place.landing)
        for part in sorted(self.place.landing.glob("*.parquet")):
            self._parts += 1
            os.link(part, self.place.new_landing / f"part-{self._parts:05d}.parquet")
            schema = pq.read_schema(part)
            self._types |= {field.name: field.type for field in schema if field.name in known["types"]}
        for row in rejected_rows(self.place):
            broken = [Broken(rule, reason) for rule, reason in zip(row["rules"], row["reasons"], strict=True)]
            self._reject([Rejected(row["_source_file"], row["_source_row"], broken, row["row_text"])])

    def correct(self) -> list[tuple[Correction, list[str]]]:
        """Judge the corrected rows like any other and land the good ones; the others stay in the quarantine.

        Returns:
            Each correction that did not help, with the rules that it breaks.
        """
        typed: list[pa.Table] = []
        broken: list[list[str]] = []
        for _, correction in self._corrected:
            row, problem = self._typed(correction)
            typed.append(row)
            broken.append([problem] if problem else [])
        if not typed:
            return []
        rows = pa.concat_tables(typed)
        table = self.place.table
        judged = broken_row_rules(table.name, self.suite.rows, rows, table.limits, table.deployment.currency)
        for place, rules in judged.items():
            broken[place] += [reason.rule for reason in rules]
        self._write_landing(rows.filter(pa.array([not rules for rules in broken], pa.bool_())))
        self._write_quarantine([row for (row, _), rules in zip(self._corrected, broken, strict=True) if rules])
        return [(correction, rules) for (_, correction), rules in zip(self._corrected, broken, strict=True) if rules]

    def close(self, earlier: Sequence[Known]) -> dict[str, Any]:
        """Finish the unit's files, at least one of either kind, and return its profile."""
        if not self._parts:
            self._write_landing(
                pa.table({"_source_file": pa.nulls(0, pa.string()), "_source_row": pa.nulls(0, pa.int64())})
            )
        if not self._quarantine_parts:
            pq.write_table(REJECTED.empty_table(), self.place.new_quarantine / "part-00001.parquet")
        facts = profile(self.place, self.suite, self.tally, earlier)
        write_profile(self.place.new_landing, facts)
        write_files(self.place.new_landing, self.tally.files.values())
        return facts

    def _typed(self, correction: Correction) -> tuple[pa.Table, str | None]:
        """The corrected row in the types of its unit, and why it does not fit them, or None."""
        unknown = sorted(set(correction.row) - set(self._types))
        problem = f"the unit has no column {', '.join(unknown)}" if unknown else None
        columns = {}
        for name, kind in self._types.items():
            try:
                columns[name] = _array(correction.row.get(name), kind)
            except pa.ArrowException:
                problem, columns[name] = f"{name} does not hold {kind_of(kind)}", pa.nulls(1, kind)
        columns["_source_file"] = pa.array([RELEASED + correction.source_file], pa.string())
        columns["_source_row"] = pa.array([correction.source_row], pa.int64())
        return pa.table(columns), problem

    def _reject(self, rejected: Sequence[Rejected]) -> None:
        self._corrected += [(row, self.corrections[row.place]) for row in rejected if row.place in self.corrections]
        kept = [row for row in rejected if row.place not in self.corrections]
        self._write_quarantine(kept)

    def _write_landing(self, rows: pa.Table) -> None:
        """Write rows with every promised column; one that was not delivered is all null."""
        for name in self.suite.promised:
            if name not in rows.column_names:
                rows = rows.append_column(name, pa.nulls(rows.num_rows, pa.string()))
        rows = rows.append_column("_load_date", pa.repeat(pa.scalar(self.place.load_date, pa.date32()), rows.num_rows))
        self._parts += 1
        self.tally.landed_count += rows.num_rows
        pq.write_table(
            rows,
            self.place.new_landing / f"part-{self._parts:05d}.parquet",
            compression="zstd",
            # a dictionary of many distinct values is longer than the values, and takes half of the writing time
            dictionary_pagesize_limit=DICTIONARY_BYTES,
        )

    def _write_quarantine(self, rejected: Sequence[Rejected]) -> None:
        if not rejected:
            return
        rows = [
            {
                "_load_date": self.place.load_date,
                "_source_file": row.source_file,
                "_source_row": row.source_row,
                "rules": [broken.rule for broken in row.broken],
                "reasons": [broken.reason for broken in row.broken],
                "row_text": row.text,
            }
            for row in rejected
        ]
        self._quarantine_parts += 1
        name = f"part-{self._quarantine_parts:05d}.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema=REJECTED), self.place.new_quarantine / name)
        self.tally.rejected_count += len(rows)
        self.tally.broken.update(broken.rule for row in rejected for broken in row.broken)
        self.examples = (self.examples + [row.summary() for row in rejected])[:EXAMPLES]


def rejected_rows(place: UnitPlace, *, is_refused: bool = False) -> list[dict[str, Any]]:
    """The rows in a unit's quarantine, in the columns of ``REJECTED``, by file and line.

    Args:
        is_refused: those of the delivery that the gate refused, instead of those of the landed unit.
    """
    is_unit = pc.field("_load_date") == pa.scalar(place.load_date, pa.date32())
    parts = sorted((place.refused if is_refused else place.quarantined).glob("*.parquet"))
    rows = [row for part in parts for row in pq.ParquetFile(part).read().filter(is_unit).to_pylist()]
    return sorted(rows, key=lambda row: (row["_source_file"], row["_source_row"]))


def _array(value: Any, kind: pa.DataType) -> pa.Array:
    """One value of a corrected row, which JSON gave, in its column's type."""
    text = value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return pc.cast(pa.array([text or None], pa.string()), kind)
