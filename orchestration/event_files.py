"""Dagster's event files during a run: five thousand small transactions in SQLite, made cheap.

Add here how the files are reached, through SQLAlchemy's public events; keep out what is written to them: Dagster's own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, event


@contextmanager
def fast_event_files() -> Iterator[None]:
    """Keep the files open, wait for the disk now and then only, and compile each statement once.

    Dagster makes an engine for every event: a file is opened and closed, and what SQLAlchemy has learned of a statement
    is forgotten. SQLite writes a file's log back when the last connection closes: one stays open here. A killed process
    loses nothing by this; a machine that loses its power may lose the last seconds of the event log, never the landing
    or what is published.
    """
    kept: dict[str, sqlite3.Connection] = {}
    dialects: dict[type[Dialect], Dialect] = {}
    compiled: dict[Any, Any] = {}

    def keep(connection: object, _: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("pragma synchronous = normal")
            _, _, path = connection.execute("pragma database_list").fetchone()
            if path not in kept:
                kept[path] = sqlite3.connect(path, check_same_thread=False)
            # a file counts as open from the first look into it
            kept[path].execute("pragma schema_version").fetchone()

    def remember(connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            # a statement is known by its dialect, of which every engine has one of its own
            connection.dialect = dialects.setdefault(type(connection.dialect), connection.dialect)
            connection.execution_options(compiled_cache=compiled)

    event.listen(Engine, "connect", keep)
    event.listen(Engine, "engine_connect", remember)
    try:
        yield
    finally:
        event.remove(Engine, "engine_connect", remember)
        event.remove(Engine, "connect", keep)
        for connection in kept.values():
            connection.close()
