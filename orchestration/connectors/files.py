"""Files in a folder or behind a URL: yields the rows of the files that a table's window takes.

Add here what becomes of a file that is taken; where files lie stands in ``places.py``, which of them belong to a window
in ``drops.py``, and how a format is read in ``readers``.
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

from orchestration.base.errors import PipelineError
from orchestration.config.deployment import Table, Window
from orchestration.config.systems import Files, Format
from orchestration.connectors.batch import Batch, Delivery, SourceError, UnreadableError
from orchestration.connectors.drops import Drops, Landed, drops_of
from orchestration.connectors.places import Drop, content
from orchestration.connectors.readers import delimited, json_lines, parquet

READERS: dict[Format, Callable[[Path, str, Files], Iterator[Batch]]] = {
    "csv": delimited.read,
    "jsonl": json_lines.read,
    "parquet": parquet.read,
}
BATCH_ROWS = 100_000
NOTHING_LANDED: Landed = MappingProxyType({})


def pull(table: Table, window: Window, extracts: Path, landed: Landed = NOTHING_LANDED) -> Iterator[Batch]:
    """Yield what ``table`` delivered for one window, file by file in the order of their names.

    Every file yields at least one batch, also one without rows: no batch at all means that the deployment expects
    nothing of the table in this window. While a batch is judged and written, the next one is read.

    Args:
        landed: the files that have landed of each load date; a file whose name carries no date and whose content one of
            an earlier load date had yields its columns alone.

    Raises:
        SourceError: an expected file is missing, or one cannot be taken as it is; batches before it stand.
    """
    yield from _ahead(_pull(table, window.load_date, extracts, landed))


def _ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The same batches, each read while the one before it is in use."""
    with ThreadPoolExecutor(1, "reader") as reader:
        coming = reader.submit(next, batches, None)
        while batch := coming.result():
            coming = reader.submit(next, batches, None)
            yield batch


def _pull(table: Table, load_date: date, extracts: Path, landed: Landed) -> Iterator[Batch]:
    pattern = table.pattern(load_date)
    if not (pattern or table.found):
        return
    with _told(table):
        drops = drops_of(table, extracts, landed)
        whole = drops.whole(load_date)
        if gone := drops.gone(load_date):
            raise UnreadableError(
                f"file '{gone[0]}' landed on {load_date} and is no more there as it was, so that the day cannot be"
                " taken again",
                "What has landed of it stays: leave the day out, or deliver the file anew under another name",
            )
    if pattern and not whole:
        with _told(table):
            missing = drops.place.missing(pattern)
        raise SourceError(f"{table.told}: {missing}")
    taken: dict[str, str] = {}
    for drop in whole:
        with _told(table, drop.name):
            yield from _take(drops, drop, load_date, taken)


def _take(drops: Drops, drop: Drop, load_date: date, taken: dict[str, str]) -> Iterator[Batch]:
    """The batches of one file; of one whose content was taken before, its columns alone.

    Args:
        taken: the contents of the files before it, each with its file.
    """
    if drop.size == 0:
        raise UnreadableError("the file has 0 bytes", "Deliver it again, whole")
    with drops.place.fetched(drop) as path:
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


def _taken_earlier(drops: Drops, load_date: date, known: str) -> str | None:
    """The file of an earlier load date that had the same content; a name with a date says itself where it belongs."""
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
    """The rows of one file, in batches of bounded length."""
    for batch in READERS[files.format](path, source_file, files):
        yield replace(batch, rows=batch.rows.slice(0, BATCH_ROWS))
        for start in range(BATCH_ROWS, batch.rows.num_rows, BATCH_ROWS):
            yield replace(batch, rows=batch.rows.slice(start, BATCH_ROWS), faults=())


def load_dates(table: Table, extracts: Path, landed: Landed = NOTHING_LANDED) -> set[date]:
    """The load dates for which the table has a file.

    Raises:
        SourceError: the place cannot be read, or a pattern of the deployment leads out of it.
    """
    with _told(table):
        drops = drops_of(table, extracts, landed)
        return {day for day in drops.days() if drops.of(day)}


def changed_load_dates(table: Table, extracts: Path, landed: Landed) -> set[date]:
    """The load dates that have landed and whose files are others now, by content; files that have gone tell nothing.

    Raises:
        SourceError: see ``load_dates``.
    """
    with _told(table):
        drops = drops_of(table, extracts, landed)
        return {
            day for day in drops.days() & {*landed} if not all(drops.is_landed(drop, day) for drop in drops.of(day))
        }


def fingerprint(table: Table, window: Window, extracts: Path, landed: Landed = NOTHING_LANDED) -> str:
    """What tells one delivery of a window from another: the names and the contents of its files.

    Raises:
        SourceError: see ``load_dates``.
    """
    told = hashlib.sha256()
    with _told(table):
        drops = drops_of(table, extracts, landed)
        for drop in drops.of(window.load_date):
            known = landed.get(window.load_date, {}).get(drop.name)
            is_known = known is not None and known.tag == drop.tag
            told.update(f"{drop.name}\n{known.content if known and is_known else drops.content(drop)}\n".encode())
    return told.hexdigest()


@contextmanager
def _told(table: Table, source_file: str | None = None) -> Iterator[None]:
    """Say of a problem whose it is."""
    where = table.told + (f", file '{source_file}'" if source_file else "")
    try:
        yield
    except UnreadableError as error:
        raise SourceError(f"{where}: {error}.") from error
    except SourceError:
        raise
    except PipelineError as error:  # a secret's variable is not set
        raise SourceError(f"{where}: {error}") from error
    except OSError as error:
        raise SourceError(
            f"{where}: it cannot be read ({error.strerror or error}). Check the file, its disk and its permissions."
        ) from error
