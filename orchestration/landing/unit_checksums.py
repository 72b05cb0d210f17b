"""The checksums of a unit's files: recorded before it lands, and compared before a run reads it.

``checksums.json`` lies beside the unit's rows, and names the unit, the files of its landing and those of its
quarantine. Its modification time is the moment of the last comparison: a later run reads the content of those files
only whose status has changed since. Add here what makes a unit damaged; keep out which units there are
(``verification.py``).
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from pydantic import BaseModel, TypeAdapter

from orchestration.base import durable
from orchestration.base.checksums import Checksum, checksums, differences
from orchestration.base.state import DamagedStateError, as_json, read_json

CHECKSUMS = "checksums.json"
WRITTEN = re.compile(r"part-\d{5}\.parquet|profile\.json|files\.json")
"""The files of a unit, for one that landed before units had checksums."""


class UnitChecksums(BaseModel, frozen=True):
    """The content of ``checksums.json``: the unit, ``<system>/<table>/load_date=<day or month>``, and its files."""

    unit: str
    landing: dict[str, Checksum]
    quarantine: dict[str, Checksum]


def unit_of(landing: Path) -> str:
    """Return the name of the unit, or month, in this final folder of the landing."""
    return "/".join(landing.parts[-3:])


def record_checksums(landing: Path, quarantine: Path, unit: str) -> None:
    """Record the checksums of a unit's files, which are written to these folders."""
    (landing / CHECKSUMS).write_text(_content(landing, quarantine, unit), encoding="utf-8")


def take_over(landing: Path, quarantine: Path) -> list[str]:
    """Record the checksums of a unit that landed before units had them.

    Returns:
        The files that the pipeline did not write; if there are any, nothing is recorded.
    """
    if (landing / CHECKSUMS).exists():
        return []
    durable.new_of(landing / CHECKSUMS).unlink(missing_ok=True)  # a kill may have left it
    foreign = [
        path
        for folder in (landing, quarantine)
        for path in sorted(folder.rglob("*"))
        if not WRITTEN.fullmatch(path.relative_to(folder).as_posix())
    ]
    if not foreign:
        durable.write_text(landing / CHECKSUMS, _content(landing, quarantine, unit_of(landing)))
    return [f"{path} does not belong there: the pipeline did not write it" for path in foreign]


def recorded(landing: Path, quarantine: Path) -> dict[Path, Checksum]:
    """Return the recorded checksum of each file of a unit."""
    known = _read(landing / CHECKSUMS)
    folders = ((landing, known.landing), (quarantine, known.quarantine))
    return {folder / name: checksum for folder, files in folders for name, checksum in files.items()}


def unit_damage(landing: Path, quarantine: Path, *, is_whole: bool) -> list[str]:
    """Return what is wrong with a unit: files that are missing, foreign, or differ.

    Args:
        is_whole: read the content of every file, instead of only those whose status has changed since the last
            comparison.
    """
    path = landing / CHECKSUMS
    if not path.is_file():
        return [f"{path} is missing"]
    try:
        known = _read(path)
    except DamagedStateError as error:
        return [str(error).splitlines()[0]]
    if known.unit != unit_of(landing):
        return [f"{landing} does not belong there: it is a copy of {known.unit}"]
    compared_at, now = path.stat().st_mtime_ns, time.time_ns()
    folders = ((landing, {**known.landing}), (quarantine, {**known.quarantine}))
    changed = [
        [name for name in files if is_whole or _status_changed(folder / name, compared_at)] for folder, files in folders
    ]
    found = [
        line
        for (folder, files), hashed in zip(folders, changed, strict=True)
        for line in _without_own(differences(folder, files, hashed), path)
    ]
    if any(changed) and not found and not is_whole:
        os.utime(path, ns=(now, now))
    return found


def refuse_damaged(units: Iterable[tuple[Path, Path]]) -> None:
    """Refuse to rewrite units that are damaged: new checksums would hide it. Units without checksums pass.

    Raises:
        DamagedStateError: a file is missing, foreign, or differs.
    """
    for landing, quarantine in units:
        found = unit_damage(landing, quarantine, is_whole=False) if (landing / CHECKSUMS).exists() else []
        if found:
            raise DamagedStateError(damaged_landing(found))


def damaged_landing(found: list[str]) -> str:
    """Return the message about damaged units."""
    shown = "\n".join(f"  {line}" for line in found[:10])
    more = f"\n  and {len(found) - 10} more: cx360 verify lists them" if len(found) > 10 else ""
    return (
        f"The landing is damaged, and nothing was changed:\n{shown}{more}\n"
        "Move a file or folder that does not belong there out of the home. Copy a unit that is damaged or missing back"
        " from a backup, with its quarantine and its checksums.json. Or have its load dates delivered again, move what"
        " is left of it out of the home, and take them: cx360 run --from <day> --to <day>"
        " (docs/runbook.md, Damaged state)."
    )


def _content(landing: Path, quarantine: Path, unit: str) -> str:
    return as_json({"unit": unit, "landing": checksums(landing), "quarantine": checksums(quarantine)})


def _read(path: Path) -> UnitChecksums:
    return read_json(path, _kind(), "the checksums of the unit's files")


@cache
def _kind() -> TypeAdapter[UnitChecksums]:
    return TypeAdapter(UnitChecksums)


def _status_changed(path: Path, since: int) -> bool:
    """Whether content or status of a file changed at or after a moment; the status also changes when it is replaced.

    Clocks of file systems tick every few milliseconds: a change in the tick of the moment counts.
    """
    return path.is_file() and path.stat().st_ctime_ns >= since


def _without_own(lines: Iterator[str], path: Path) -> Iterator[str]:
    return (line for line in lines if not line.startswith(f"{path} "))
