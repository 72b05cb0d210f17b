"""A pull: which units have landed since a run asked for them, so that its retry does not ask the sources again.

It lives from the first attempt until a version that took it is published (``docs/decisions/pulls.md``). Add here what
makes a unit the same as before; keep out what a source says of itself (``connectors/``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from orchestration.base import durable
from orchestration.base.paths import Home
from orchestration.config.deployment import Table
from orchestration.connectors import sources
from orchestration.gates.judge import Finding
from orchestration.gates.suites import suite_of
from orchestration.landing.landed_files import landed_files
from orchestration.landing.unit import Unit
from orchestration.landing.unit_place import UnitPlace
from orchestration.landing.unit_profile import read_profile

Noted = dict[tuple[str, str], dict[str, Any]]
"""The note of each unit that has landed, by table and load date."""


@dataclass(frozen=True)
class Pull:
    """What a run that asks for the same may keep, as ``state/pull.jsonl`` has it: what was asked, then unit by unit.

    A unit is noted after it has landed: one that a kill leaves unnoted is pulled once more.
    """

    home: Home
    asked: str
    noted: Noted
    begun: dict[tuple[str, date], str | None] = field(default_factory=dict)

    @classmethod
    def of(cls, home: Home, asked: str) -> Pull:
        """The unfinished pull of this request; a new one where the last was published or had another request."""
        before, noted = _read(_file(home))
        if before != asked:
            noted = {}
        pull = cls(home, asked, noted)
        pull.save()
        return pull

    def keep(self, table: Table, load_dates: Sequence[date], extracts: Path) -> list[Unit]:
        """The first units of ``table`` that are as they would be if they were pulled now.

        From the first one on that is not, all are pulled: each is judged by those before it.
        """
        kept: list[Unit] = []
        for load_date in load_dates:
            noted = self.noted.get((table.name, load_date.isoformat()))
            place = UnitPlace(self.home, table, load_date)
            if not noted or not place.has_landed or noted["fingerprint"] != fingerprint(place, extracts):
                break
            kept.append(_unit(place, noted))
        again = {(table.name, load_date.isoformat()) for load_date in load_dates[len(kept) :]} & set(self.noted)
        if again:
            for place_of_unit in again:
                del self.noted[place_of_unit]
            self.save()
        return kept

    def begin(self, place: UnitPlace, extracts: Path) -> None:
        """Fingerprint a unit before its first row, so that a source that changes during the pull is pulled again."""
        self.begun[place.table.name, place.load_date] = fingerprint(place, extracts)

    def note(self, unit: Unit) -> None:
        """Note that a unit has landed."""
        source = self.begun.pop((unit.table, unit.load_date))
        if source is None:
            return
        line = {
            "table": unit.table,
            "load_date": unit.load_date.isoformat(),
            "fingerprint": source,
            "findings": [asdict(finding) for finding in unit.findings],
            "examples": list(unit.examples),
        }
        self.noted[unit.table, unit.load_date.isoformat()] = line
        with _file(self.home).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def save(self) -> None:
        """Write the noted units, without a line that a full disk has cut off."""
        lines: Iterable[Mapping[str, Any]] = [{"asked": self.asked}, *self.noted.values()]
        durable.write_text(_file(self.home), "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def forget(home: Home) -> None:
    """Let the next run pull everything: the pull is published, or its units are not wanted."""
    _file(home).unlink(missing_ok=True)


def fingerprint(place: UnitPlace, extracts: Path) -> str | None:
    """A hash of the unit's source and of all settings and rules that apply to it; None where the source has none."""
    table = place.table
    landed = landed_files(place.home, table) if table.found else {}
    source = sources.fingerprint(table, place.load_date, extracts, landed)
    if source is None:
        return None
    settings = (
        table.deployment.timezone,
        table.deployment.currency,
        table.deployment.history_load_date.isoformat(),
        table.system.model_dump_json(exclude={"tables"}),
        table.settings.model_dump_json(),
        table.limits.model_dump_json(),
        repr(suite_of(table)),
    )
    return hashlib.sha256("\n".join((source, *settings)).encode()).hexdigest()


def _unit(place: UnitPlace, noted: Mapping[str, Any]) -> Unit:
    profile = read_profile(place)
    findings = tuple(Finding(**finding) for finding in noted["findings"])
    return Unit(
        place.table.name, place.load_date, {**profile, **profile["figures"]}, findings, tuple(noted["examples"])
    )


def _read(file: Path) -> tuple[str | None, Noted]:
    """The request and the noted units; a line that a full disk has cut off is skipped."""
    asked, noted = None, {}
    for text in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        try:
            line = json.loads(text)
        except json.JSONDecodeError:
            continue
        if "asked" in line:
            asked = line["asked"]
        else:
            noted[line["table"], line["load_date"]] = line
    return asked, noted


def _file(home: Home) -> Path:
    return home.state / "pull.jsonl"
