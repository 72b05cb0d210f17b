"""Holds: the withdrawn versions, and the load dates that wait until a person releases them.

Held units are moved from the landing to ``held/``, so that no build reads them. The list in ``state/`` decides; the
folders follow it (``settle``), also after a kill.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from orchestration.base import durable
from orchestration.base.paths import Home
from orchestration.landing.compaction import expand
from orchestration.landing.unit_place import UnitFolders


@dataclass(frozen=True)
class Holds:
    """The withdrawn versions of a deployment, and the load dates that each of them holds."""

    home: Home

    @property
    def _file(self) -> Path:
        return self.home.state / "withdrawn.json"

    def withdrawn(self) -> dict[str, datetime]:
        """The withdrawn versions by name, and when each was withdrawn."""
        return {name: datetime.fromisoformat(facts["withdrawn_at"]) for name, facts in self._read().items()}

    def holding(self) -> set[str]:
        """The withdrawn versions that still hold load dates."""
        return {name for name, facts in self._read().items() if facts["held_load_dates"]}

    def load_dates(self) -> list[date]:
        """The load dates that are held."""
        held = {day for facts in self._read().values() for day in facts["held_load_dates"]}
        return sorted(date.fromisoformat(day) for day in held)

    def withdraw(self, versions: Sequence[str], load_dates: Collection[date]) -> None:
        """Record that versions are withdrawn and hold these load dates."""
        days = sorted(day.isoformat() for day in load_dates)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self._write(self._read() | {name: {"withdrawn_at": now, "held_load_dates": days} for name in versions})

    def release(self, load_dates: Collection[date]) -> None:
        """Release load dates: their units return to the landing."""
        released = {day.isoformat() for day in load_dates}
        self._write(
            {
                name: {**facts, "held_load_dates": [day for day in facts["held_load_dates"] if day not in released]}
                for name, facts in self._read().items()
            }
        )
        self.settle()

    def settle(self) -> None:
        """Move the units of held load dates aside, the landing first, and all others back, the landing last."""
        load_dates = self.load_dates()
        held = {f"load_date={day.isoformat()}" for day in load_dates}
        for folders in UnitFolders.all(self.home) if held else ():
            # a month's folder holds units that are not held
            folders.recover()
            expand(folders, load_dates)
        aside = self.home.held
        for folder in (self.home.landing, self.home.quarantine):
            for unit in _units(folder, held):
                _move(unit, aside / unit.relative_to(self.home.root))
        for folder in (self.home.quarantine, self.home.landing):
            for unit in _units(aside / folder.name, None):
                if unit.name not in held:
                    _move(unit, self.home.root / unit.relative_to(aside))

    def _read(self) -> dict[str, Any]:
        if not self._file.exists():
            return {}
        read: dict[str, Any] = json.loads(self._file.read_text(encoding="utf-8"))
        return read

    def _write(self, versions: dict[str, Any]) -> None:
        durable.write_text(self._file, json.dumps(versions, indent=2))


def _units(folder: Path, names: Collection[str] | None) -> Iterator[Path]:
    """The units below a folder, ``<system>/<table>/load_date=<day>``; only those named where names are given."""
    for unit in sorted(folder.glob("*/*/load_date=*")):
        if names is None or unit.name in names:
            yield unit


def _move(unit: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    unit.rename(place)
