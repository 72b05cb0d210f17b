"""The warehouse of a run: two DuckDB files that only the pipeline opens.

Add here how they are created and opened; keep out their tables (``dbt_project/``) and publishing (``publication/``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from orchestration.base.paths import Home, sql_text

STORAGE_VERSION = "v1.0.0"
"""Storage version of the published file: the oldest possible one, because BI tools bundle older drivers."""


@dataclass(frozen=True)
class Warehouse:
    """``work.duckdb`` (staging, intermediate, identity, science), with ``cx360.duckdb`` (the next version) attached."""

    home: Home
    memory_limit: str

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open both files with the settings that dbt uses."""
        self.home.work_db.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(self.home.work_db) as connection:
            connection.execute(f"set memory_limit = '{self.memory_limit}'")
            connection.execute(f"set temp_directory = {sql_text(self.home.root / 'tmp')}")
            connection.execute("set preserve_insertion_order = false")
            connection.execute("set TimeZone = 'UTC'")
            connection.execute(
                f"attach if not exists {sql_text(self.home.star_db)} as cx360 (storage_version '{STORAGE_VERSION}')"
            )
            yield connection

    def start_empty(self) -> None:
        """Replace both files by empty ones: a run builds everything from the landing."""
        for file in (self.home.work_db, self.home.star_db):
            for path in (file, file.with_name(file.name + ".wal")):
                path.unlink(missing_ok=True)
        with self.connect():
            pass  # the first connection gives the published file its storage version
