"""Size and SHA-256 of files: what a unit, a version and a backup record of their files, and how they are compared."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from pydantic import BaseModel


class Checksum(BaseModel, frozen=True):
    """Size and SHA-256 of a file."""

    bytes: int
    sha256: str


def checksum(path: Path) -> Checksum:
    """Return size and SHA-256 of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Checksum(bytes=file.tell(), sha256=digest)


def checksums(folder: Path) -> dict[str, dict[str, int | str]]:
    """Return the checksum of every file below a folder by its path there, as JSON can hold it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): checksum(path).model_dump() for path in files}


def differences(
    folder: Path, known: Mapping[str, Checksum], hashed: Iterable[str], foreign: bool = True
) -> Iterator[str]:
    """Yield each file of a folder that is missing, is not known, or differs in size or content.

    Args:
        known: the checksum of each file by its path below the folder.
        hashed: the known files whose content is compared; of the others the size is.
        foreign: whether files that are not known count as differences.
    """
    contents, found = set(hashed), dict(_files(folder))
    for name, expected in known.items():
        path = folder / name
        if found.get(name) is None:
            yield f"{path} is missing"
        elif found[name] != expected.bytes:
            yield f"{path} has {found[name]:,} bytes instead of {expected.bytes:,}"
        elif name in contents and (difference := _different(path, expected)):
            yield difference
    folders = {parent.as_posix() for name in known if "/" in name for parent in PurePosixPath(name).parents}
    for name in sorted(found.keys() - known.keys() - folders) if foreign else ():
        yield f"{folder / name} does not belong there: the pipeline did not write it"


def _files(folder: Path, below: str = "") -> Iterator[tuple[str, int | None]]:
    """Yield every file below a folder by its path there, with its size; a folder has none."""
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            name = f"{below}{entry.name}"
            yield name, entry.stat().st_size if entry.is_file() else None
            if entry.is_dir(follow_symlinks=False):
                yield from _files(folder / entry.name, f"{name}/")


def _different(path: Path, expected: Checksum) -> str | None:
    """Return how the content of a file differs, or why it cannot be read."""
    try:
        is_equal = checksum(path).sha256 == expected.sha256
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    return None if is_equal else f"{path} has another content: its SHA-256 differs"
