"""Takes the units of one table through gate 1: judges many rows at a time, lands one unit after the other.

Part of the landing (``landing.py``). Add here in which order rows are judged and units land; keep out how a unit is
written (``unit.py``) and how a rule is judged (``gates/judge.py``).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import pyarrow as pa

from expectations.suite import RawSuite
from orchestration.base.errors import PipelineError
from orchestration.base.paths import Home
from orchestration.config.deployment import Table
from orchestration.connectors.batch import Batch
from orchestration.gates.judge import broken_profile_rules, broken_row_rules
from orchestration.landing.corrections import corrections_of
from orchestration.landing.pull import Pull
from orchestration.landing.unit import Unit, UnitWriter
from orchestration.landing.unit_place import UnitPlace
from orchestration.landing.unit_profile import RECENT_LOADS
from orchestration.landing.unit_rows import Known

ROWS_PER_JUDGEMENT = 400_000
SECONDS_PER_JUDGEMENT = 60
"""The longest time that rows of a slow source wait for others: rows that are not judged are lost by a kill."""

Pulled = tuple[date, Batch | None]
"""A batch of a unit; None after its last one."""


class Admission:
    """Judges and lands the pulled batches of one table, oldest unit first.

    Units land up to the first one that the gate refuses; a refused unit leaves what was there before.

    Args:
        pull: where units are noted once they have landed.

    Attributes:
        units: the outcome of each unit that has been pulled to its end.
    """

    def __init__(self, home: Home, table: Table, suite: RawSuite, pull: Pull | None) -> None:
        self.units: list[Unit] = []
        self._home, self._table, self._suite, self._pull = home, table, suite, pull
        self._writers: dict[date, UnitWriter] = {}
        self._before: list[Known] = []

    def take(self, chunk: Sequence[Pulled]) -> None:
        """Judge the rows of a chunk, write each where it belongs, and land the units that end in it."""
        batches = [(self._writer(load_date), batch) for load_date, batch in chunk if batch]
        if batches:
            self._judge(batches)
        self._land([self._writer(load_date) for load_date, batch in chunk if batch is None])

    def discard(self) -> None:
        """Remove the files of units that did not land, but for the rejected rows of those that the gate refused."""
        refused = {unit.load_date for unit in self.units if not unit.has_landed}
        for load_date, writer in self._writers.items():
            if load_date in refused:
                writer.place.refuse()
            else:
                writer.place.discard()

    def _writer(self, load_date: date) -> UnitWriter:
        if load_date not in self._writers:
            place = UnitPlace(self._home, self._table, load_date)
            corrections = corrections_of(self._home, self._table.name, load_date)
            self._writers[load_date] = UnitWriter(place, self._suite, corrections)
        return self._writers[load_date]

    def _judge(self, batches: Sequence[tuple[UnitWriter, Batch]]) -> None:
        rows = pa.concat_tables([batch.rows for _, batch in batches], promote_options="permissive")
        table = self._table
        broken = broken_row_rules(table.name, self._suite.rows, rows, table.limits, table.deployment.currency)
        start = 0
        for writer, batch in batches:
            end = start + batch.rows.num_rows
            writer.take(batch, {row - start: broken[row] for row in broken if start <= row < end})
            start = end

    def _land(self, writers: Sequence[UnitWriter]) -> None:
        closed: list[Known] = []
        for writer in writers:
            writer.correct()
            closed.append((writer.place.new_landing, writer.close([*self._before, *closed])))
        profiles = [dict(profile) for _, profile in closed]
        limits = self._table.limits
        judged = broken_profile_rules(self._suite.batch, profiles, limits)
        for writer, profile, findings in zip(writers, profiles, judged, strict=True):
            place = writer.place
            unit = Unit(self._table.name, place.load_date, profile, tuple(findings), tuple(writer.examples))
            lands = all(earlier.has_landed for earlier in self.units) and unit.has_landed
            self.units.append(unit)
            if lands:
                place.commit()
                del self._writers[place.load_date]
                if self._pull:
                    self._pull.note(unit)
            # later units are compared with this one
            self._before = [*self._before, (place.landing if lands else place.new_landing, profile)][-RECENT_LOADS:]


def chunks(pulled: Iterable[Pulled]) -> Iterator[list[Pulled]]:
    """Groups batches of one or several units for one judgement, because a judgement has a fixed cost.

    Only batches with the same column types are judged together: a common type would change how a value looks. Where the
    source fails, the units that it had delivered completely come first.
    """
    chunk: list[Pulled] = []
    types: dict[str, pa.DataType] = {}
    row_count, since = 0, time.monotonic()
    try:
        for load_date, batch in pulled:
            delivered = dict(zip(batch.rows.column_names, batch.rows.schema.types, strict=True)) if batch else {}
            if chunk and any(types.get(name, delivered[name]) != delivered[name] for name in delivered):
                yield chunk
                chunk, types, row_count, since = [], {}, 0, time.monotonic()
            chunk.append((load_date, batch))
            types |= delivered
            row_count += batch.rows.num_rows if batch else 0
            if row_count >= ROWS_PER_JUDGEMENT or time.monotonic() - since >= SECONDS_PER_JUDGEMENT:
                yield chunk
                chunk, types, row_count, since = [], {}, 0, time.monotonic()
    except PipelineError:
        ends = [place for place, (_, batch) in enumerate(chunk, start=1) if batch is None]
        if ends:
            yield chunk[: ends[-1]]
        raise
    if chunk:
        yield chunk
