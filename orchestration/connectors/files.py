"""Files in a folder: finds the files of a table's window and yields their rows.

Add here how files are found and named in messages; how a format is read stands in ``readers``.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path, PurePosixPath

from orchestration.connectors.batch import Batch, SourceError, UnreadableError
from orchestration.connectors.readers import delimited, json_lines, parquet
from orchestration.deployment import Table, Window
from orchestration.system_settings import Files, Format

READERS: dict[Format, Callable[[Path, str, Files], Iterator[Batch]]] = {
    "csv": delimited.read,
    "jsonl": json_lines.read,
    "parquet": parquet.read,
}
BATCH_ROWS = 100_000


def pull(table: Table, window: Window, extracts: Path) -> Iterator[Batch]:
    """Yield what ``table`` delivered for one window, file by file in the order of their names.

    Every file yields at least one batch, also one without rows: no batch at all means that the deployment expects
    nothing of the table in this window.

    Raises:
        SourceError: an expected file is missing, or one cannot be taken as it is; batches before it stand.
    """
    pattern = table.pattern(window.load_date)
    if pattern is None:
        return
    paths = _find(table, pattern, extracts)
    if not paths:
        raise SourceError(f"{_of(table)}: {_missing(pattern, extracts)}")
    for path in paths:
        source_file = path.relative_to(extracts).as_posix()
        try:
            yield from _read(_files(table), path, source_file)
        except UnreadableError as error:
            raise SourceError(f"{_of(table)}, file '{source_file}': {error}.") from error
        except OSError as error:
            raise SourceError(
                f"{_of(table)}, file '{source_file}': it cannot be read ({error.strerror or error})."
                " Check the file, its disk and its permissions."
            ) from error


def _files(table: Table) -> Files:
    if table.system.files is None:
        raise TypeError(f"{_of(table)} is not pulled from files")
    return table.system.files


def _read(files: Files, path: Path, source_file: str) -> Iterator[Batch]:
    """The rows of one file, in batches of bounded length."""
    if path.stat().st_size == 0:
        raise UnreadableError("the file has 0 bytes", "Deliver it again, whole")
    for batch in READERS[files.format](path, source_file, files):
        yield Batch(batch.rows.slice(0, BATCH_ROWS), batch.faults)
        for start in range(BATCH_ROWS, batch.rows.num_rows, BATCH_ROWS):
            yield Batch(batch.rows.slice(start, BATCH_ROWS), ())


def load_dates(table: Table, extracts: Path) -> set[date]:
    """The load dates for which the table has a file.

    Raises:
        SourceError: a pattern of the deployment leads out of the extracts folder.
    """
    found: set[date] = set()
    for load_date in _candidates(table, extracts):
        pattern = table.pattern(load_date)
        if pattern is not None and _find(table, pattern, extracts):
            found.add(load_date)
    return found


def fingerprint(table: Table, window: Window, extracts: Path) -> str:
    """What tells one delivery of a window from another: the names and the contents of its files.

    Raises:
        SourceError: a file cannot be read, or a pattern of the deployment leads out of the extracts folder.
    """
    pattern = table.pattern(window.load_date)
    told = hashlib.sha256()
    for path in _find(table, pattern, extracts) if pattern else []:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        told.update(f"{path.relative_to(extracts).as_posix()}\n{content}\n".encode())
    return told.hexdigest()


def _candidates(table: Table, extracts: Path) -> set[date]:
    """The dates that stand in the names of files like the table's; the history's date always."""
    candidates = {table.deployment.history_load_date}
    daily = table.settings.daily or _files(table).daily
    if daily is not None:
        anyday = daily.format(table=table.table_name, load_date="????-??-??")
        for path in _find(table, anyday, extracts):
            for text in re.findall(r"(?=(\d{4}-\d{2}-\d{2}))", path.relative_to(extracts).as_posix()):
                try:
                    candidates.add(date.fromisoformat(text))
                except ValueError:  # digits like a date that are none
                    continue
    return candidates


def _find(table: Table, pattern: str, extracts: Path) -> list[Path]:
    """The files below ``extracts`` that ``pattern`` names."""
    if PurePosixPath(pattern).is_absolute() or ".." in PurePosixPath(pattern).parts:
        raise SourceError(
            f"{_of(table)}: the pattern '{pattern}' leads out of the extracts folder."
            f" Write it relative to that folder in deployments/{table.deployment.name}.yml."
        )
    paths = sorted(path for path in extracts.glob(pattern) if path.is_file())
    for path in paths:
        if not str(path).isprintable():
            raise SourceError(
                f"{_of(table)}, a file for '{pattern}': its name {path.name!a} has characters that cannot be shown."
                " Rename it."
            )
        if not path.resolve().is_relative_to(extracts.resolve()):
            raise SourceError(
                f"{_of(table)}, file '{path.relative_to(extracts).as_posix()}': it is a link that leads out of the"
                " extracts folder. Deliver the file itself."
            )
    return paths


def _missing(pattern: str, extracts: Path) -> str:
    """What is missing, and what lies where it was looked for."""
    if not extracts.is_dir():
        return f"the extracts folder '{extracts}' does not exist. Name the folder that holds the extracts."
    folder = extracts
    for part in PurePosixPath(pattern).parts:
        if not (folder / part).is_dir():
            break
        folder /= part
    names = sorted(entry.name for entry in folder.iterdir())
    near = difflib.get_close_matches(part, names, n=3) or names[:5]
    there = ", ".join(f"'{name}'" for name in near)
    return (
        f"no file '{pattern}' in the extracts folder '{extracts}'."
        f" The nearest there: {there or 'nothing'}, in '{folder}'. Deliver the file or mend its pattern."
    )


def _of(table: Table) -> str:
    return f"Deployment '{table.deployment.name}', system '{table.system_name}', table '{table.table_name}'"
