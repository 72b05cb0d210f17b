"""Backups of a home: landing, quarantine, units on hold, state and versions as plain files, with a list of checksums.

A backup counts once its folder has its name; a restore counts once everything is at its place. The caller holds the
run lock. Add here what a backup contains; keep out whether the home is sound (``runs/readiness.py``).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, TypeAdapter, field_validator

from orchestration.base import durable
from orchestration.base.checksums import Checksum
from orchestration.base.errors import PipelineError
from orchestration.base.layout import LAYOUT, RESTORING
from orchestration.base.paths import Home
from orchestration.base.state import DamagedStateError, read_json
from orchestration.landing.verification import recorded_checksums
from orchestration.publication.publication import Publication

LISTING = "backup.json"
PARTS = ("landing", "quarantine", "held", "state", "published")
LOCK = Path("state") / "run.lock"


class Listing(BaseModel, frozen=True):
    """The content of ``backup.json``: what was backed up, and the checksum of each file by its path below the home."""

    deployment: str
    made_at: datetime
    layout: int
    version: str | None
    files: dict[str, Checksum]

    @field_validator("files")
    @classmethod
    def _stay_below_the_home(cls, files: dict[str, Checksum]) -> dict[str, Checksum]:
        for name in files:
            path = PurePosixPath(name)
            if path.parts[:1] not in {(part,) for part in PARTS} or ".." in path.parts or len(path.parts) < 2:
                raise ValueError(f"the path {name!r} is outside of {', '.join(PARTS)}")
        return files


@dataclass(frozen=True)
class Backup:
    """A backup on disk."""

    folder: Path
    listing: Listing

    @property
    def size(self) -> str:
        """How many files it has, and their size in MiB."""
        byte_count = sum(checksum.bytes for checksum in self.listing.files.values())
        return f"{len(self.listing.files):,} files, {byte_count / 2**20:,.1f} MiB"


def back_up(home: Home, publication: Publication, target: Path) -> Backup:
    """Copy everything that cannot be derived into a new folder below ``target``, and compare it on the way.

    Raises:
        PipelineError: a file differs from its recorded checksum, ``target`` is in the home or cannot be written.
    """
    if target.resolve().is_relative_to(home.root.resolve()):
        raise PipelineError(f"{target} is in the home that is backed up. Name a folder on another disk.")
    version, made_at = publication.version(), datetime.now(UTC).replace(microsecond=0)
    folder = target / f"{home.root.name}-{made_at:%Y-%m-%dT%H-%M-%SZ}"
    new = target / f".new-{folder.name}"
    expected = recorded_checksums(home) | _of_versions(publication)
    with _explaining(target, "The backup could not be written"):
        for leftover in target.glob(f".new-{home.root.name}-*"):
            shutil.rmtree(leftover)
        new.mkdir(parents=True)
        try:
            files = {}
            for path in _files(home, publication):
                name = path.relative_to(home.root).as_posix()
                files[name] = _copy(path, new / name)
                if expected.get(path, files[name]) != files[name]:
                    raise DamagedStateError(
                        f"{path} is damaged: its content is not the recorded one. No backup was made, and earlier ones"
                        " stay. cx360 verify lists what is damaged (docs/runbook.md, Damaged state)."
                    )
            listing = Listing(
                deployment=home.root.name,
                made_at=made_at,
                layout=LAYOUT,
                version=version.name if version else None,
                files=files,
            )
            (new / LISTING).write_text(listing.model_dump_json(indent=1), encoding="utf-8")
            durable.sync_tree(new)
            new.rename(folder)
            durable.sync(target)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return Backup(folder, listing)


def read_backup(folder: Path) -> Backup:
    """Return the backup in a folder.

    Raises:
        PipelineError: there is none, or its listing is damaged.
    """
    if not (folder / LISTING).is_file():
        inside = sorted(path.parent.name for path in folder.glob(f"[!.]*/{LISTING}"))
        hint = f"It contains the backups {', '.join(inside)}: name one of them." if inside else "Name another folder."
        raise PipelineError(f"{folder} is not a backup: it has no {LISTING}. {hint}")
    remedy = "Restore another backup."
    return Backup(folder, read_json(folder / LISTING, TypeAdapter(Listing), "the files of the backup", remedy))


def restore(home: Home, backup: Backup) -> None:
    """Restore a backup into an empty home; a restore that was killed is finished by the same call.

    Raises:
        PipelineError: the home is not empty, the backup is of another deployment or damaged, or the disk cannot be
            written. The home then stays empty.
    """
    listing = backup.listing
    if listing.deployment != home.root.name:
        raise PipelineError(
            f"{backup.folder} is a backup of deployment '{listing.deployment}', not of '{home.root.name}'."
            " Name another backup or another deployment."
        )
    if listing.layout > LAYOUT:
        raise PipelineError(f"{backup.folder} was made by a newer version of cx360. Restore it with that version.")
    new = home.root / RESTORING
    with _explaining(home.root, "The backup could not be restored"):
        if not _is_copied(new, listing):
            shutil.rmtree(new, ignore_errors=True)
            _refuse_filled(home)
            try:
                _copy_back(backup, new)
            except BaseException:
                shutil.rmtree(new, ignore_errors=True)
                raise
        _move_to_places(home, new)
        Publication(home).settle_versions()
        (new / LISTING).unlink()
        new.rmdir()


def _files(home: Home, publication: Publication) -> Iterator[Path]:
    """Yield the files of a backup: no link, no lock, and of the versions only whole ones."""
    whole = [version.folder for version in publication.versions()]
    for part in PARTS:
        folders = whole if part == "published" else [home.root / part]
        for path in (path for folder in folders for path in sorted(folder.rglob("*"))):
            if path.is_file() and not path.is_symlink() and path != home.root / LOCK:
                yield path


def _of_versions(publication: Publication) -> dict[Path, Checksum]:
    return {
        version.folder / name: checksum
        for version in publication.versions()
        for name, checksum in version.files.items()
    }


def _copy(source: Path, target: Path) -> Checksum:
    """Copy a file with its modification time; return size and SHA-256 of what was copied."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as read, target.open("xb") as written:
        while chunk := read.read(1 << 20):
            digest.update(chunk)
            size += written.write(chunk)
    status = source.stat()
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
    return Checksum(bytes=size, sha256=digest.hexdigest())


def _is_copied(new: Path, listing: Listing) -> bool:
    """Return whether an interrupted restore had copied this backup whole."""
    path = new / LISTING
    return path.is_file() and path.read_text(encoding="utf-8") == listing.model_dump_json(indent=1)


def _copy_back(backup: Backup, new: Path) -> None:
    for name, expected in backup.listing.files.items():
        source = backup.folder / name
        if not source.is_file() or _copy(source, new / name) != expected:
            raise DamagedStateError(
                f"{source} is missing or damaged: its checksum is not that of {LISTING}. Nothing was restored, and the"
                " home stays empty. Restore another backup."
            )
    durable.sync_tree(new)
    durable.write_text(new / LISTING, backup.listing.model_dump_json(indent=1))


def _move_to_places(home: Home, new: Path) -> None:
    """Move what was copied from the folder of the restore to its place; what was moved before is not there any more."""
    home.state.mkdir(parents=True, exist_ok=True)
    for source in sorted((new / "state").glob("*")):
        source.rename(home.state / source.name)
    for part in PARTS:
        source = new / part
        if source.exists() and part == "state":
            source.rmdir()
        elif source.exists():
            source.rename(home.root / part)
    durable.sync(home.state, home.root)


def _refuse_filled(home: Home) -> None:
    """Refuse a home with files that a restore would replace; folders without files are removed."""
    for part in PARTS:
        folder = home.root / part
        filled = next((path for path in folder.rglob("*") if not path.is_dir() and path != home.root / LOCK), None)
        if filled or folder.is_symlink():
            raise PipelineError(
                f"{home.root} is not empty: it has {filled or folder}. A backup is restored into an empty home only."
                " Move the home away first, or name another parent folder in CX360_HOME."
            )
        if folder != home.state:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _explaining(folder: Path, what: str) -> Iterator[None]:
    """Raise one PipelineError for a full or read-only disk."""
    try:
        yield
    except OSError as error:
        raise PipelineError(
            f"{what}: {error}\nNothing else was changed. Free or repair the disk of {folder}, or correct its"
            " permissions, and run the same command again."
        ) from error
