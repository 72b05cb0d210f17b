"""The versions on disk: what each contains, and whether it is whole.

Add here what a version says about itself; keep out which one readers get (``publication.py``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from orchestration.base.checksums import Checksum, differences
from orchestration.base.state import reason_of

MANIFEST = "manifest.json"
DATABASE = "cx360.duckdb"
SITE = "site"
"""The folder of a version's pages, which is added after publication with its own list of checksums."""
SITE_LISTING = "checksums.json"
SEMANTICS = "semantic_manifest.json"
"""The metrics of the version's tables, as dbt and MetricFlow read them."""
LINEAGE = "lineage.json"
"""The parent columns of each column of the night's tables: ``{"marts.mart_x": {"nps": ["star.fct_y.score"]}}``."""


class _TableFacts(BaseModel):
    row_count: int
    checksum: str


class _Manifest(BaseModel):
    """What the pipeline reads of a manifest. ``files`` is empty in versions that were published before it existed."""

    model_config = ConfigDict(extra="allow")

    version: str
    number: int
    as_of_date: date
    load_dates: list[date]
    taken_load_dates: list[date]
    releases: list[str] = []
    tables: dict[str, _TableFacts]
    files: dict[str, Checksum] = {}


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

    def lineage(self) -> Mapping[str, Mapping[str, Sequence[str]]]:
        """Return the parent columns of each column, by table and column; none for a version of an earlier cx360."""
        file = self.folder / LINEAGE
        found: dict[str, dict[str, list[str]]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        return found

    @property
    def byte_count(self) -> int:
        """Its size on disk."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())

    @property
    def database(self) -> Path:
        """Its DuckDB file."""
        return self.folder / DATABASE

    @property
    def files(self) -> dict[str, Checksum]:
        """The checksums of its files and of its site; empty if it was published before versions had them."""
        own = _Manifest.model_validate(self.manifest).files
        return {**own, **self._site_files()} if own else {}

    @property
    def site(self) -> Path:
        """The folder of its pages, which may be missing."""
        return self.folder / SITE

    def damage(self) -> Iterator[str]:
        """Yield what differs between its files and its manifest, byte by byte.

        A version without checksums of its files is compared by the checksums of its tables, if this version of DuckDB
        computed them.
        """
        files = self.files
        if files:
            lists = (f"{self.folder / MANIFEST} ", f"{self.site / SITE_LISTING} ")
            yield from (line for line in differences(self.folder, files, files) if not line.startswith(lists))
        elif self.manifest.get("duckdb_version") == duckdb.__version__:
            yield from self._different_tables()

    def _site_files(self) -> dict[str, Checksum]:
        """Return the checksums of its pages; none without a list, so that pages without one count as foreign."""
        try:
            listed = TypeAdapter(dict[str, Checksum]).validate_json((self.site / SITE_LISTING).read_bytes())
        except (OSError, ValidationError):
            return {}
        return {f"{SITE}/{name}": checksum for name, checksum in listed.items()}

    def _different_tables(self) -> Iterator[str]:
        try:
            with duckdb.connect(self.database, read_only=True) as connection:
                for table, facts in self.manifest["tables"].items():
                    if describe(connection, table) != facts:
                        yield f"{self.database}: {table} differs from the manifest in rows or checksum"
        except duckdb.Error as error:
            yield f"{self.database} cannot be read: {error}"


@dataclass(frozen=True)
class DamagedVersion:
    """A folder among the versions that is not a whole version, and the reason."""

    folder: Path
    reason: str

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.folder.name


def read_version(folder: Path) -> Version | DamagedVersion:
    """Return the version in a folder, with its manifest checked, and its files by their sizes."""
    try:
        text = (folder / MANIFEST).read_bytes()
        manifest = _Manifest.model_validate_json(text)
    except OSError as error:
        return DamagedVersion(folder, f"{MANIFEST} cannot be read ({error.strerror})")
    except ValidationError as error:
        return DamagedVersion(folder, f"{MANIFEST} is damaged ({reason_of(error)})")
    if manifest.version != folder.name:
        return DamagedVersion(folder, f"it is a copy of version {manifest.version}")
    found = next(differences(folder, manifest.files, (), foreign=False), None)
    database = folder / DATABASE
    if not found and not (database.is_file() and database.stat().st_size):
        found = f"{database} is missing or empty"
    return DamagedVersion(folder, found) if found else Version(folder, json.loads(text))


def describe(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, Any]:
    """Return the row count of a table and a checksum of its rows that does not depend on their order.

    The checksum uses DuckDB's ``hash``, because a digest of each row's text takes as long as writing the version:
    compare only checksums of the same DuckDB version.
    """
    row_count, checksum = connection.execute(
        f"select count(*), coalesce(sum(cast(hash(row) as hugeint)), 0) from {table} as row"
    ).fetchall()[0]
    return {"row_count": row_count, "checksum": f"{checksum:x}"}
