"""Where a unit lies, and how a new one takes its place: landing and quarantine together, or neither.

Part of the landing (``landing.py``). Two folders cannot be renamed at once, so the first rename is the decision: a
landing that is called ``.ready-`` counts, and whoever comes next carries it through (``recover_units``).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from orchestration.base import durable
from orchestration.base.paths import Home
from orchestration.config.deployment import Table

_UNIT = "load_date="
_NEW, _READY, _OLD = ".new-", ".ready-", ".old-"


@dataclass(frozen=True)
class UnitPlace:
    """The folders of one unit, and those in which a new one is made beside them."""

    home: Home
    table: Table
    load_date: date

    @property
    def name(self) -> str:
        """The name of the unit's folders."""
        return f"{_UNIT}{self.load_date.isoformat()}"

    @property
    def landing(self) -> Path:
        """The unit's accepted rows."""
        return _landing(self.home, self.table) / self.name

    @property
    def quarantine(self) -> Path:
        """The unit's rejected rows."""
        return _quarantine(self.home, self.table) / self.name

    @property
    def new_landing(self) -> Path:
        """Where accepted rows are written before they count."""
        return self.landing.with_name(_NEW + self.name)

    @property
    def new_quarantine(self) -> Path:
        """Where rejected rows are written before they count."""
        return self.quarantine.with_name(_NEW + self.name)

    def begin(self) -> None:
        """Make the folders of a new unit."""
        self.new_landing.mkdir(parents=True)
        self.new_quarantine.mkdir(parents=True)

    def commit(self) -> None:
        """Put the new unit in place of the old one.

        A kill, or a loss of power, leaves the old one or the new one whole, at whatever moment it comes.
        """
        for new in (self.new_landing, self.new_quarantine):
            durable.sync_tree(new)
        ready = self.landing.with_name(_READY + self.name)
        self.new_landing.rename(ready)
        self.carry_through(ready)

    def carry_through(self, ready: Path) -> None:
        """Finish what ``commit`` has decided."""
        if self.new_quarantine.exists():
            _replace(self.quarantine, self.new_quarantine)
        _replace(self.landing, ready)
        durable.sync(self.quarantine.parent, self.landing.parent)
        for place in (self.landing, self.quarantine):
            shutil.rmtree(place.with_name(_OLD + self.name), ignore_errors=True)

    def discard(self) -> None:
        """Leave what was there before."""
        for new in (self.new_landing, self.new_quarantine):
            if new.exists():
                shutil.rmtree(new)


def recover_units(home: Home, table: Table) -> None:
    """Finish or undo what a killed process left of a table's units."""
    for ready in _landing(home, table).glob(f"{_READY}{_UNIT}*"):
        load_date = date.fromisoformat(ready.name.removeprefix(_READY + _UNIT))
        UnitPlace(home, table, load_date).carry_through(ready)
    for folder in (_landing(home, table), _quarantine(home, table)):
        for leftover in (*folder.glob(f"{_NEW}*"), *folder.glob(f"{_OLD}*")):
            shutil.rmtree(leftover)


def landed_units(home: Home, table: Table) -> Iterator[UnitPlace]:
    """The units of a table that have landed, newest first."""
    for folder in sorted(_landing(home, table).glob(f"{_UNIT}*"), reverse=True):
        yield UnitPlace(home, table, date.fromisoformat(folder.name.removeprefix(_UNIT)))


def _landing(home: Home, table: Table) -> Path:
    return home.landing / table.system_name / table.table_name


def _quarantine(home: Home, table: Table) -> Path:
    return home.quarantine / table.system_name / table.table_name


def _replace(place: Path, new: Path) -> None:
    """Put ``new`` in its place; where a kill came between the renames, again."""
    if place.exists():
        old = place.with_name(_OLD + place.name)
        shutil.rmtree(old, ignore_errors=True)
        place.rename(old)
    new.rename(place)
