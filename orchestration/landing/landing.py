"""The landing: the only place that writes below ``landing/`` and ``quarantine/``.

A unit (system, table, load date) lands whole by one directory rename, or not at all. Add here how rows become files;
keep out how they are pulled (``connectors/``) and which rows are good (``gates/``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, partial
from pathlib import Path

from expectations.suite import RawSuite
from orchestration.base.errors import InfrastructureError
from orchestration.base.paths import Home
from orchestration.base.progress import Pace
from orchestration.config.deployment import Deployment, Table
from orchestration.connectors import sources
from orchestration.connectors.batch import RESERVED_COLUMNS, Batch, NotDeliveredError, SourceError
from orchestration.gates.suites import suite_of
from orchestration.landing.admission import Admission, Pulled, chunks
from orchestration.landing.columns import PLAIN, as_promised, kind_of
from orchestration.landing.compaction import compact, expand
from orchestration.landing.landed_files import LandedFiles, landed_files
from orchestration.landing.pull import Pull
from orchestration.landing.unit import Unit
from orchestration.landing.unit_place import UnitFolders, UnitPlace, recover_units
from orchestration.landing.unit_profile import was_delivered


@dataclass
class Landing:
    """Lands the tables of a deployment from its extracts folder."""

    deployment: Deployment
    home: Home
    extracts: Path

    @cached_property
    def delivered_load_dates(self) -> list[date]:
        """The load dates with a delivery, as they were when the run first looked."""
        return sources.available_load_dates(self.deployment, self.extracts, partial(landed_files, self.home))

    def recover_units(self) -> None:
        """Finish or undo each unit that a killed process left half done."""
        for table in self.deployment.tables():
            recover_units(self.home, table)

    def admit(
        self,
        table: Table,
        load_dates: Sequence[date],
        asked: str | None = None,
        pace: Pace | None = None,
    ) -> list[Unit]:
        """Pull, judge and land the units of ``table``, oldest first.

        Units land up to the first one that the gate refuses; a refused unit leaves what was there before.

        Args:
            asked: what the run was asked for. Units that landed when the same was asked before, and nothing of it was
                published since, are kept as far as they would be the same (``pull.py``); without it all are pulled.
            pace: counts what is judged.

        Raises:
            InfrastructureError: a check could not be judged, or the disk could not be written.
            PipelineError: the source could not be read; what it had delivered whole before that has landed.
        """
        try:
            recover_units(self.home, table)
            pull = Pull.of(self.home, asked) if asked else None
            kept = pull.keep(table, load_dates, self.extracts) if pull else []
            folders = UnitFolders.of(self.home, table)
            expand(folders, load_dates[len(kept) :])
            pace = pace or Pace()
            pace.load_date_count, pace.kept_count = len(load_dates), len(kept)
            admission = Admission(self.home, table, suite_of(table), pull)
            for chunk in chunks(self._pulled(table, load_dates[len(kept) :], pull)):
                admission.take(chunk)
                pace.move(
                    sum(batch.rows.num_rows for _, batch in chunk if batch),
                    sum(batch is None for _, batch in chunk),
                )
            admission.discard()
            compact(folders)
        except OSError as error:
            raise cannot_write(self.home, table, error) from error
        return [*kept, *admission.units]

    def _pulled(self, table: Table, load_dates: Sequence[date], pull: Pull | None) -> Iterator[Pulled]:
        files = LandedFiles(self.home, table)
        for load_date in load_dates:
            if pull:
                pull.begin(UnitPlace(self.home, table, load_date), self.extracts)
            try:
                for batch in files.noting(load_date, sources.pull(table, load_date, self.extracts, files.known)):
                    yield load_date, _as_promised(batch, table, suite_of(table))
            except NotDeliveredError:
                # what was delivered once must come again
                if not table.settings.optional or was_delivered(self.home, table):
                    raise
            yield load_date, None


def cannot_write(home: Home, table: Table, error: OSError) -> InfrastructureError:
    """The error for a full or read-only disk, with its remedy."""
    return InfrastructureError(
        f"{table.name}: the landing below {home.root} cannot be written ({error.strerror or error}). Nothing that had"
        " landed is lost. Free space or correct the permissions, and run again."
    )


def _as_promised(batch: Batch, table: Table, suite: RawSuite) -> Batch:
    """The batch with its columns named as promised.

    Raises:
        SourceError: the deployment's ``rename`` does not fit what is delivered, or a column that a row rule reads
            holds values that are not plain.
    """
    delivered = [name for name in batch.rows.column_names if name not in RESERVED_COLUMNS]
    own_names = dict(zip(delivered, as_promised(delivered, table, suite), strict=True))
    names = [own_names.get(name, name) for name in batch.rows.column_names]
    judged = {rule.column for rule in suite.rows if not rule.over}
    for name, kind in zip(names, batch.rows.schema.types, strict=True):
        if name in judged and kind_of(kind) not in PLAIN:
            raise SourceError(
                f"{table.label}: column '{name}' holds {kind}, and its rules judge plain values."
                " Deliver it as text, nested values as JSON."
            )
    return replace(batch, rows=batch.rows.rename_columns(names)) if names != batch.rows.column_names else batch
