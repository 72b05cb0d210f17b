"""Which units a home has, and whether they are as they landed.

A run compares cheaply (``unit_checksums.py``), ``cx360 verify`` compares every byte. Also finds what a build would read
although it does not belong to the landing: copied folders, units that stand twice, a quarantine without its landing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from orchestration.base.checksums import Checksum
from orchestration.base.paths import Home
from orchestration.landing.unit_checksums import recorded, take_over, unit_damage
from orchestration.landing.unit_place import REFUSED, UNIT, is_month, month_profiles

UNIT_NAME = re.compile(rf"{UNIT}\d{{4}}-\d{{2}}(-\d{{2}})?")
Landed = tuple[str, str, date]
"""A unit: system, table, load date."""


@dataclass(frozen=True)
class Damage:
    """What is wrong with one unit or folder; ``load_date`` is None if it is not one unit with a folder of its own."""

    line: str
    load_date: date | None = None


def verify_units(home: Home, *, is_whole: bool, takes_over: bool = False) -> Iterator[Damage]:
    """Yield what is wrong with the landing, its quarantine, and the units on hold.

    Args:
        is_whole: compare every byte instead of what changed since the last comparison.
        takes_over: record the checksums of units that landed before units had them, instead of refusing these.
    """
    for landing, quarantine in ((home.landing, home.quarantine), (home.held / "landing", home.held / "quarantine")):
        for table in _folders(landing):
            yield from _foreign(table)
            units = _units(table)
            yield from _twice(units)
            for unit in units:
                rejected = quarantine / unit.relative_to(landing)
                lines = take_over(unit, rejected) if takes_over else []
                lines = lines or unit_damage(unit, rejected, is_whole=is_whole)
                yield from (Damage(line, _load_date(unit)) for line in lines)
        for table in _folders(quarantine):
            yield from _foreign(table, REFUSED)
            for rejected in _units(table):
                unit = landing / rejected.relative_to(quarantine)
                if not unit.exists():
                    yield Damage(f"{unit} is missing, and its quarantine is there", _load_date(rejected))


def landed_load_dates(home: Home) -> set[Landed]:
    """Return every unit of the landing and on hold: system, table, load date."""
    return {
        (table.parent.name, table.name, load_date)
        for landing in (home.landing, home.held / "landing")
        for table in _folders(landing)
        for unit in _units(table)
        for load_date in (month_profiles(unit) if is_month(unit) else [date.fromisoformat(unit.name[len(UNIT) :])])
    }


def recorded_checksums(home: Home) -> dict[Path, Checksum]:
    """Return the recorded checksum of every file of the landing, its quarantine, and the units on hold."""
    return {
        path: checksum
        for landing, quarantine in ((home.landing, home.quarantine), (home.held / "landing", home.held / "quarantine"))
        for table in _folders(landing)
        for unit in _units(table)
        for path, checksum in recorded(unit, quarantine / unit.relative_to(landing)).items()
    }


def _folders(landing: Path) -> list[Path]:
    """Return the folders of tables, ``<system>/<table>``."""
    return sorted(path for path in landing.glob("*/*") if path.is_dir())


def _units(table: Path) -> list[Path]:
    return sorted(path for path in table.iterdir() if _is_unit(path))


def _foreign(table: Path, prefix: str = "") -> Iterator[Damage]:
    """Yield files and folders of a table that are not units, with or without ``prefix``."""
    for path in sorted(table.iterdir()):
        if not _is_unit(path) and not _is_unit(path, prefix):
            yield Damage(f"{path} does not belong there: the pipeline did not write it")


def _is_unit(path: Path, prefix: str = "") -> bool:
    name = path.name.removeprefix(prefix)
    if not path.is_dir() or not UNIT_NAME.fullmatch(name):
        return False
    try:
        date.fromisoformat(f"{name.removeprefix(UNIT)}-01"[:10])
    except ValueError:
        return False
    return True


def _load_date(unit: Path) -> date | None:
    """Return the load date of a unit with a folder of its own; None for a month's folder."""
    return None if is_month(unit) else date.fromisoformat(unit.name.removeprefix(UNIT))


def _twice(units: list[Path]) -> Iterator[Damage]:
    """Yield each unit that has a folder of its own and is also in the folder of its month."""
    names = {unit.name for unit in units}
    for month in (unit for unit in units if is_month(unit)):
        if any(name.startswith(f"{month.name}-") for name in names):
            try:
                days = set(month_profiles(month))
            except (ValueError, KeyError):
                continue  # the month is damaged itself
            for unit in units:
                if not is_month(unit) and _load_date(unit) in days:
                    yield Damage(f"{unit} stands twice: it is also in {month}")
