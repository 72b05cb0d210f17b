"""The landing: the only place that writes below ``landing/`` and ``quarantine/``.

A unit (system, table, load date) lands whole by one directory rename, or not at all. Add here how rows become files;
keep out how they are pulled (``connectors/``) and which rows are good (``expectations/raw``, judged by ``gates.py``).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from expectations.registry import raw_suite
from expectations.suite import RawSuite
from orchestration.connectors.batch import Batch
from orchestration.connectors.files import available_load_dates, pull
from orchestration.deployment import Deployment, Table
from orchestration.gates import broken_profile_rules, broken_row_rules
from orchestration.home import Home
from orchestration.resources.unit import Unit, UnitWriter

ROWS_PER_JUDGEMENT = 100_000


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
        writers = {load_date: UnitWriter(self.home, table, suite, load_date) for load_date in load_dates}
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


def _judge(suite: RawSuite, chunk: Sequence[tuple[UnitWriter, Batch]]) -> None:
    """Judge the rows of a chunk, and write each where it belongs."""
    rows = pa.concat_tables([batch.rows for _, batch in chunk], promote_options="permissive")
    broken = broken_row_rules(suite.table, suite.rows, rows.to_pandas(types_mapper=_pandas_type))
    start = 0
    for writer, batch in chunk:
        end = start + batch.rows.num_rows
        writer.take(batch, {place - start: broken[place] for place in broken if start <= place < end})
        start = end


def _pandas_type(arrow_type: pa.DataType) -> Any:
    """Text stays text and whole numbers stay whole beside missing values; everything else takes pandas' own type."""
    if pa.types.is_string(arrow_type) or pa.types.is_large_string(arrow_type):
        return pd.StringDtype()
    return pd.Int64Dtype() if pa.types.is_integer(arrow_type) else None
