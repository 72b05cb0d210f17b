"""The publication: the only module that writes below ``published/``.

A version is an immutable folder. ``current`` is a symlink that one rename replaces: a reader finds the previous version
or the new one. Add here what happens to versions; keep out the load dates on hold (``holds.py``).
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from orchestration.base import durable
from orchestration.base.errors import PipelineError
from orchestration.base.paths import Home, sql_text
from orchestration.config.settings import Retention
from orchestration.publication.holds import Holds

# a reader may have resolved `current` and not opened the file yet: a replaced version stays at least this long
READER_GRACE_SECONDS = 3600


@dataclass(frozen=True)
class Version:
    """One published version on disk."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its name: that of its folder."""
        return self.folder.name

    @property
    def number(self) -> int:
        """Its number in the order of publication, which does not depend on the clock."""
        return int(self.manifest["number"])

    @property
    def as_of_date(self) -> date:
        """End of the newest load window that it contains."""
        return date.fromisoformat(self.manifest["as_of_date"])

    @property
    def load_dates(self) -> set[date]:
        """The load dates that it contains."""
        return {date.fromisoformat(day) for day in self.manifest["load_dates"]}

    @property
    def releases(self) -> set[str]:
        """The files of readmitted rows that it contains."""
        return set(self.manifest.get("releases", ()))

    @property
    def taken_load_dates(self) -> set[date]:
        """The load dates that its run pulled."""
        return {date.fromisoformat(day) for day in self.manifest["taken_load_dates"]}

    @property
    def byte_count(self) -> int:
        """Its size on disk."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())


@dataclass(frozen=True)
class Publication:
    """The published versions of a deployment."""

    home: Home
    retention: Retention = field(default_factory=Retention)

    @property
    def current(self) -> Path:
        """The symlink that readers open."""
        return self.home.published / "current"

    @property
    def holds(self) -> Holds:
        """The withdrawn versions and the load dates on hold."""
        return Holds(self.home)

    def manifest(self) -> dict[str, Any] | None:
        """Return the manifest of the current version; None before the first publication."""
        path = self.current / "manifest.json"
        if not path.exists():
            return None
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return manifest

    def version(self) -> Version | None:
        """Return the current version; None before the first publication."""
        manifest = self.manifest()
        return Version(self.current.resolve(), manifest) if manifest else None

    def versions(self) -> list[Version]:
        """Return every version on disk, published or withdrawn, the newest first."""
        unfinished = self._unfinished()
        return [version for version in self._on_disk() if version not in unfinished]

    def publish(self, as_of_date: date, run_id: str, facts: Mapping[str, Any]) -> Path:
        """Move ``cx360.duckdb`` into a new version, with its marts as Parquet, and point ``current`` at it.

        Args:
            facts: further entries of the manifest, beside version, number, as-of date, run and tables.

        Returns:
            The folder of the version.

        Raises:
            PipelineError: the version cannot be written; ``current`` stays as it is.
        """
        versions = self.home.published / "versions"
        name = version_name(as_of_date, run_id)
        new, final = versions / f".new-{name}", versions / name
        try:
            self.settle_versions()
            (new / "parquet").mkdir(parents=True)
            manifest = {
                "version": name,
                "number": 1 + max((version.number for version in self._on_disk()), default=0),
                "as_of_date": as_of_date.isoformat(),
                "run_id": run_id,
                "duckdb_version": duckdb.__version__,
                **facts,
                "tables": self._export_and_move(new),
            }
            (new / "manifest.json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False), encoding="utf-8")
            durable.sync_tree(new)
            new.rename(final)
            durable.sync(versions)
            self._point_at(name)
        except (OSError, duckdb.Error) as error:
            shutil.rmtree(new, ignore_errors=True)
            raise PipelineError(
                f"Version {name} could not be written below {versions}: {error}\n"
                "Readers keep the previous version. Free or repair the disk, or correct its permissions, and run again."
            ) from error
        self._prune()
        return final

    def withdraw(self, name: str | None = None) -> tuple[list[Version], Version]:
        """Withdraw a version and every later one, and point ``current`` at the newest one left.

        The load dates that their runs pulled are put on hold.

        Args:
            name: the version; the current one if omitted.

        Returns:
            The withdrawn versions, the newest first, and the version that is current now.

        Raises:
            PipelineError: the version does not exist, is already withdrawn, or is the oldest.
        """
        self.settle_versions()
        valid = [version for version in self.versions() if version.name not in self.holds.withdrawn()]
        names = [version.name for version in valid]
        wanted = name or (names[0] if names else "")
        if wanted not in names:
            problem = "is already withdrawn" if wanted in self.holds.withdrawn() else "does not exist"
            raise PipelineError(f"Version '{wanted}' {problem}. Published versions: {', '.join(names) or 'none'}.")
        withdrawn, left = valid[: names.index(wanted) + 1], valid[names.index(wanted) + 1 :]
        if not left:
            raise PipelineError(f"Version '{wanted}' is the oldest one, so it cannot be withdrawn.")
        taken = set.union(*(version.taken_load_dates for version in withdrawn))
        self.holds.withdraw(
            [version.name for version in withdrawn], taken | (withdrawn[0].load_dates - left[0].load_dates)
        )
        self.settle_versions()
        return withdrawn, left[0]

    def settle_versions(self) -> None:
        """Finish or undo what a killed process left: versions incomplete or never current, half a withdrawal."""
        self.holds.settle_holds()
        current = self.version()
        if current and current.name in self.holds.withdrawn():
            left = [version for version in self.versions() if version.name not in self.holds.withdrawn()]
            self._point_at(left[0].name)
        for version in self._unfinished():
            _remove(version.folder)
        for leftover in (self.home.published / "versions").glob(".*"):  # incomplete, or half removed
            shutil.rmtree(leftover)
        (self.home.published / ".current.new").unlink(missing_ok=True)

    def _on_disk(self) -> list[Version]:
        """Return every complete version, the newest first."""
        found = (self.home.published / "versions").glob("[!.]*/manifest.json")
        versions = [Version(path.parent, json.loads(path.read_text(encoding="utf-8"))) for path in found]
        return sorted(versions, key=lambda version: version.number, reverse=True)

    def _unfinished(self) -> list[Version]:
        """Return complete versions that were never current: their run was killed before."""
        current, withdrawn = self.version(), self.holds.withdrawn()
        newest = current.number if current else 0
        return [version for version in self._on_disk() if version.number > newest and version.name not in withdrawn]

    def _export_and_move(self, folder: Path) -> dict[str, dict[str, Any]]:
        """Write the marts as Parquet, move the database file into the version, and describe its tables."""
        with duckdb.connect(self.home.star_db) as connection:
            # closing a file checkpoints it silently, and a full disk leaves its tables in a log that is not moved
            connection.execute("checkpoint")
        with duckdb.connect(self.home.star_db, read_only=True) as connection:
            names = connection.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = 'cx360' order by all"
            ).fetchall()
            for schema, table in names:
                if schema == "marts":
                    target = sql_text(folder / "parquet" / f"{table}.parquet")
                    connection.execute(f"copy cx360.{schema}.{table} to {target} (format parquet, compression zstd)")
            tables = {f"{schema}.{table}": describe(connection, f"cx360.{schema}.{table}") for schema, table in names}
        log = self.home.star_db.with_name(self.home.star_db.name + ".wal")
        if log.exists():
            raise OSError(f"{log} is not empty: the disk is full, or another process has the file open")
        self.home.star_db.rename(folder / "cx360.duckdb")
        return tables

    def _point_at(self, name: str) -> None:
        pointer = self.home.published / ".current.new"
        pointer.unlink(missing_ok=True)
        pointer.symlink_to(Path("versions") / name)
        pointer.replace(self.current)
        durable.sync(self.home.published)

    def _prune(self) -> None:
        """Keep the newest version of each of the last days and of each of the last weeks; remove the others.

        Withdrawn versions do not count, and stay while load dates are on hold because of them.
        """
        versions = self._on_disk()
        withdrawn, holding = self.holds.withdrawn(), self.holds.holding()
        valid = [version for version in versions if version.name not in withdrawn]
        kept = {valid[0].name, *_newest_of(valid, self.retention), *holding}
        for later, version in reversed(list(zip([None, *versions], versions, strict=False))):
            is_in_use = later is None or time.time() - later.folder.stat().st_mtime < READER_GRACE_SECONDS
            if version.name not in kept and not is_in_use:
                _remove(version.folder)


def version_name(as_of_date: date, run_id: str) -> str:
    """Return the name of the version of a run."""
    return f"{as_of_date.isoformat()}-{run_id[:8]}"


def _newest_of(versions: Collection[Version], retention: Retention) -> list[str]:
    """Return the newest version of each of the last days and weeks, by as-of date."""
    of_day: dict[date, str] = {}
    for version in versions:
        of_day.setdefault(version.as_of_date, version.name)
    latest = sorted(of_day, reverse=True)
    of_week: dict[str, str] = {}
    for day in latest:
        of_week.setdefault(day.strftime("%G-%V"), of_day[day])
    return [
        *(of_day[day] for day in latest[: retention.daily_versions]),
        *list(of_week.values())[: retention.weekly_versions],
    ]


def describe(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, Any]:
    """Return the row count of a table and a checksum of its rows that does not depend on their order.

    The checksum uses DuckDB's ``hash``, because a digest of each row's text takes as long as writing the version:
    compare only checksums of the same DuckDB version.
    """
    row_count, checksum = connection.execute(
        f"select count(*), coalesce(sum(cast(hash(row) as hugeint)), 0) from {table} as row"
    ).fetchall()[0]
    return {"row_count": row_count, "checksum": f"{checksum:x}"}


def _remove(folder: Path) -> None:
    """Remove a version. It is renamed first: a kill never leaves a part of it among the others."""
    hidden = folder.with_name(f".old-{folder.name}")
    folder.rename(hidden)
    shutil.rmtree(hidden)
