"""Every kind of source behind one seam: what a table delivered in a window, and which windows can be pulled.

A connector is a module with ``pull(table, window, ...)``, which yields batches in constant memory and raises
``SourceError``; add its line here. Keep out how a source is spoken to.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

from orchestration.connectors import files
from orchestration.connectors.batch import Batch
from orchestration.deployment import Deployment, Table


def pull(table: Table, load_date: date, extracts: Path) -> Iterator[Batch]:
    """Yield what ``table`` delivered in the window of ``load_date``; at least one batch, if anything was expected.

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
    return files.pull(table, window, extracts)


def available_load_dates(deployment: Deployment, extracts: Path) -> list[date]:
    """The load dates that can be pulled of at least one table, oldest first.

    Files say by their names which days were delivered; a database or a service can be asked for every day that has
    ended.

    Raises:
        SourceError: a pattern of the deployment leads out of the extracts folder.
    """
    found: set[date] = set()
    for table in deployment.tables():
        found |= files.load_dates(table, extracts) if table.system.files else _ended_days(deployment)
    return sorted(found)


def _ended_days(deployment: Deployment) -> set[date]:
    """The history's load date and every day after it that has ended where the deployment's clock stands."""
    first, today = deployment.history_load_date, datetime.now(deployment.zone).date()
    return {first + timedelta(days=place) for place in range((today - first).days)}
