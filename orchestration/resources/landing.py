"""The landing: the only place that writes below ``landing/`` and ``quarantine/``.

A unit (system, table, load date) lands whole by one directory rename, or not at all. Add here how rows become files;
keep out how they are pulled (``connectors/``) and which rows are good (``expectations/raw``, judged by ``gates.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from expectations.registry import raw_suite
from expectations.suite import RawSuite
from orchestration.connectors.batch import RESERVED_COLUMNS, Batch, SourceError
from orchestration.connectors.sources import available_load_dates, pull
from orchestration.deployment import Deployment, Table
from orchestration.drift import as_promised
from orchestration.errors import InfrastructureError
from orchestration.gates import broken_profile_rules, broken_row_rules
from orchestration.home import Home
from orchestration.judgements import Judgements
from orchestration.progress import part
from orchestration.resources.corrections import corrections_of
from orchestration.resources.unit import Unit, UnitWriter, pandas_type
from orchestration.resources.unit_place import UnitPlace, recover
from orchestration.resources.unit_profile import PLAIN, Known, kind_of

ROWS_PER_JUDGEMENT = 100_000


@dataclass
class Landing:
    """Lands the tables of a deployment from its extracts folder."""

    deployment: Deployment
    home: Home
    extracts: Path
    judgements: Judgements = field(default_factory=Judgements)

    @cached_property
    def delivered_load_dates(self) -> list[date]:
        """The load dates for which anything was delivered when the run asked first."""
        return available_load_dates(self.deployment, self.extracts)

    def recover(self) -> None:
        """Finish or undo what a killed process left of any unit."""
        for table in self.deployment.tables():
            recover(self.home, table)

    def admit(self, table: Table, load_dates: Sequence[date]) -> list[Unit]:
        """Pull, judge and land the units of ``table``, oldest first.

        Units land up to the first one that the gate refuses; a refused unit leaves what was there before.

        Raises:
            InfrastructureError: a check could not be judged, or the disk could not be written.
            PipelineError: the source could not be read.
        """
        try:
            return self._admit(table, load_dates)
        except OSError as error:
            raise cannot_write(self.home, table, error) from error

    def _admit(self, table: Table, load_dates: Sequence[date]) -> list[Unit]:
        recover(self.home, table)
        suite = raw_suite(table.name)
        writers = {
            day: UnitWriter(UnitPlace(self.home, table, day), suite, corrections_of(self.home, table.name, day))
            for day in load_dates
        }
        for chunk in _chunks(self._pull(table, load_dates)):
            _judge(suite, [(writers[load_date], batch) for load_date, batch in chunk], self.judgements)
        known: list[Known] = []
        for writer in writers.values():
            writer.correct()
            known.append((writer.place.new_landing, writer.close(known)))
        profiles = [dict(profile) for _, profile in known]
        units: list[Unit] = []
        for writer, profile, findings in zip(
            writers.values(),
            profiles,
            broken_profile_rules(table.name, suite.batch, profiles, table.limits, self.judgements),
            strict=True,
        ):
            unit = Unit(table.name, writer.place.load_date, profile, tuple(findings), tuple(writer.examples))
            if all(earlier.has_landed for earlier in units) and unit.has_landed:
                writer.place.commit()
            else:
                writer.place.discard()
            units.append(unit)
        return units

    def _pull(self, table: Table, load_dates: Sequence[date]) -> Iterator[tuple[date, Batch]]:
        for load_date in load_dates:
            for batch in pull(table, load_date, self.extracts):
                yield load_date, _as_promised(batch, table, raw_suite(table.name))


def cannot_write(home: Home, table: Table, error: OSError) -> InfrastructureError:
    """What a full or read-only disk means for the person who must mend it."""
    return InfrastructureError(
        f"{table.name}: the landing below {home.root} cannot be written ({error.strerror or error}). Nothing that had"
        " landed is lost. Free space or mend the permissions, and run again."
    )


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


def _as_promised(batch: Batch, table: Table, suite: RawSuite) -> Batch:
    """The batch with the promised columns' own names.

    Raises:
        SourceError: the deployment's ``rename`` does not fit what is delivered, or a column that a row rule reads
            holds what is no single value.
    """
    delivered = [name for name in batch.rows.column_names if name not in RESERVED_COLUMNS]
    own_names = dict(zip(delivered, as_promised(delivered, table, suite), strict=True))
    names = [own_names.get(name, name) for name in batch.rows.column_names]
    judged = {rule.column for rule in suite.rows}
    for name, kind in zip(names, batch.rows.schema.types, strict=True):
        if name in judged and kind_of(kind) not in PLAIN:
            raise SourceError(
                f"Deployment '{table.deployment.name}', system '{table.system_name}', table '{table.table_name}':"
                f" column '{name}' holds {kind}, and its rules judge plain values."
                " Deliver it as text, nested values as JSON."
            )
    return Batch(batch.rows.rename_columns(names), batch.faults) if names != batch.rows.column_names else batch


def _judge(suite: RawSuite, chunk: Sequence[tuple[UnitWriter, Batch]], judgements: Judgements) -> None:
    """Judge the rows of a chunk, and write each where it belongs."""
    rows = pa.concat_tables([batch.rows for _, batch in chunk], promote_options="permissive")
    with part("gates"):
        frame = rows.to_pandas(types_mapper=pandas_type)
    broken = broken_row_rules(suite.table, suite.rows, frame, judgements)
    start = 0
    for writer, batch in chunk:
        end = start + batch.rows.num_rows
        writer.take(batch, {place - start: broken[place] for place in broken if start <= place < end})
        start = end
