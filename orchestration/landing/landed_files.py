"""What the landing remembers of delivered files: which ones each unit took, by name and content.

That lies beside the unit's rows (``files.json``), so that it lands, is replaced and is held with them. What the place
said of a file when its content was last read, its tag, is of the machine and the day: it lies below ``state/``, and
where it is lost files are read once more. Add here how both are kept; keep out what is made of them
(``connectors/drops.py``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from orchestration.base.paths import Home
from orchestration.config.deployment import Table
from orchestration.connectors.batch import Batch, Delivery
from orchestration.landing.unit_place import landed_units

_FILES = "files.json"


def write_files(folder: Path, files: Iterable[Delivery]) -> None:
    """Keep beside a unit's rows which files they are from."""
    kept = [{"name": file.name, "content": file.content, "repeats": file.repeats} for file in files]
    if kept:
        (folder / _FILES).write_text(json.dumps(kept, ensure_ascii=False, indent=1), encoding="utf-8")


def read_files(folder: Path) -> dict[str, Delivery]:
    """The files that a unit's rows are from, by their names."""
    path = folder / _FILES
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return {file["name"]: Delivery(**file) for file in kept}


def landed_files(home: Home, table: Table) -> dict[date, dict[str, Delivery]]:
    """The files of each load date of a table that have landed, by their names, with the tags that they had."""
    landed = {unit.load_date: read_files(unit.landing) for unit in landed_units(home, table)}
    return {load_date: _tagged(files, _tags(home, table, load_date)) for load_date, files in landed.items() if files}


@dataclass
class LandedFiles:
    """The files of a table while its units are pulled one after the other: a later unit knows those of an earlier one.

    Attributes:
        known: by load date and name; empty for a table whose files' names tell all.
    """

    home: Home
    table: Table
    known: dict[date, dict[str, Delivery]] = field(init=False)

    def __post_init__(self) -> None:
        self.known = landed_files(self.home, self.table) if self.table.found else {}

    def noting(self, load_date: date, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The batches of a unit; once they have come, its files are known."""
        files: dict[str, Delivery] = {}
        for batch in batches:
            if batch.delivery:
                files[batch.delivery.name] = batch.delivery
            yield batch
        self.known[load_date] = files
        if files:
            path = _tags(self.home, self.table, load_date)
            path.parent.mkdir(parents=True, exist_ok=True)
            tags = {name: {"tag": file.tag, "content": file.content} for name, file in files.items()}
            path.write_text(json.dumps(tags, ensure_ascii=False), encoding="utf-8")


def _tagged(files: dict[str, Delivery], path: Path) -> dict[str, Delivery]:
    """The files with their tags, as far as these are known of the same content."""
    try:
        tags = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # a kill may have cut it off
        return files
    return {
        name: replace(file, tag=tags[name]["tag"]) if tags.get(name, {}).get("content") == file.content else file
        for name, file in files.items()
    }


def _tags(home: Home, table: Table, load_date: date) -> Path:
    return home.state / "file_tags" / table.name / f"{load_date.isoformat()}.json"
