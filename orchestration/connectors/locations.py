"""Locations of files: a local folder, or a URL of a file system that fsspec supports.

A location finds files by a pattern and provides one complete file at a time. A remote file is copied to a temporary
folder first: one pass over the network, the same readers, and the copy cannot change while it is read. Keep out which
files belong to a window (``drops.py``).
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from orchestration.config.files import Files
from orchestration.connectors.batch import UnreadableError
from orchestration.connectors.file_systems import explained, file_system, plain, secrets_in

CHANGED_AT = ("LastModified", "mtime", "modified", "last_modified", "updated", "created")
TAGS = ("ETag", "etag", "md5Hash", "md5", "content_md5")


@dataclass(frozen=True, slots=True)
class Drop:
    """A file as its location lists it.

    Attributes:
        name: path relative to the location; it lands as ``_source_file``.
        changed_at: seconds since 1970; None if the location does not provide it.
        tag: differs if the content may differ.
    """

    name: str
    size: int
    changed_at: float | None
    tag: str


class Location(Protocol):
    """A folder or a bucket. All methods raise ``UnreadableError``."""

    @property
    def title(self) -> str:
        """The name used in messages."""

    def find(self, pattern: str) -> list[Drop]:
        """Return the files that match ``pattern``, ordered by name."""

    def refresh(self) -> None:
        """Forget earlier listings."""

    def missing(self, pattern: str) -> str:
        """Describe the missing file, with the most similar names that exist."""

    def fetched(self, drop: Drop) -> AbstractContextManager[Path]:
        """Provide the file on this machine inside a ``with`` block."""


def location_of(files: Files, extracts: Path) -> Location:
    """Return the location of a system's files.

    Raises:
        UnreadableError: no installed package can open the URL.
        PipelineError: the environment variable of a secret is not set.
    """
    if not files.url:
        return Folder(extracts, "the extracts folder")
    if files.url.startswith("file://"):
        return Folder(Path(files.url.removeprefix("file://")), "the folder")
    return Remote(files.url.rstrip("/"), plain(files.storage_options), secrets_in(files.storage_options))


def content(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class Folder:
    """A local folder."""

    root: Path
    title: str

    def find(self, pattern: str) -> list[Drop]:
        """See ``Location``; a link may only lead to another file of the folder."""
        _check_pattern(pattern, self.title)
        paths = sorted(path for path in self.root.glob(pattern) if path.is_file())
        for path in paths:
            _check_name(path.relative_to(self.root).as_posix(), pattern)
            if not path.resolve().is_relative_to(self.root.resolve()):
                raise UnreadableError(
                    f"file '{path.relative_to(self.root).as_posix()}' is a link that leads out of {self.title}",
                    "Deliver the file itself",
                )
        return [self._drop(path) for path in paths]

    def refresh(self) -> None:
        """See ``Location``; a folder is listed every time."""

    def missing(self, pattern: str) -> str:
        """See ``Location``."""
        if not self.root.is_dir():
            return f"{self.title} '{self.root}' does not exist. Set the folder of the extracts (EXTRACTS=<folder>)."
        folder = self.root
        for part in PurePosixPath(pattern).parts:
            if not (folder / part).is_dir():
                break
            folder /= part
        names = sorted(entry.name for entry in folder.iterdir())
        return (
            f"no file '{pattern}' in {self.title} '{self.root}'."
            f" Similar names in '{folder}': {_nearest(part, names)}. Deliver the file or correct its pattern."
        )

    @contextmanager
    def fetched(self, drop: Drop) -> Iterator[Path]:
        """See ``Location``; the file itself, which must not change meanwhile."""
        path = self.root / drop.name
        yield path
        if self._drop(path).tag != drop.tag:
            raise _changed()

    def _drop(self, path: Path) -> Drop:
        found = path.stat()
        name = path.relative_to(self.root).as_posix()
        return Drop(name, found.st_size, found.st_mtime, f"{found.st_size}-{found.st_mtime_ns}")


@dataclass(frozen=True)
class Remote:
    """A folder behind a URL."""

    url: str
    options: Mapping[str, Any]
    secrets: tuple[str, ...]

    @property
    def title(self) -> str:
        """See ``Location``."""
        return f"'{self.url}'"

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        """The file system, and the URL as it writes paths."""
        with self._explaining():
            return file_system(self.url, json.dumps(self.options, sort_keys=True))

    @cached_property
    def _listed(self) -> dict[str, list[Drop]]:
        return {}

    def find(self, pattern: str) -> list[Drop]:
        """See ``Location``; listings are kept until ``refresh``."""
        from fsspec.utils import glob_translate

        _check_pattern(pattern, self.title)
        is_named = re.compile(glob_translate(pattern)).match
        drops = [drop for drop in self._below(_fixed_folder(pattern)) if is_named(drop.name)]
        for drop in drops:
            _check_name(drop.name, pattern)
        return drops

    def refresh(self) -> None:
        """See ``Location``."""
        self._listed.clear()

    def missing(self, pattern: str) -> str:
        """See ``Location``."""
        fixed = _fixed_folder(pattern)
        names = [drop.name for drop in self._list(fixed) or self._list("")]
        return (
            f"no file '{pattern}' in {self.title}. Similar names there: {_nearest(pattern, names)}."
            " Deliver the file or correct its pattern."
        )

    @contextmanager
    def fetched(self, drop: Drop) -> Iterator[Path]:
        """See ``Location``; a temporary copy."""
        with tempfile.TemporaryDirectory(prefix="cx360-") as folder:
            path = Path(folder) / f"drop{PurePosixPath(drop.name).suffix}"
            system, root = self._opened
            with self._explaining():
                system.get_file(f"{root}/{drop.name}", str(path))
                info = system.info(f"{root}/{drop.name}")
            if path.stat().st_size != info["size"]:
                raise UnreadableError(
                    f"the copy is incomplete: {path.stat().st_size:,} of {info['size']:,} bytes",
                    "Run again; if the error persists, deliver the file again",
                )
            if _drop(drop.name, info).tag != drop.tag:
                raise _changed()
            yield path

    def _below(self, folder: str) -> list[Drop]:
        """The files below a folder, from the listing of this folder or of a parent."""
        parents = [folder, *(parent.as_posix() for parent in PurePosixPath(folder).parents), ""]
        known = next((parent for parent in parents if parent in self._listed), None)
        if known is None:
            known = folder
            self._listed[folder] = self._list(folder)
        return self._listed[known]

    def _list(self, folder: str) -> list[Drop]:
        system, root = self._opened
        with self._explaining():
            found = system.find(f"{root}/{folder}".rstrip("/"), detail=True)
        drops = [_drop(str(path).removeprefix(root).lstrip("/"), info) for path, info in found.items()]
        return sorted(drops, key=lambda drop: drop.name)

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        """Explain a library's error without its secrets; the original may quote one and is not chained."""
        try:
            yield
        except UnreadableError:
            raise
        except Exception as error:  # noqa: BLE001 - each file system raises its own errors
            problem, remedy = explained(error, self.url)
            for secret in self.secrets:
                problem = problem.replace(secret, "***")
            raise UnreadableError(problem, remedy) from None


def _drop(name: str, info: Mapping[str, Any]) -> Drop:
    times = [info[key] for key in CHANGED_AT if info.get(key) is not None]
    changed_at = times[0] if times else None
    if isinstance(changed_at, str):
        changed_at = datetime.fromisoformat(changed_at)
    if isinstance(changed_at, datetime):
        changed_at = changed_at.timestamp()
    size = int(info.get("size") or 0)
    tags = [str(info[key]) for key in TAGS if info.get(key)]
    return Drop(name, size, changed_at, f"{size}-{tags[0] if tags else changed_at}")


def _fixed_folder(pattern: str) -> str:
    """The folders of ``pattern`` before the first wildcard."""
    fixed: list[str] = []
    for part in PurePosixPath(pattern).parts[:-1]:
        if re.search(r"[*?\[]", part):
            break
        fixed.append(part)
    return "/".join(fixed)


def _check_pattern(pattern: str, title: str) -> None:
    if PurePosixPath(pattern).is_absolute() or ".." in PurePosixPath(pattern).parts:
        raise UnreadableError(
            f"the pattern '{pattern}' leads out of {title}", "Write a relative pattern in the deployment's file"
        )


def _check_name(name: str, pattern: str) -> None:
    if not name.isprintable():
        raise UnreadableError(
            f"a file that matches '{pattern}' has unprintable characters in its name {PurePosixPath(name).name!a}",
            "Rename the file",
        )
    if ".." in name.split("/"):
        raise UnreadableError(f"a file that matches '{pattern}' leads to another folder: '{name}'", "Rename the file")


def _nearest(part: str, names: list[str]) -> str:
    near = difflib.get_close_matches(part, names, n=3) or names[:5]
    return ", ".join(f"'{name}'" for name in near) or "nothing"


def _changed() -> UnreadableError:
    return UnreadableError("the file changed while it was read", "Run again when it is complete")
