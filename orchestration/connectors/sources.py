"""Selects the connector of a table: pulls a window, lists the load dates that can be pulled, fingerprints a unit.

A connector is a module with ``pull(table, window, ...)`` that yields batches in constant memory and raises
``SourceError``; register a new one here. Keep out the protocol of a source.
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
from orchestration.connectors.readers.values import as_declared


def _nothing_landed(_: Table) -> Landed:
    return files.NOTHING_LANDED


def pull(table: Table, load_date: date, extracts: Path, landed: Landed = files.NOTHING_LANDED) -> Iterator[Batch]:
    """Yield the rows of ``table`` for ``load_date``: at least one batch, unless the deployment expects nothing.

    Args:
        landed: the landed files of the table, per load date.

    Raises:
        SourceError: the source cannot be reached, or its delivery is unusable; batches yielded before remain valid.
    """
    return as_declared(table, _pulled(table, load_date, extracts, landed))


def _pulled(table: Table, load_date: date, extracts: Path, landed: Landed) -> Iterator[Batch]:
    window = table.window(load_date)
    if table.system.sql:
        from orchestration.connectors import sql

        return sql.pull(table, window)
    if table.system.rest:
        from orchestration.connectors import rest

        return rest.pull(table, window)
    return files.pull(table, window, extracts, landed)


def fingerprint(table: Table, load_date: date, extracts: Path, landed: Landed = files.NOTHING_LANDED) -> str | None:
    """Return a hash that stays the same as long as the rows of the window do; None if that cannot be known.

    Files are hashed by content. A database or a service is hashed by table and window: after its end, a window changes
    only by late rows, which ``lookback_days`` of later nights pull.

    Args:
        landed: the landed files of the table, per load date.

    Raises:
        SourceError: a file cannot be read, or a pattern leads out of the folder or bucket.
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
    """Return the load dates that at least one table can be pulled for, oldest first.

    Files have a date in their name or a day of last change; a database or a service can be queried for every day that
    has ended.

    Args:
        landed_of: returns the landed files of a table, per load date.

    Raises:
        SourceError: a pattern leads out of the extracts folder.
    """
    found: set[date] = set()
    for table in deployment.tables():
        if table.system.files:
            found |= files.load_dates(table, extracts, landed_of(table) if table.found else files.NOTHING_LANDED)
        else:
            found |= _ended_days(deployment)
    return sorted(found)


def changed_load_dates(deployment: Deployment, extracts: Path, landed_of: Callable[[Table], Landed]) -> list[date]:
    """Return the landed load dates whose files have changed since, oldest first; databases and services never have any.

    Raises:
        SourceError: a folder or bucket cannot be read.
    """
    tables = [table for table in deployment.tables() if table.system.files]
    return sorted({day for table in tables for day in files.changed_load_dates(table, extracts, landed_of(table))})


def _ended_days(deployment: Deployment) -> set[date]:
    """The history load date and every later day that has ended in the deployment's time zone."""
    first, today = deployment.history_load_date, datetime.now(deployment.zone).date()
    return {first + timedelta(days=number) for number in range((today - first).days)}
