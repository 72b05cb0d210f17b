"""Reads whole deliveries for ``cx360 new``: files of any shape, and the tables of a PostgreSQL schema.

Keep out what the data are taken for (``guesses/``) and the file that is written (``new_text.py``).
"""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from orchestration.base.errors import PipelineError
from orchestration.config.files import Files
from orchestration.connectors.batch import UnreadableError
from orchestration.connectors.files import READERS
from orchestration.connectors.proposals import shape_of
from orchestration.guesses.columns import columns_of
from orchestration.guesses.delivered import Delivered, aliases_of, with_key
from orchestration.guesses.keys import smallest_key
from orchestration.guesses.maps import key_others
from orchestration.guesses.places import DAY, FORMATS, SUFFIX, Place, places

MOST_ROWS = 5_000_000
"""Rows of a table that are read; a key is unique among them."""


@dataclass(frozen=True)
class Source:
    """A delivered table, and where it lies.

    Attributes:
        shape: how its files are written, where that is not the usual way.
        settings: other settings of the table.
    """

    delivered: Delivered
    row_count: int
    place: Place | None = None
    file_format: str = ""
    shape: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


def named_files(patterns: Sequence[str]) -> list[Path]:
    """Return the files that the patterns, files and folders of a command name.

    Raises:
        PipelineError: one of them names no file.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        path = Path(pattern)
        if path.is_dir():
            names = sorted(each for each in path.rglob("*") if each.is_file() and SUFFIX.search(each.name))
        else:
            names = [path] if path.exists() else sorted(map(Path, glob.glob(pattern, recursive=True)))  # noqa: PTH207 - may be absolute
        if not names:
            raise PipelineError(
                f"There is no file '{pattern}'. Name files, folders or patterns such as 'extracts/*.csv'."
            )
        found |= dict.fromkeys(name.resolve() for name in names)
    return list(found)


def folder_of(files: Sequence[Path]) -> Path:
    """Return the folder that holds all files, above folders with a date as their name."""
    folder = files[0].parent
    while not all(file.is_relative_to(folder) for file in files) or DAY.search(folder.name):
        folder = folder.parent
    return folder


def sources_of(files: Sequence[Path], folder: Path, timezone: str) -> Iterator[Source]:
    """Yield each table of the files.

    Raises:
        PipelineError: a file cannot be read, or has no content.
    """
    for place in places([file.relative_to(folder).as_posix() for file in files]):
        newest = folder / place.names[-1]
        suffix = SUFFIX.search(place.names[-1])
        file_format = FORMATS[suffix[1].lower()] if suffix else "csv"
        with _naming(newest):
            if not newest.stat().st_size:
                raise PipelineError(f"'{newest}' is empty, so nothing can be guessed from it. Leave it out.")
            plain = Files.model_validate({"format": file_format, "history": "any"})
            shape = shape_of(newest, plain) if file_format == "csv" else {}
        written = Files.model_validate({"format": file_format, "history": "any", **shape})
        with duckdb.connect(config={"memory_limit": "2GB", "threads": 2}) as rows:
            row_count = 0
            for name in place.names:
                with _naming(folder / name):
                    for batch in READERS[written.format](folder / name, name, written):
                        row_count = add(rows, batch.rows)
                        if row_count >= MOST_ROWS:
                            break
            has_names = "columns" not in shape
            delivered = looked_at(rows, place.table, timezone, has_names=has_names)
        yield Source(delivered, row_count, place, file_format, _with_nulls(shape, delivered))


def add(rows: duckdb.DuckDBPyConnection, batch: pa.Table) -> int:
    """Add rows to the table ``delivered``; how many there are. Columns that the first rows lack are left out."""
    rows.register("batch", batch)
    rows.execute("create table if not exists delivered as select * from batch limit 0")
    known = {name for name, *_ in rows.execute("describe delivered").fetchall()}
    listed = ", ".join(f'"{name.replace(chr(34), chr(34) * 2)}"' for name in batch.column_names if name in known)
    rows.execute(f"insert into delivered by name select {listed} from batch")
    rows.unregister("batch")
    return int(rows.execute("select count(*) from delivered").fetchall()[0][0])


def looked_at(
    rows: duckdb.DuckDBPyConnection, name: str, timezone: str, key: tuple[str, ...] = (), *, has_names: bool = True
) -> Delivered:
    """Return what the table ``delivered`` seems to be.

    Args:
        key: as the source declares it.
    """
    columns = columns_of(rows, timezone)
    table = Delivered(name, columns, (), aliases_of(columns, has_names=has_names))
    return with_key(table, key or smallest_key(rows, columns, key_others(table), has_names=has_names))


def _with_nulls(shape: Mapping[str, Any], delivered: Delivered) -> dict[str, Any]:
    nulls = sorted({token for column in delivered.columns for token in column.tokens})
    return {**shape, **({"nulls": nulls} if nulls else {})}


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Name the file in an error."""
    try:
        yield
    except UnreadableError as error:
        raise PipelineError(f"'{path}' cannot be read: {error}.") from error
    except (OSError, pa.ArrowException) as error:
        raise PipelineError(f"'{path}' cannot be read: {getattr(error, 'strerror', None) or error}.") from error
