"""Connector for files in a folder or behind a URL: yields the rows of a window's files.

Folders and buckets are read by ``locations.py``, files are assigned to windows by ``drops.py``, formats are parsed by
``readers``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
import pyarrow.compute as pc

from orchestration.base.errors import PipelineError
from orchestration.config.deployment import Table, Window
from orchestration.config.files import Files, Format
from orchestration.connectors.batch import (
    RESERVED_COLUMNS,
    Batch,
    Delivery,
    NotDeliveredError,
    SourceError,
    UnreadableError,
)
from orchestration.connectors.drops import Drops, Landed, drops_of
from orchestration.connectors.locations import Drop, content
from orchestration.connectors.readers import delimited, json_lines, parquet
from orchestration.connectors.readers.text import PACKED

READERS: dict[Format, Callable[[Path, str, Files], Iterator[Batch]]] = {
    "csv": delimited.read,
    "jsonl": json_lines.read,
    "parquet": parquet.read,
}
BATCH_ROWS = 100_000
NOTHING_LANDED: Landed = MappingProxyType({})


def pull(table: Table, window: Window, extracts: Path, landed: Landed = NOTHING_LANDED) -> Iterator[Batch]:
    """Yield the rows of one window, file by file, ordered by file name.

    Every file yields at least one batch, even if it has no rows. No batch at all means that the deployment expects no
    file of the table in this window. The next batch is read while the caller processes the last one.

    Args:
        landed: the landed files of each load date. A file without a date in its name yields only its columns if a file
            of an earlier load date had the same content.

    Raises:
        NotDeliveredError: an expected file is missing.
        SourceError: a file is unusable; batches yielded before remain valid.
    """
    yield from _ahead(_pull(table, window.load_date, extracts, landed))


def _ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Read the next batch in a thread while the caller uses the last one."""
    with ThreadPoolExecutor(1, "reader") as reader:
        coming = reader.submit(next, batches, None)
        while batch := coming.result():
            coming = reader.submit(next, batches, None)
            yield batch


def _pull(table: Table, load_date: date, extracts: Path, landed: Landed) -> Iterator[Batch]:
    pattern = table.pattern(load_date)
    if not (pattern or table.found):
        return
    with _naming(table):
        drops = drops_of(table, extracts, landed)
        whole = drops.whole(load_date)
        if gone := drops.gone(load_date):
            raise UnreadableError(
                f"file '{gone[0]}' landed on {load_date} and has been removed or changed since, so the load date cannot"
                " be pulled again",
                "The landed rows stay: leave this load date out, or deliver the file again under another name",
            )
    if pattern and not whole:
        with _naming(table):
            missing = drops.location.missing(pattern)
        raise NotDeliveredError(f"{table.label}: {missing}")
    taken: dict[str, str] = {}
    for drop in whole:
        with _naming(table, drop.name):
            yield from _take(drops, drop, load_date, taken)


def _take(drops: Drops, drop: Drop, load_date: date, taken: dict[str, str]) -> Iterator[Batch]:
    """Yield the batches of one file, or only its columns if a file with the same content was taken before.

    Args:
        taken: the content hashes of the files before it, with their names.
    """
    if drop.size == 0 and not _may_be_empty(drops.files, drop.name):
        raise UnreadableError("the file has 0 bytes", "Deliver the complete file again")
    with drops.location.fetched(drop) as path:
        known = content(path)
        repeats = taken.setdefault(known, drop.name)
        if repeats == drop.name:
            repeats = _taken_earlier(drops, load_date, known) or drop.name
        delivery = Delivery(drop.name, known, drop.tag)
        for batch in _read(drops.files, path, drop.name):
            if repeats != drop.name and (batch.rows.num_rows or batch.faults):
                yield Batch(batch.rows.slice(0, 0), (), replace(delivery, repeats=repeats))
                break
            yield replace(batch, delivery=delivery)


def _may_be_empty(files: Files, name: str) -> bool:
    """Whether a complete file may have no bytes: it has no header, and no frame of compressed data."""
    is_packed = Path(name).suffix in PACKED
    return not is_packed and (files.format == "jsonl" or (files.format == "csv" and bool(files.columns)))


def _taken_earlier(drops: Drops, load_date: date, known: str) -> str | None:
    """The file of an earlier load date with the same content; None if names carry the date."""
    if drops.table.pattern(load_date):
        return None
    return next(
        (
            f"{earlier.name} of {day}"
            for day, files in sorted(drops.landed.items())
            for earlier in files.values()
            if day < load_date and earlier.content == known and not earlier.repeats
        ),
        None,
    )


def _read(files: Files, path: Path, source_file: str) -> Iterator[Batch]:
    """Yield the rows of one file in batches of at most 100,000."""
    has_tokens = bool(files.nulls) and files.format != "csv"  # the reader of delimited text has replaced them
    for read in READERS[files.format](path, source_file, files):
        batch = replace(read, rows=_without_nulls(read.rows, files)) if has_tokens else read
        yield replace(batch, rows=batch.rows.slice(0, BATCH_ROWS))
        for start in range(BATCH_ROWS, batch.rows.num_rows, BATCH_ROWS):
            yield replace(batch, rows=batch.rows.slice(start, BATCH_ROWS), faults=())


def _without_nulls(rows: pa.Table, files: Files) -> pa.Table:
    """The rows with a missing value in place of each declared text that means one."""
    tokens = pa.array(files.nulls, pa.string())
    for place, field in enumerate(rows.schema):
        if pa.types.is_string(field.type) and field.name not in RESERVED_COLUMNS:
            column = rows.column(place)
            missing = pc.is_in(column, value_set=tokens)
            rows = rows.set_column(place, field.name, pc.if_else(missing, pa.scalar(None, pa.string()), column))
    return rows


def load_dates(table: Table, extracts: Path, landed: Landed = NOTHING_LANDED) -> set[date]:
    """Return the load dates for which the table has a file.

    Raises:
        SourceError: the folder or bucket cannot be read, or a pattern leads out of it.
    """
    with _naming(table):
        drops = drops_of(table, extracts, landed)
        return {day for day in drops.days() if drops.of(day)}


def changed_load_dates(table: Table, extracts: Path, landed: Landed) -> set[date]:
    """Return the landed load dates whose files have changed by content; removed files are ignored.

    Raises:
        SourceError: see ``load_dates``.
    """
    with _naming(table):
        drops = drops_of(table, extracts, landed)
        return {
            day for day in drops.days() & {*landed} if not all(drops.is_landed(drop, day) for drop in drops.of(day))
        }


def fingerprint(table: Table, window: Window, extracts: Path, landed: Landed = NOTHING_LANDED) -> str:
    """Return a hash of the names and contents of a window's files.

    Raises:
        SourceError: see ``load_dates``.
    """
    digest = hashlib.sha256()
    with _naming(table):
        drops = drops_of(table, extracts, landed)
        for drop in drops.of(window.load_date):
            known = landed.get(window.load_date, {}).get(drop.name)
            is_known = known is not None and known.tag == drop.tag
            digest.update(f"{drop.name}\n{known.content if known and is_known else drops.content(drop)}\n".encode())
    return digest.hexdigest()


@contextmanager
def _naming(table: Table, source_file: str | None = None) -> Iterator[None]:
    """Add table and file to an error."""
    where = table.label + (f", file '{source_file}'" if source_file else "")
    try:
        yield
    except UnreadableError as error:
        raise SourceError(f"{where}: {error}.") from error
    except SourceError:
        raise
    except PipelineError as error:  # the environment variable of a secret is not set
        raise SourceError(f"{where}: {error}") from error
    except OSError as error:
        raise SourceError(
            f"{where}: cannot read the file ({error.strerror or error}). Check the file, its disk and its permissions."
        ) from error
