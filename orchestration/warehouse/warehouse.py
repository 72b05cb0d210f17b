"""The work warehouse: two DuckDB files that only the pipeline opens.

Add here how they are opened; keep out what is in them (``dbt_project/``) and how they reach readers
(``publication.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from orchestration.base.paths import Home, sql_text
from orchestration.warehouse.built import Built


@dataclass(frozen=True)
class Warehouse:
    """``work.duckdb`` (staging, intermediate, identity), with ``cx360.duckdb`` (what may be published) attached."""

    home: Home
    memory_limit: str

    @property
    def built(self) -> Built:
        """What was built last, and by what."""
        return Built(self.home)

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open both files for one use, with the settings that dbt opens them with."""
        self.home.work_db.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(self.home.work_db) as connection:
            connection.execute(f"set memory_limit = '{self.memory_limit}'")
            connection.execute(f"set temp_directory = {sql_text(self.home.root / 'tmp')}")
            connection.execute("set preserve_insertion_order = false")
            connection.execute("set TimeZone = 'UTC'")
            connection.execute(f"attach if not exists {sql_text(self.home.star_db)} as cx360")
            yield connection

    def reset(self) -> None:
        """Forget everything built: the next build starts from the landing alone."""
        self.built.forget()
        for file in (self.home.work_db, self.home.star_db):
            for path in (file, file.with_name(file.name + ".wal")):
                path.unlink(missing_ok=True)
