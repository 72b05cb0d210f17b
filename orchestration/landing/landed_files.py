"""The delivered files that each unit was made of, by name and content.

They are kept beside the unit's rows (``files.json``), so that they land, are replaced and are held with them. The tag
that a place gave a file when its content was last read belongs to the machine and the day: it is kept below ``state/``,
and without it the file is read once more. Add here how both are kept; keep out what they decide
(``connectors/drops.py``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from orchestration.base.paths import Home
from orchestration.base.state import read_json
from orchestration.config.deployment import Table
from orchestration.connectors.batch import Batch, Delivery
from orchestration.landing.unit_place import UNIT, UnitFolders, is_month

FILES = "files.json"


def write_files(folder: Path, files: Iterable[Delivery]) -> None:
    """Keep the files that a unit's rows are from beside them."""
    kept = [{"name": file.name, "content": file.content, "repeats": file.repeats} for file in files]
    if kept:
        (folder / FILES).write_text(json.dumps(kept, ensure_ascii=False, indent=1), encoding="utf-8")


def read_files(folder: Path) -> dict[str, Delivery]:
    """The files that the rows of a unit with a folder of its own are from, by name."""
    return {file["name"]: Delivery(**file) for files in kept_files(folder).values() for file in files}


def kept_files(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The files of each unit in a folder, by load date, as they are kept; a month's folder has several units."""
    path = folder / FILES
    if not path.exists():
        return {}
    holds = "the delivered files of landed units"
    if is_month(folder):
        return read_json(path, TypeAdapter(dict[str, list[dict[str, Any]]]), holds)
    return {folder.name.removeprefix(UNIT): read_json(path, TypeAdapter(list[dict[str, Any]]), holds)}


def landed_files(home: Home, table: Table) -> dict[date, dict[str, Delivery]]:
    """The files of each load date of a table that have landed, by name, with the tags that they had."""
    landed = {}
    for folder in UnitFolders.of(home, table).landing.glob(f"{UNIT}*"):
        for day, kept in kept_files(folder).items():
            load_date = date.fromisoformat(day)
            files = {file["name"]: Delivery(**file) for file in kept}
            landed[load_date] = _tagged(files, _tags(home, table, load_date))
    return landed


@dataclass
class LandedFiles:
    """The files of a table while its units are pulled in turn: a later unit knows those of an earlier one.

    Attributes:
        known: by load date and name; empty for a table whose file names carry the load date.
    """

    home: Home
    table: Table
    known: dict[date, dict[str, Delivery]] = field(init=False)

    def __post_init__(self) -> None:
        self.known = landed_files(self.home, self.table) if self.table.found else {}

    def noting(self, load_date: date, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Pass on the batches of a unit, then keep its files."""
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
    """The files, each with the tag that is kept for the same content."""
    try:
        tags = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # a kill may have truncated it
        return files
    return {
        name: replace(file, tag=tags[name]["tag"]) if tags.get(name, {}).get("content") == file.content else file
        for name, file in files.items()
    }


def _tags(home: Home, table: Table, load_date: date) -> Path:
    return home.state / "file_tags" / table.name / f"{load_date.isoformat()}.json"
