"""Every kind of source behind one seam: what a table delivered in a window, and which windows can be pulled.

A connector is a module with ``pull(table, window, ...)``, which yields batches in constant memory and raises
``SourceError``; add its line here. Keep out how a source is spoken to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from orchestration.config.deployment import Deployment, Table
from orchestration.connectors import files
from orchestration.connectors.batch import Batch
from orchestration.connectors.drops import Landed


def _nothing_landed(_: Table) -> Landed:
    return files.NOTHING_LANDED


def pull(table: Table, load_date: date, extracts: Path, landed: Landed = files.NOTHING_LANDED) -> Iterator[Batch]:
    """Yield what ``table`` delivered in the window of ``load_date``; at least one batch, if anything was expected.

    Args:
        landed: the files of the table that have landed, by their load dates.

    Raises:
        SourceError: the source cannot be reached, or what it delivered cannot be taken as it is; batches before it
            stand.
    """
    window = table.window(load_date)
    if table.system.sql:
        from orchestration.connectors import sql

        return sql.pull(table, window)
    if table.system.rest:
        from orchestration.connectors import rest

        return rest.pull(table, window)
    return files.pull(table, window, extracts, landed)


def fingerprint(table: Table, load_date: date, extracts: Path, landed: Landed = files.NOTHING_LANDED) -> str | None:
    """What the source says for the window of ``load_date``, in a word: as long as it is the same, so are the rows.

    Files are known by their content, a database or a service by what it is asked: what it says of a window that has
    ended changes by late rows alone, and ``lookback_days`` is for those. None where nobody can tell.

    Args:
        landed: the files of the table that have landed, by their load dates.

    Raises:
        SourceError: a file cannot be read, or a pattern of the deployment leads out of its place.
    """
    window = table.window(load_date)
    if table.system.files:
        return files.fingerprint(table, window, extracts, landed)
    if window.end > datetime.now(UTC):
        return None
    return hashlib.sha256(f"{table.name} {window.start} {window.end}".encode()).hexdigest()


def available_load_dates(
    deployment: Deployment, extracts: Path, landed_of: Callable[[Table], Landed] = _nothing_landed
) -> list[date]:
    """The load dates that can be pulled of at least one table, oldest first.

    Files say by their names, or by the day on which they came, which days were delivered; a database or a service can
    be asked for every day that has ended.

    Args:
        landed_of: the files of a table that have landed, by their load dates.

    Raises:
        SourceError: a pattern of the deployment leads out of the extracts folder.
    """
    found: set[date] = set()
    for table in deployment.tables():
        if table.system.files:
            found |= files.load_dates(table, extracts, landed_of(table) if table.found else files.NOTHING_LANDED)
        else:
            found |= _ended_days(deployment)
    return sorted(found)


def changed_load_dates(deployment: Deployment, extracts: Path, landed_of: Callable[[Table], Landed]) -> list[date]:
    """The load dates that have landed and that a source has delivered anew since, oldest first; files alone can tell.

    Raises:
        SourceError: a place cannot be read.
    """
    tables = [table for table in deployment.tables() if table.system.files]
    return sorted({day for table in tables for day in files.changed_load_dates(table, extracts, landed_of(table))})


def _ended_days(deployment: Deployment) -> set[date]:
    """The history's load date and every day after it that has ended where the deployment's clock stands."""
    first, today = deployment.history_load_date, datetime.now(deployment.zone).date()
    return {first + timedelta(days=place) for place in range((today - first).days)}
