"""The publication: the only module that writes below ``published/``.

A version is an immutable folder, and counts from the moment its folder has its name. ``current`` is a symlink to the
newest whole version that is not withdrawn. One rename replaces it: a reader finds the previous version or the new one.
Add here what happens to versions; keep out the load dates on hold (``holds.py``).
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb

from orchestration.base import durable
from orchestration.base.checksums import checksums
from orchestration.base.errors import PipelineError
from orchestration.base.paths import Home
from orchestration.base.state import DamagedStateError
from orchestration.config.settings import Retention
from orchestration.publication.holds import Holds
from orchestration.publication.parquet import write_parquet
from orchestration.publication.versions import (
    DATABASE,
    MANIFEST,
    DamagedVersion,
    Version,
    describe,
    read_version,
)

# a reader may have resolved `current` and not opened the file yet: a replaced version stays at least this long
READER_GRACE_SECONDS = 3600
_NO_DOCUMENTS: Mapping[str, bytes] = MappingProxyType({})


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

    @property
    def folder(self) -> Path:
        """The folder of the versions."""
        return self.home.published / "versions"

    def manifest(self) -> Mapping[str, Any] | None:
        """Return the manifest of the current version; None before the first publication."""
        version = self.version()
        return version.manifest if version else None

    def version(self) -> Version | None:
        """Return the current version; None before the first publication.

        That is the version at which ``current`` points. If it points at none that is whole, the version at which the
        next run will point it (``settle_versions``).
        """
        return self._pointed() or next(iter(self._valid()), None)

    def versions(self) -> list[Version]:
        """Return every whole version on disk, published or withdrawn, the newest first."""
        found = [version for version in map(read_version, self._folders()) if isinstance(version, Version)]
        return sorted(found, key=lambda version: version.number, reverse=True)

    def damaged(self) -> list[DamagedVersion]:
        """Return the folders among the versions that are no whole version. They are never removed."""
        return [version for version in map(read_version, self._folders()) if isinstance(version, DamagedVersion)]

    def publish(
        self, as_of_date: date, run_id: str, facts: Mapping[str, Any], documents: Mapping[str, bytes] = _NO_DOCUMENTS
    ) -> Path:
        """Move ``cx360.duckdb`` into a new version, with star and marts as Parquet, point ``current`` at it, return it.

        Args:
            facts: further entries of the manifest, beside version, number, as-of date, run and tables.
            documents: further files of the version, by name: its metrics, its column lineage.

        Raises:
            PipelineError: the version cannot be written; ``current`` stays as it is.
        """
        versions, name = self.folder, version_name(as_of_date, run_id)
        new, final = versions / f".new-{name}", versions / name
        try:
            self.settle_versions()
            (new / "parquet").mkdir(parents=True)
            for document, content in documents.items():
                (new / document).write_bytes(content)
            manifest = {
                "version": name,
                "number": self._next_number(),
                "as_of_date": as_of_date.isoformat(),
                "run_id": run_id,
                "duckdb_version": duckdb.__version__,
                **facts,
                "tables": self._export_and_move(new),
                "files": checksums(new),
            }
            (new / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False), encoding="utf-8")
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
        valid = self._valid()
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

    def settle_versions(self) -> list[str]:
        """Finish or undo what a killed process or a person left, and point ``current`` at the version that it shows.

        Only versions that were never complete, or that this class was removing, are removed.

        Returns:
            What was not as the pipeline leaves it, for the person who runs it.

        Raises:
            DamagedStateError: versions were published, and none is whole and not withdrawn; or the list of withdrawn
                versions is damaged.
        """
        self.holds.settle_holds()
        for leftover in (*self.folder.glob(".new-*"), *self.folder.glob(".old-*")):
            shutil.rmtree(leftover)
        (self.home.published / ".current.new").unlink(missing_ok=True)
        notes = [self._set_aside()] if self.current.is_dir() and not self.current.is_symlink() else []
        valid, damaged = self._valid(), self.damaged()
        notes += [f"Version {version.name} is damaged and is not used: {version.reason}." for version in damaged]
        if not valid and (damaged or self.current.is_symlink()):
            lost = "".join(f"  {version.folder}: {version.reason}\n" for version in damaged)
            raise DamagedStateError(
                f"No version below {self.folder} is whole and not withdrawn. Nothing was changed.\n{lost}"
                "Restore the home from a backup (cx360 restore). Or, if landing and state are whole, move these folders"
                f" out of {self.folder}, remove {self.current}, and run: star and marts are built from the landing."
                " Earlier versions are then lost."
            )
        if valid and self._target() != valid[0].name:
            notes.append(f"{self.current} pointed at {self._target() or 'nothing'}; it points at {valid[0].name} now.")
            self._point_at(valid[0].name)
        return notes

    def _folders(self) -> list[Path]:
        """Return the folders of versions, whole or damaged."""
        return sorted(path for path in self.folder.glob("[!.]*") if path.is_dir())

    def _valid(self) -> list[Version]:
        """Return every whole version that is not withdrawn, the newest first."""
        withdrawn = self.holds.withdrawn()
        return [version for version in self.versions() if version.name not in withdrawn]

    def _target(self) -> str | None:
        """Return the version's name in the symlink ``current``, or its target if that is not a version."""
        if not self.current.is_symlink():
            return None
        target = self.current.readlink()
        return target.name if target == Path(self.folder.name) / target.name else str(target)

    def _pointed(self) -> Version | None:
        """Return the version at which ``current`` points, if it is whole."""
        folder = self.folder / (self._target() or "")
        pointed = read_version(folder) if folder.parent == self.folder else None
        return pointed if isinstance(pointed, Version) else None

    def _next_number(self) -> int:
        """Return the number of the next version: higher than that of damaged ones, which may come back repaired."""
        return 1 + max((version.number for version in self.versions()), default=0) + len(self.damaged())

    def _set_aside(self) -> str:
        """Move a folder in the place of ``current`` away, as a copy that follows links leaves one.

        It becomes the version that it holds if that is missing.
        """
        try:
            name = str(json.loads((self.current / MANIFEST).read_text(encoding="utf-8"))["version"])
            target = self.folder / Path(name).name
        except (OSError, ValueError, KeyError, TypeError):
            target = self.current
        if target.exists():
            taken = len(list(self.home.published.glob("current-set-aside-*")))
            target = self.home.published / f"current-set-aside-{taken + 1}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.current.rename(target)
        return f"{self.current} was a folder instead of a link. It is now {target}."

    def _export_and_move(self, folder: Path) -> dict[str, dict[str, Any]]:
        """Write star and marts as Parquet, move the database file into the version, and describe its tables."""
        with duckdb.connect(self.home.star_db) as connection:
            # closing a file checkpoints it silently, and a full disk leaves its tables in a log that is not moved
            connection.execute("checkpoint")
        with duckdb.connect(self.home.star_db, read_only=True) as connection:
            names = connection.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = 'cx360' order by all"
            ).fetchall()
            write_parquet(connection, "cx360", folder / "parquet")
            tables = {f"{schema}.{table}": describe(connection, f"cx360.{schema}.{table}") for schema, table in names}
        log = self.home.star_db.with_name(self.home.star_db.name + ".wal")
        if log.exists():
            raise OSError(f"{log} is not empty: the disk is full, or another process has the file open")
        self.home.star_db.rename(folder / DATABASE)
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
        versions = self.versions()
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


def _remove(folder: Path) -> None:
    """Remove a version. It is renamed first: a kill never leaves a part of it among the others."""
    hidden = folder.with_name(f".old-{folder.name}")
    folder.rename(hidden)
    shutil.rmtree(hidden)
