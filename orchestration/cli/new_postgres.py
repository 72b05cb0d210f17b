"""Reads the tables of a PostgreSQL schema for ``cx360 new``: names, keys, and rows as a night pulls them.

Keep out files and what all deliveries have in common (``new_sources.py``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from typing import Any, cast

import duckdb
import sqlalchemy as sa

from orchestration.base.errors import PipelineError
from orchestration.cli.new_sources import MOST_ROWS, Source, add, looked_at
from orchestration.config.deployment import Deployment, Table
from orchestration.connectors.sources import pull
from orchestration.guesses.names import slug, synonyms

CONNECT_SECONDS = 15


def tables_of(variable: str, schema: str) -> dict[str, tuple[tuple[str, ...], str]]:
    """Return the primary key of each table of a schema, which may be empty, and its first column.

    Args:
        variable: the environment variable that holds the URL.

    Raises:
        PipelineError: the variable is not set, the database cannot be reached, or the schema has no tables.
    """
    written = os.environ.get(variable)
    if not written:
        raise PipelineError(f"The environment variable {variable} is not set. Set it to the URL of the database.")
    try:
        url = sa.make_url(written)
        if url.get_backend_name() != "postgresql":
            raise PipelineError(f"The URL in {variable} is not one of PostgreSQL (postgresql://...).")
        options = {"connect_timeout": CONNECT_SECONDS}
        engine = sa.create_engine(url.set(drivername="postgresql+psycopg"), connect_args=options)
        with engine.connect() as connection:
            known = sa.inspect(connection)
            names = sorted(known.get_table_names(schema=schema))
            keys = {
                name: (
                    tuple(known.get_pk_constraint(name, schema)["constrained_columns"]),
                    known.get_columns(name, schema)[0]["name"],
                )
                for name in names
            }
        engine.dispose()
    except (sa.exc.SQLAlchemyError, ValueError) as error:  # the messages quote the URL
        raise PipelineError(
            f"The database that {variable} names cannot be read ({type(error).__name__}). Check the URL, the password"
            " and the rights of its user."
        ) from None
    if not keys:
        raise PipelineError(f"The schema '{schema}' has no table that the user of {variable} can see.")
    return keys


def sources_of(variable: str, schema: str, day: date, timezone: str) -> Iterator[Source]:
    """Yield each table of a schema.

    Args:
        day: the history load date: rows are read as its night would pull them.

    Raises:
        PipelineError: see ``tables_of``; also a table that cannot be read.
    """
    for name, (key, first) in tables_of(variable, schema).items():
        table = _table(variable, f"{schema}.{name}", slug(name), key or (first,), day, timezone)
        with duckdb.connect(config={"memory_limit": "2GB", "threads": 2}) as rows:
            row_count = 0
            with closing(cast("Any", pull(table, day, extracts=cast("Any", None)))) as batches:
                for batch in batches:
                    row_count = add(rows, batch.rows)
                    if row_count >= MOST_ROWS:
                        break
            delivered = looked_at(rows, slug(name), timezone, key)
        settings: dict[str, Any] = {} if slug(name) == name else {"table": name}
        cursor = delivered.find(synonyms()["shared"]["updated_at"], "timestamp")
        if cursor and cursor.kind == "time" and not cursor.format:
            settings["cursor"] = cursor.name
        yield Source(delivered, row_count, settings={"sql": settings} if settings else {})


def _table(variable: str, there: str, name: str, key: tuple[str, ...], day: date, timezone: str) -> Table:
    """The table as a deployment would have it."""
    settings = {
        "name": "new",
        "timezone": timezone,
        "currency": "EUR",
        "history_load_date": day,
        "owner": "team:new",
        "identity": {"country_calling_code": "1"},
        "systems": {
            "new": {
                "roles": ["crm"],
                "sql": {"url": {"env": variable}},
                "tables": {name: {"key": key, "sql": {"table": there}}},
            }
        },
    }
    return Table(deployment=Deployment.model_validate(settings), system_name="new", table_name=name)
