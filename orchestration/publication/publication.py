"""The publication: the only place that writes below ``published/``.

A version is an immutable folder; ``current`` is a symlink that one rename swaps, so that a reader finds the last good
version or the new one, and never neither. Add here what happens to versions; keep out the windows that a withdrawn one
held (``holds.py``).
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

# a reader may have looked up the version before and not opened it yet: so long nothing is taken from under it
READERS_HAVE_SECONDS = 3600


@dataclass(frozen=True)
class Version:
    """One published version on disk."""

    place: Path
    manifest: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its name, which is its folder's."""
        return self.place.name

    @property
    def number(self) -> int:
        """Its place in the order of publication, which no clock decides."""
        return int(self.manifest["number"])

    @property
    def as_of_date(self) -> date:
        """The end of the newest window in it."""
        return date.fromisoformat(self.manifest["as_of_date"])

    @property
    def load_dates(self) -> set[date]:
        """The load dates that are in it."""
        return {date.fromisoformat(day) for day in self.manifest["load_dates"]}

    @property
    def releases(self) -> set[str]:
        """The releases from quarantine that are in it."""
        return set(self.manifest.get("releases", ()))

    @property
    def taken_load_dates(self) -> set[date]:
        """The load dates that its run pulled."""
        return {date.fromisoformat(day) for day in self.manifest["taken_load_dates"]}

    @property
    def byte_count(self) -> int:
        """What it takes on disk."""
        return sum(path.stat().st_size for path in self.place.rglob("*") if path.is_file())


@dataclass(frozen=True)
class Publication:
    """The published versions of a deployment."""

    home: Home
    retention: Retention = field(default_factory=Retention)

    @property
    def current(self) -> Path:
        """The pointer that readers open."""
        return self.home.published / "current"

    @property
    def holds(self) -> Holds:
        """Which versions are withdrawn, and which load dates wait because of it."""
        return Holds(self.home)

    def manifest(self) -> dict[str, Any] | None:
        """The manifest of the current version; None before the first publication."""
        path = self.current / "manifest.json"
        if not path.exists():
            return None
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return manifest

    def version(self) -> Version | None:
        """The current version; None before the first publication."""
        manifest = self.manifest()
        return Version(self.current.resolve(), manifest) if manifest else None

    def versions(self) -> list[Version]:
        """Every version on disk, the newest first: published ones, and withdrawn ones."""
        unfinished = self._unfinished()
        return [version for version in self._on_disk() if version not in unfinished]

    def publish(self, as_of_date: date, run_id: str, facts: Mapping[str, Any]) -> Path:
        """Move ``cx360.duckdb`` into a new version, with its marts as Parquet, and point ``current`` at it.

        Args:
            facts: what the manifest says beside the version's name and number, as-of date, run and tables.

        Returns:
            The folder of the version.

        Raises:
            PipelineError: the version cannot be written; readers keep the one before.
        """
        versions = self.home.published / "versions"
        name = version_name(as_of_date, run_id)
        new, place = versions / f".new-{name}", versions / name
        try:
            self.settle()
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
            new.rename(place)
            durable.sync(versions)
            self._point_at(name)
        except (OSError, duckdb.Error) as error:
            shutil.rmtree(new, ignore_errors=True)
            raise PipelineError(
                f"Version {name} could not be written below {versions}: {error}\n"
                "Readers keep the version before. Where the disk is full or cannot be written to, mend that and run "
                "again."
            ) from error
        self._prune()
        return place

    def withdraw(self, name: str | None = None) -> tuple[list[Version], Version]:
        """Take a version back, and every later one: ``current`` points at the newest that is left.

        The load dates that they had taken are held (``Holds``).

        Args:
            name: the version; the current one where none is given.

        Returns:
            What was withdrawn, the newest first, and the version that is current now.

        Raises:
            PipelineError: there is no such version, it is withdrawn already, or nothing is left to go back to.
        """
        self.settle()
        standing = [version for version in self.versions() if version.name not in self.holds.withdrawn()]
        names = [version.name for version in standing]
        wanted = name or (names[0] if names else "")
        if wanted not in names:
            was = "has been withdrawn already" if wanted in self.holds.withdrawn() else "does not exist"
            raise PipelineError(f"Version '{wanted}' {was}. Published are: {', '.join(names) or 'none'}.")
        withdrawn, left = standing[: names.index(wanted) + 1], standing[names.index(wanted) + 1 :]
        if not left:
            raise PipelineError(f"Version '{wanted}' is the oldest there is: nothing is left to go back to.")
        taken = set.union(*(version.taken_load_dates for version in withdrawn))
        self.holds.withdraw(
            [version.name for version in withdrawn], taken | (withdrawn[0].load_dates - left[0].load_dates)
        )
        self.settle()
        return withdrawn, left[0]

    def settle(self) -> None:
        """Finish or undo what a killed process left: half versions, versions never pointed at, a half withdrawal."""
        self.holds.settle()
        current = self.version()
        if current and current.name in self.holds.withdrawn():
            left = [version for version in self.versions() if version.name not in self.holds.withdrawn()]
            self._point_at(left[0].name)
        for version in self._unfinished():
            _remove(version.place)
        for leftover in (self.home.published / "versions").glob(".*"):  # being written, or being removed
            shutil.rmtree(leftover)
        (self.home.published / ".current.new").unlink(missing_ok=True)

    def _on_disk(self) -> list[Version]:
        """Every whole version, the newest first."""
        found = (self.home.published / "versions").glob("[!.]*/manifest.json")
        versions = [Version(path.parent, json.loads(path.read_text(encoding="utf-8"))) for path in found]
        return sorted(versions, key=lambda version: version.number, reverse=True)

    def _unfinished(self) -> list[Version]:
        """Whole versions that ``current`` never pointed at: their run was killed before it could."""
        current, withdrawn = self.version(), self.holds.withdrawn()
        newest = current.number if current else 0
        return [version for version in self._on_disk() if version.number > newest and version.name not in withdrawn]

    def _export_and_move(self, folder: Path) -> dict[str, dict[str, Any]]:
        """Write the marts as Parquet, describe the tables, and move the database file into the version."""
        with duckdb.connect(self.home.star_db, read_only=True) as connection:
            names = connection.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = 'cx360' order by all"
            ).fetchall()
            for schema, table in names:
                if schema == "marts":
                    target = sql_text(folder / "parquet" / f"{table}.parquet")
                    connection.execute(f"copy cx360.{schema}.{table} to {target} (format parquet, compression zstd)")
            tables = {f"{schema}.{table}": describe(connection, f"cx360.{schema}.{table}") for schema, table in names}
        self.home.star_db.rename(folder / "cx360.duckdb")
        return tables

    def _point_at(self, name: str) -> None:
        pointer = self.home.published / ".current.new"
        pointer.unlink(missing_ok=True)
        pointer.symlink_to(Path("versions") / name)
        pointer.replace(self.current)
        durable.sync(self.home.published)

    def _prune(self) -> None:
        """Keep the newest version of each of the last days, then of each of the last weeks; drop the others.

        A withdrawn version counts for no day, and stays as long as load dates are held because of it.
        """
        versions = self._on_disk()
        withdrawn, holding = self.holds.withdrawn(), self.holds.holding()
        standing = [version for version in versions if version.name not in withdrawn]
        kept = {standing[0].name, *_newest_of(standing, self.retention), *holding}
        for later, version in reversed(list(zip([None, *versions], versions, strict=False))):
            is_in_use = later is None or time.time() - later.place.stat().st_mtime < READERS_HAVE_SECONDS
            if version.name not in kept and not is_in_use:
                _remove(version.place)


def version_name(as_of_date: date, run_id: str) -> str:
    """What the version of a run is called."""
    return f"{as_of_date.isoformat()}-{run_id[:8]}"


def _newest_of(versions: Collection[Version], retention: Retention) -> list[str]:
    """The newest version of each of the last days and weeks that have one, by their as-of dates."""
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
    """The row count of a table and a checksum of its rows that does not depend on their order.

    It is made of DuckDB's own hash, as a digest of each row's text takes as long as writing the version: two checksums
    may be compared if the same release of DuckDB made them.
    """
    row_count, checksum = connection.execute(
        f"select count(*), coalesce(sum(cast(hash(row) as hugeint)), 0) from {table} as row"
    ).fetchall()[0]
    return {"row_count": row_count, "checksum": f"{checksum:x}"}


def _remove(place: Path) -> None:
    """Remove a version: out of sight first, so that a kill never leaves a part of it among the others."""
    gone = place.with_name(f".old-{place.name}")
    place.rename(gone)
    shutil.rmtree(gone)
