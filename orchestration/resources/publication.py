"""The publication: the only place that writes below ``published/``.

A version is an immutable folder; ``current`` is a symlink that one rename swaps, so that a reader finds the last good
version or the new one, and never neither.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from orchestration.home import Home, sql_text

# the oldest storage format that holds what we publish: drivers bundled with BI tools are older than ours
STORAGE_VERSION = "v1.0.0"


@dataclass(frozen=True)
class Publication:
    """The published versions of a deployment."""

    home: Home
    daily_versions: int
    weekly_versions: int

    @property
    def current(self) -> Path:
        """The pointer that readers open."""
        return self.home.published / "current"

    def manifest(self) -> dict[str, Any] | None:
        """The manifest of the current version; None before the first publication."""
        path = self.current / "manifest.json"
        if not path.exists():
            return None
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return manifest

    def publish(self, as_of_date: date, run_id: str, facts: Mapping[str, Any]) -> Path:
        """Copy ``cx360.duckdb`` whole into a fresh version and point ``current`` at it.

        Args:
            facts: what the manifest says beside the version's name, as-of date, run and tables.

        Returns:
            The folder of the version.
        """
        versions = self.home.published / "versions"
        version = f"{as_of_date.isoformat()}-{run_id[:8]}"
        new, place = versions / f".new-{version}", versions / version
        for leftover in (*versions.glob(".new-*"), *([place] if self._is_unfinished(place) else [])):
            shutil.rmtree(leftover)
        (new / "parquet").mkdir(parents=True)
        tables = self._copy(new)
        manifest = {
            "version": version,
            "as_of_date": as_of_date.isoformat(),
            "run_id": run_id,
            **facts,
            "tables": tables,
        }
        (new / "manifest.json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False), encoding="utf-8")
        for path in (*new.rglob("*"), new):
            _sync(path)
        new.rename(place)
        _sync(versions)
        self._point_at(place)
        self._prune(place)
        return place

    def _is_unfinished(self, place: Path) -> bool:
        return place.exists() and self.current.resolve() != place.resolve()

    def _copy(self, folder: Path) -> dict[str, dict[str, Any]]:
        """Copy the database with its constraints and comments, and the marts as Parquet; describe the tables."""
        with duckdb.connect() as connection:
            connection.execute(f"attach {sql_text(self.home.star_db)} as built (read_only)")
            target = sql_text(folder / "cx360.duckdb")
            connection.execute(f"attach {target} as cx360 (storage_version '{STORAGE_VERSION}')")
            connection.execute("copy from database built to cx360")
            names = connection.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = 'cx360' order by all"
            ).fetchall()
            for schema, table in names:
                if schema == "marts":
                    target = sql_text(folder / "parquet" / f"{table}.parquet")
                    connection.execute(f"copy cx360.{schema}.{table} to {target} (format parquet, compression zstd)")
            return {f"{schema}.{table}": describe(connection, f"cx360.{schema}.{table}") for schema, table in names}

    def _point_at(self, place: Path) -> None:
        pointer = self.home.published / ".current.new"
        pointer.unlink(missing_ok=True)
        pointer.symlink_to(Path("versions") / place.name)
        pointer.replace(self.current)
        _sync(self.home.published)

    def _prune(self, current: Path) -> None:
        """Keep the newest version of each of the last days, then of each of the last weeks; drop the others."""
        versions = sorted(
            (path for path in current.parent.iterdir() if not path.name.startswith(".")),
            key=lambda path: (path.name[:10], path.stat().st_mtime),
            reverse=True,
        )
        newest_of_day: dict[str, Path] = {}
        for path in versions:
            newest_of_day.setdefault(path.name[:10], path)
        days = list(newest_of_day)
        newest_of_week: dict[str, Path] = {}
        for day in days:
            newest_of_week.setdefault(date.fromisoformat(day).strftime("%G-%V"), newest_of_day[day])
        kept = {current, *(newest_of_day[day] for day in days[: self.daily_versions])}
        kept |= set(list(newest_of_week.values())[: self.weekly_versions])
        for path in versions:
            if path not in kept:
                shutil.rmtree(path)


def describe(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, Any]:
    """The row count of a table and a checksum of its rows that does not depend on their order."""
    row_count, checksum = connection.execute(
        f"select count(*), coalesce(sum(md5_number_lower(cast(row as varchar))::hugeint), 0) from {table} as row"
    ).fetchall()[0]
    return {"row_count": row_count, "checksum": f"{checksum:x}"}


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
