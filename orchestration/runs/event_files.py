"""Dagster's event files during a run: five thousand small transactions in SQLite, made cheap.

Add here how the files are reached, through SQLAlchemy's public events; keep out what is written to them: Dagster's own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, event


class _Kept(sqlite3.Connection):
    """A connection that is kept for the next engine that opens the same file, when the one that opened it is done."""

    def keep(self, idle: list[_Kept]) -> None:
        self._idle = idle
        self.execute("pragma synchronous = normal")

    def close(self) -> None:
        self._idle.append(self)

    def close_file(self) -> None:
        super().close()


@contextmanager
def fast_event_files(folder: Path) -> Iterator[None]:
    """Keep the files below ``folder`` open, wait for the disk now and then only, and compile each statement once.

    Dagster makes an engine for every event: a file is opened, read into and closed, and what SQLAlchemy has learned of
    a statement is forgotten. SQLite writes a file's log back when the last connection closes: they stay open here. A
    killed process loses nothing by this; a machine that loses its power may lose the last seconds of the event log,
    never the landing or what is published. Other files, such as a source that is a SQLite database, are left alone.
    """
    idle: dict[str, list[_Kept]] = {}
    dialects: dict[type[Dialect], Dialect] = {}
    compiled: dict[Any, Any] = {}

    @cache
    def is_event_file(path: str) -> bool:
        return Path(path).resolve().is_relative_to(folder.resolve())

    def connect(dialect: Dialect, _: object, arguments: list[Any], options: dict[str, Any]) -> _Kept | None:
        if dialect.name != "sqlite" or not is_event_file(arguments[0]):
            return None
        waiting = idle.setdefault(arguments[0], [])
        if waiting:
            return waiting.pop()
        opened = sqlite3.connect(*arguments, **options, factory=_Kept)
        opened.keep(waiting)
        return opened

    def remember(connection: Connection) -> None:
        if connection.dialect.name == "sqlite" and is_event_file(connection.engine.url.database or ""):
            # a statement is known by its dialect, of which every engine has one of its own
            connection.dialect = dialects.setdefault(type(connection.dialect), connection.dialect)
            connection.execution_options(compiled_cache=compiled)

    event.listen(Engine, "do_connect", connect)
    event.listen(Engine, "engine_connect", remember)
    try:
        yield
    finally:
        event.remove(Engine, "engine_connect", remember)
        event.remove(Engine, "do_connect", connect)
        for waiting in idle.values():
            for connection in waiting:
                connection.close_file()
