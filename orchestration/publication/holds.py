"""Holds: which versions were withdrawn, and which load dates are on hold until a user releases them.

Units on hold lie in ``held/`` instead of the landing, so that no build reads them. The list in ``state/`` decides;
``settle_holds`` moves the folders accordingly, also after a process was killed between two moves.
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
    """The withdrawn versions of a deployment, and the load dates on hold because of each."""

    home: Home

    @property
    def _file(self) -> Path:
        return self.home.state / "withdrawn.json"

    def withdrawn(self) -> dict[str, datetime]:
        """Return the withdrawn versions by name, and when each was withdrawn."""
        return {name: datetime.fromisoformat(facts["withdrawn_at"]) for name, facts in self._read().items()}

    def holding(self) -> set[str]:
        """Return the withdrawn versions that still hold load dates."""
        return {name for name, facts in self._read().items() if facts["held_load_dates"]}

    def load_dates(self) -> list[date]:
        """Return the load dates on hold, oldest first."""
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
        self.settle_holds()

    def settle_holds(self) -> None:
        """Move units on hold out of the landing and its quarantine, and released units back.

        The landing is first on the way out and last on the way back: no build sees rows without their quarantine.
        """
        load_dates = self.load_dates()
        held = {f"load_date={day.isoformat()}" for day in load_dates}
        for folders in UnitFolders.all(self.home) if held else ():
            # a month's folder also contains units that are not on hold
            folders.recover()
            expand(folders, load_dates)
        for folder in (self.home.landing, self.home.quarantine):
            for unit in _units(folder, held):
                _move(unit, self.home.held / unit.relative_to(self.home.root))
        for folder in (self.home.quarantine, self.home.landing):
            for unit in _units(self.home.held / folder.name, None):
                if unit.name not in held:
                    _move(unit, self.home.root / unit.relative_to(self.home.held))

    def _read(self) -> dict[str, Any]:
        if not self._file.exists():
            return {}
        read: dict[str, Any] = json.loads(self._file.read_text(encoding="utf-8"))
        return read

    def _write(self, versions: dict[str, Any]) -> None:
        durable.write_text(self._file, json.dumps(versions, indent=2))


def _units(folder: Path, names: Collection[str] | None) -> Iterator[Path]:
    """Yield the units ``<system>/<table>/load_date=<day>`` below a folder; with ``names``, only the units so named."""
    for unit in sorted(folder.glob("*/*/load_date=*")):
        if names is None or unit.name in names:
            yield unit


def _move(unit: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    unit.rename(target)
