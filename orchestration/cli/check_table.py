"""What ``cx360 check`` finds of one table: its sample, its columns, its key, and the doors that it went through.

Keep out how it is found (``check.py``) and shown (``check_page.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa

from orchestration.cli.check_keys import KeyTest
from orchestration.config.deployment import Table
from orchestration.connectors.batch import RESERVED_COLUMNS, Fault
from orchestration.landing.columns import kind_of


@dataclass(frozen=True)
class Column:
    """A column as it is delivered and as the suite promises it.

    Attributes:
        delivered: its name in the source; None if it is missing.
        promised: its name in the suite; None if it is not in the suite.
        kind: the kind of its values.
        state: required, optional or new, plus ``missing`` or ``renamed``.
    """

    delivered: str | None
    promised: str | None
    kind: str
    state: str


@dataclass(frozen=True)
class Sample:
    """The first delivered rows of a table, and the lines among them that are not records."""

    load_date: date
    rows: pa.Table
    faults: tuple[Fault, ...] = ()

    @property
    def fault_count(self) -> int:
        """The number of lines that are not records."""
        return len(self.faults)

    @property
    def columns(self) -> dict[str, str]:
        """The delivered columns and the kind of their values."""
        return {field.name: kind_of(field.type) for field in self.rows.schema if field.name not in RESERVED_COLUMNS}


@dataclass(frozen=True)
class TableCheck:
    """The result for one table.

    Attributes:
        sample: None if nothing could be pulled.
        failures: problems that would stop a night.
        remarks: problems that would land with a warning.
        keys: the tests of the key, one per window.
        doors: the doors that the sample went through.
        fills: by promised column, the door columns that it fills.
        proposal: lines for the table in the deployment's file, where its shape is recognisable; empty without problems.
    """

    table: Table
    sample: Sample | None
    columns: tuple[Column, ...] = ()
    failures: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    keys: tuple[KeyTest, ...] = ()
    doors: tuple[str, ...] = ()
    fills: Mapping[str, Sequence[str]] = field(default_factory=dict)
    proposal: str = ""

    @property
    def is_absent(self) -> bool:
        """Whether the source lacks the table, and may."""
        return self.sample is None and self.table.settings.optional and not self.failures and not self.remarks

    @property
    def went_through(self) -> bool:
        """Whether rows were delivered, and a night would take them through gate 1, staging and every door."""
        has_rows = self.sample is not None and self.sample.rows.num_rows > 0
        return has_rows and not self.failures and set(self.doors) == set(self.table.settings.delivers)

    @property
    def state(self) -> str:
        """One word for the result: ``fails``, ``through``, ``absent`` or ``not_tried``."""
        if self.failures:
            return "fails"
        if self.went_through:
            return "through"
        return "absent" if self.is_absent else "not_tried"
