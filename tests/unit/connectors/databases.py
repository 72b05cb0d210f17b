"""Shared by tests of databases: a table of a deployment that is pulled from one, and its pulled rows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from orchestration.config.deployment import Table, Window, load_deployment
from orchestration.config.settings import Secret
from orchestration.config.systems import Sql, SqlTable, System, TableSettings
from orchestration.connectors import sql

NIGHT = date(2026, 1, 15)
EVER = Window(NIGHT, None, datetime(2100, 1, 1, tzinfo=UTC))
URL = "TEST_DATABASE_URL"


def table_of(
    *, key: tuple[str, ...] = ("id",), zone: str = "UTC", source_zone: str = "UTC", seconds: int = 60, **settings: Any
) -> Table:
    """A table ``shop.orders`` that is pulled from the database of the variable ``URL``."""
    pulled = TableSettings(description="Orders.", key=key, delivers=(), sql=SqlTable(**settings))
    source = Sql(
        url=Secret(env=URL), timezone=source_zone, statement_timeout_seconds=seconds, connect_timeout_seconds=3
    )
    system = System(description="A shop.", roles=("transactions",), sql=source, tables={"orders": pulled})
    deployment = load_deployment("demo").model_copy(update={"timezone": zone, "systems": {"shop": system}})
    return next(deployment.tables())


def pulled(table: Table, window: Window = EVER) -> pa.Table:
    """Pull all rows of the window."""
    return pa.concat_tables(batch.rows for batch in sql.pull(table, window))


def by_driver(url: str) -> str:
    """Return the URL with the psycopg driver, which reads row by row."""
    return url.replace("postgresql:", "postgresql+psycopg:", 1)
