"""Where the units of a table lie, and how new folders take their place: landing and quarantine together, or neither.

Part of the landing (``landing.py``). A unit has a folder of its own, ``load_date=2026-01-05``; the units of a month
that has ended share ``load_date=2026-01`` (``compaction.py`` says what is in it). Two folders cannot be renamed at
once, so the first rename is the decision: a landing that is called ``.ready-`` counts, and the next process finishes
it (``recover_units``).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from orchestration.base import durable
from orchestration.base.paths import Home
from orchestration.base.state import parse_json
from orchestration.config.deployment import Table
from orchestration.landing.unit_checksums import record_checksums, unit_of

UNIT = "load_date="
PROFILE = "profile.json"
NEW = ".new-"
_READY, _OLD = ".ready-", ".old-"
REFUSED = ".refused-"
_MONTH = len(f"{UNIT}2026-01")


@dataclass(frozen=True)
class UnitFolders:
    """The folders of one table, below which its units lie."""

    landing: Path
    quarantine: Path

    @classmethod
    def of(cls, home: Home, table: Table) -> UnitFolders:
        """The folders of a table of the deployment."""
        own = Path(table.system_name) / table.table_name
        return cls(home.landing / own, home.quarantine / own)

    @classmethod
    def all(cls, home: Home) -> Iterator[UnitFolders]:
        """The folders of every table that has landed."""
        for landing in sorted(home.landing.glob("*/*")):
            yield cls(landing, home.quarantine / landing.relative_to(home.landing))

    def rearrange(self, month: str) -> None:
        """Put what was written below the folders ``.new-<month>`` in place of the month's units.

        That is either the month as one folder, or its units in folders of their own.
        """
        for new in (self.landing / (NEW + month)).iterdir():
            record_checksums(new, self.quarantine / (NEW + month) / new.name, unit_of(self.landing / new.name))
        for folder in (self.landing, self.quarantine):
            durable.sync_tree(folder / (NEW + month))
        (self.landing / (NEW + month)).rename(self.landing / (_READY + month))
        self._finish_month(month)

    def recover(self) -> None:
        """Finish or undo what a killed process left of the table's units."""
        for ready in self.landing.glob(f"{_READY}{UNIT}*"):
            name = ready.name.removeprefix(_READY)
            if len(name) == _MONTH:
                self._finish_month(name)
            else:
                self.finish_unit(name)
        for folder in (self.landing, self.quarantine):
            for leftover in (*folder.glob(f"{NEW}*"), *folder.glob(f"{_OLD}*")):
                shutil.rmtree(leftover)

    def finish_unit(self, name: str) -> None:
        """Finish what ``UnitPlace.commit`` has decided."""
        moves = ((self.quarantine, NEW), (self.landing, _READY))
        for folder, prefix in moves:
            new = folder / (prefix + name)
            if new.exists():
                _put_aside(folder / name)
                new.rename(folder / name)
        durable.sync(self.quarantine, self.landing)
        self._remove_old(name)

    def _finish_month(self, month: str) -> None:
        """Finish what ``rearrange`` has decided."""
        bundles = (self.quarantine / (NEW + month), self.landing / (_READY + month))
        for bundle in bundles:
            folder = bundle.parent
            new = sorted(bundle.iterdir()) if bundle.exists() else []
            # a month takes the place of all its units, units that of their month alone
            old = f"{month}*" if [one.name for one in new] == [month] else month
            for replaced in list(folder.glob(old)) if new else ():
                _put_aside(replaced)
            for one in new:
                one.rename(folder / one.name)
        durable.sync(self.quarantine, self.landing)
        for bundle in bundles:
            if bundle.exists():
                bundle.rmdir()
        self._remove_old(f"{month}*")

    def _remove_old(self, name: str) -> None:
        for folder in (self.landing, self.quarantine):
            for old in folder.glob(_OLD + name):
                shutil.rmtree(old, ignore_errors=True)


@dataclass(frozen=True)
class UnitPlace:
    """The folders of one unit, and those in which a new one is written beside them."""

    home: Home
    table: Table
    load_date: date

    @property
    def name(self) -> str:
        """The name of the unit's own folders."""
        return f"{UNIT}{self.load_date.isoformat()}"

    @property
    def folders(self) -> UnitFolders:
        """The folders of the unit's table."""
        return UnitFolders.of(self.home, self.table)

    @property
    def landing(self) -> Path:
        """The unit's own folder of accepted rows."""
        return self.folders.landing / self.name

    @property
    def quarantine(self) -> Path:
        """The unit's own folder of rejected rows."""
        return self.folders.quarantine / self.name

    @property
    def landed(self) -> Path:
        """The folder that holds the unit's accepted rows: its own, or that of its month."""
        return _own_or_month(self.landing)

    @property
    def quarantined(self) -> Path:
        """The folder that holds the unit's rejected rows: its own, or that of its month."""
        return _own_or_month(self.quarantine)

    @property
    def has_landed(self) -> bool:
        """Whether the unit has landed."""
        return self.landing.exists() or self.load_date in month_profiles(self.landed)

    @property
    def new_landing(self) -> Path:
        """Where accepted rows are written before they count."""
        return self.landing.with_name(NEW + self.name)

    @property
    def new_quarantine(self) -> Path:
        """Where rejected rows are written before they count."""
        return self.quarantine.with_name(NEW + self.name)

    def begin(self) -> None:
        """Make the folders of a new unit."""
        self.new_landing.mkdir(parents=True)
        self.new_quarantine.mkdir(parents=True)

    def commit(self) -> None:
        """Put the new unit in place of the old one.

        A kill or a loss of power at any moment leaves the old unit or the new one whole.
        """
        record_checksums(self.new_landing, self.new_quarantine, unit_of(self.landing))
        for new in (self.new_landing, self.new_quarantine):
            durable.sync_tree(new)
        self.new_landing.rename(self.landing.with_name(_READY + self.name))
        self.folders.finish_unit(self.name)
        shutil.rmtree(self.refused, ignore_errors=True)

    @property
    def refused(self) -> Path:
        """The rejected rows of a unit that the gate refused, kept to be read until the unit lands."""
        return self.quarantine.with_name(REFUSED + self.name)

    def refuse(self) -> None:
        """Keep the rejected rows of the new unit, and remove the unit; the old one stays."""
        shutil.rmtree(self.refused, ignore_errors=True)
        self.new_quarantine.rename(self.refused)
        self.discard()

    def discard(self) -> None:
        """Remove the new unit; the old one stays."""
        for new in (self.new_landing, self.new_quarantine):
            if new.exists():
                shutil.rmtree(new)


def recover_units(home: Home, table: Table) -> None:
    """Finish or undo what a killed process left of a table's units."""
    UnitFolders.of(home, table).recover()


def landed_units(home: Home, table: Table) -> Iterator[UnitPlace]:
    """The units of a table that have landed, newest first."""
    folder = UnitFolders.of(home, table).landing
    names = sorted((found.name for found in folder.glob(f"{UNIT}*")), reverse=True)
    for _, of_month in groupby(names, key=lambda name: name[:_MONTH]):
        days = [day for name in of_month for day in _load_dates(folder / name)]
        for day in sorted(days, reverse=True):
            yield UnitPlace(home, table, day)


def refused_units(home: Home, table: Table) -> Iterator[UnitPlace]:
    """The units of a table that the gate refused and that have not landed since, newest first."""
    prefix = REFUSED + UNIT
    for folder in sorted(UnitFolders.of(home, table).quarantine.glob(f"{prefix}*"), reverse=True):
        yield UnitPlace(home, table, date.fromisoformat(folder.name.removeprefix(prefix)))


def month_profiles(folder: Path) -> dict[date, str]:
    """The profile of each unit in a month's folder, as its unit had it; none where the month has no folder."""
    path = folder / PROFILE
    lines = path.read_bytes().splitlines() if path.exists() else []
    kind = TypeAdapter(dict[str, Any])
    profiles = {line.decode(): parse_json(line, kind, str(path), "the profiles of landed units") for line in lines}
    return {date.fromisoformat(profile["load_date"]): line for line, profile in profiles.items()}


def is_month(folder: Path) -> bool:
    """Whether a folder holds the units of a month."""
    return len(folder.name) == _MONTH


def _load_dates(folder: Path) -> list[date]:
    if is_month(folder):
        return list(month_profiles(folder))
    return [date.fromisoformat(folder.name.removeprefix(UNIT))]


def _own_or_month(folder: Path) -> Path:
    return folder if folder.exists() else folder.with_name(folder.name[:_MONTH])


def _put_aside(place: Path) -> None:
    if place.exists():
        old = place.with_name(_OLD + place.name)
        shutil.rmtree(old, ignore_errors=True)
        place.rename(old)
