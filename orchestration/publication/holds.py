"""Holds: which versions were withdrawn, and which load dates are on hold until a user releases them.

Units on hold lie in ``held/`` instead of the landing, so that no build reads them. The list in ``state/`` decides;
``settle_holds`` moves the folders accordingly, also after a process was killed between two moves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from pydantic import BaseModel, TypeAdapter

from orchestration.base import durable
from orchestration.base.paths import Home
from orchestration.base.state import RESTORE, DamagedStateError, as_json, read_json
from orchestration.landing.compaction import expand
from orchestration.landing.unit_place import UnitFolders


class Withdrawal(BaseModel, frozen=True):
    """When a version was withdrawn, and which load dates are on hold because of it."""

    withdrawn_at: datetime
    held_load_dates: list[date]


@dataclass(frozen=True)
class Holds:
    """The withdrawn versions of a deployment, and the load dates on hold because of each."""

    home: Home

    @property
    def _file(self) -> Path:
        return self.home.state / "withdrawn.json"

    def withdrawn(self) -> dict[str, datetime]:
        """Return the withdrawn versions by name, and when each was withdrawn."""
        return {name: withdrawal.withdrawn_at for name, withdrawal in self._read().items()}

    def holding(self) -> set[str]:
        """Return the withdrawn versions that still hold load dates."""
        return {name for name, withdrawal in self._read().items() if withdrawal.held_load_dates}

    def load_dates(self) -> list[date]:
        """Return the load dates on hold, oldest first."""
        return sorted({day for withdrawal in self._read().values() for day in withdrawal.held_load_dates})

    def withdraw(self, versions: Sequence[str], load_dates: Collection[date]) -> None:
        """Record that versions are withdrawn and hold these load dates."""
        now = datetime.now(UTC).replace(microsecond=0)
        withdrawal = Withdrawal(withdrawn_at=now, held_load_dates=sorted(load_dates))
        self._write(self._read() | dict.fromkeys(versions, withdrawal))

    def release(self, load_dates: Collection[date]) -> None:
        """Release load dates: their units return to the landing."""
        self._write(
            {
                name: Withdrawal(
                    withdrawn_at=withdrawal.withdrawn_at,
                    held_load_dates=[day for day in withdrawal.held_load_dates if day not in load_dates],
                )
                for name, withdrawal in self._read().items()
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

    def _read(self) -> dict[str, Withdrawal]:
        if self._file.exists():
            kind = TypeAdapter(dict[str, Withdrawal])
            return read_json(self._file, kind, "which versions are withdrawn, and which load dates are on hold")
        if held := next(_units(self.home.held / "landing", None), None):
            raise DamagedStateError(
                f"{self._file} is missing, and {held} is on hold. The file says which versions are withdrawn:"
                f" without it one of them would be published again. Nothing was changed.\n{RESTORE}"
            )
        return {}

    def _write(self, versions: Mapping[str, Withdrawal]) -> None:
        content = {name: withdrawal.model_dump(mode="json") for name, withdrawal in versions.items()}
        durable.write_text(self._file, as_json(content))


def _units(folder: Path, names: Collection[str] | None) -> Iterator[Path]:
    """Yield the units ``<system>/<table>/load_date=<day>`` below a folder; with ``names``, only the units so named."""
    for unit in sorted(folder.glob("*/*/load_date=*")):
        if names is None or unit.name in names:
            yield unit


def _move(unit: Path, target: Path) -> None:
    if target.exists():
        raise DamagedStateError(
            f"{unit} cannot be moved to {target}, because both exist. One of them was copied by hand. Nothing was"
            " changed. Move the one that is not wanted out of the home, and run again."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    unit.rename(target)
