"""Rows that a person has corrected, kept as state and applied at every pull.

A release is a file ``state/releases/<number>.jsonl`` that is written whole or not at all. The landing applies it to the
unit's quarantine: to the row of the same file and line as long as that row is, text for text, the one that was
corrected. So a day that is pulled again keeps its corrections, until the system delivers the row differently.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from orchestration.base import durable
from orchestration.base.paths import Home
from orchestration.base.state import parse_json


@dataclass(frozen=True)
class Correction:
    """A row of the quarantine, and what it should have been.

    Attributes:
        table: the landed table, ``<system>__<table>``.
        row_text: the row as the quarantine holds it.
        row: the corrected values by column.
    """

    table: str
    load_date: str
    source_file: str
    source_row: int
    row_text: str
    row: Mapping[str, Any]

    @property
    def rejected(self) -> tuple[str, int, str]:
        """What it corrects, within its unit."""
        return self.source_file, self.source_row, self.row_text


def releases(home: Home) -> list[str]:
    """The numbers of all releases, oldest first."""
    return sorted(path.stem for path in _folder(home).glob("*.jsonl"))


def keep_release(home: Home, corrections: Iterable[Correction]) -> str:
    """Keep corrections as a release, or find the release that holds just these; the number of it."""
    text = "".join(json.dumps(asdict(correction), ensure_ascii=False) + "\n" for correction in corrections)
    folder = _folder(home)
    for number in releases(home):
        if (folder / f"{number}.jsonl").read_text(encoding="utf-8") == text:
            return number
    number = f"{len(releases(home)) + 1:06d}"
    durable.write_text(folder / f"{number}.jsonl", text)
    return number


def released(home: Home, numbers: Iterable[str]) -> list[Correction]:
    """The corrections of these releases, in their order."""
    kind, holds = TypeAdapter(Correction), "corrections of quarantined rows"
    return [
        parse_json(line, kind, f"{path}, line {number}", holds)
        for path in (_folder(home) / f"{number}.jsonl" for number in numbers)
        for number, line in enumerate(_lines(path), start=1)
    ]


def corrections_of(home: Home, table: str, load_date: date) -> dict[tuple[str, int, str], Correction]:
    """The corrections of a unit, by the row that each corrects; the latest where there are several."""
    return {
        correction.rejected: correction
        for correction in released(home, releases(home))
        if correction.table == table and correction.load_date == load_date.isoformat()
    }


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").split("\n") if line]


def _folder(home: Home) -> Path:
    return home.state / "releases"
