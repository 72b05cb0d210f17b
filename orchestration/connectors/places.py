"""Where files lie: a folder of this machine, or a URL that fsspec knows.

A place finds files by a pattern and hands over one at a time, whole. A remote file is copied to a temporary folder
first: one pass over the network, the same readers, and nobody can change it while it is read. Add here how a place is
spoken to; keep out which of its files a window takes (``drops.py``).
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

from orchestration.config.systems import Files
from orchestration.connectors.batch import UnreadableError
from orchestration.connectors.file_systems import explained, file_system, plain, secrets_in

CHANGED_AT = ("LastModified", "mtime", "modified", "last_modified", "updated", "created")
TAGS = ("ETag", "etag", "md5Hash", "md5", "content_md5")


@dataclass(frozen=True, slots=True)
class Drop:
    """A file as its place shows it.

    Attributes:
        name: below the place; what lands as ``_source_file``.
        changed_at: seconds since 1970; None where the place does not tell.
        tag: another one where the content may be another one.
    """

    name: str
    size: int
    changed_at: float | None
    tag: str


class Place(Protocol):
    """A folder or a bucket. All methods raise ``UnreadableError``."""

    @property
    def title(self) -> str:
        """What messages call it."""

    def find(self, pattern: str) -> list[Drop]:
        """The files that ``pattern`` names, in the order of their names."""

    def look_again(self) -> None:
        """Forget what was found before."""

    def missing(self, pattern: str) -> str:
        """What is missing, and what lies where it was looked for."""

    def fetched(self, drop: Drop) -> AbstractContextManager[Path]:
        """The file on this machine, as long as it is needed."""


def place_of(files: Files, extracts: Path) -> Place:
    """Where a system's files lie.

    Raises:
        UnreadableError: nothing that is installed can speak to the URL.
        PipelineError: the variable of a secret is not set.
    """
    if not files.url:
        return Folder(extracts, "the extracts folder")
    if files.url.startswith("file://"):
        return Folder(Path(files.url.removeprefix("file://")), "the folder")
    return Remote(files.url.rstrip("/"), plain(files.storage_options), secrets_in(files.storage_options))


def content(path: Path) -> str:
    """What two files share only if they are the same byte for byte."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class Folder:
    """A folder of this machine."""

    root: Path
    title: str

    def find(self, pattern: str) -> list[Drop]:
        """See ``Place``; a link may lead to another file of the folder, and nowhere else."""
        _check_pattern(pattern, self.title)
        paths = sorted(path for path in self.root.glob(pattern) if path.is_file())
        for path in paths:
            _check_name(path.relative_to(self.root).as_posix(), pattern)
            if not path.resolve().is_relative_to(self.root.resolve()):
                raise UnreadableError(
                    f"file '{path.relative_to(self.root).as_posix()}': it is a link that leads out of {self.title}",
                    "Deliver the file itself",
                )
        return [self._drop(path) for path in paths]

    def look_again(self) -> None:
        """See ``Place``; a folder is read each time."""

    def missing(self, pattern: str) -> str:
        """See ``Place``."""
        if not self.root.is_dir():
            return f"{self.title} '{self.root}' does not exist. Name the folder that holds the extracts."
        folder = self.root
        for part in PurePosixPath(pattern).parts:
            if not (folder / part).is_dir():
                break
            folder /= part
        names = sorted(entry.name for entry in folder.iterdir())
        return (
            f"no file '{pattern}' in {self.title} '{self.root}'."
            f" The nearest there: {_nearest(part, names)}, in '{folder}'. Deliver the file or mend its pattern."
        )

    @contextmanager
    def fetched(self, drop: Drop) -> Iterator[Path]:
        """See ``Place``; the file itself, which must be the same before and after."""
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
        """See ``Place``."""
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
        """See ``Place``; what was listed once is not asked for again."""
        from fsspec.utils import glob_translate

        _check_pattern(pattern, self.title)
        is_named = re.compile(glob_translate(pattern)).match
        drops = [drop for drop in self._below(_fixed_folder(pattern)) if is_named(drop.name)]
        for drop in drops:
            _check_name(drop.name, pattern)
        return drops

    def look_again(self) -> None:
        """See ``Place``."""
        self._listed.clear()

    def missing(self, pattern: str) -> str:
        """See ``Place``."""
        fixed = _fixed_folder(pattern)
        names = [drop.name for drop in self._list(fixed) or self._list("")]
        return (
            f"no file '{pattern}' in {self.title}. The nearest there: {_nearest(pattern, names)}."
            " Deliver the file or mend its pattern."
        )

    @contextmanager
    def fetched(self, drop: Drop) -> Iterator[Path]:
        """See ``Place``; a copy, which is gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="cx360-") as folder:
            path = Path(folder) / f"drop{PurePosixPath(drop.name).suffix}"
            system, root = self._opened
            with self._explaining():
                system.get_file(f"{root}/{drop.name}", str(path))
                info = system.info(f"{root}/{drop.name}")
            if path.stat().st_size != info["size"]:
                raise UnreadableError(
                    f"it came cut off: {path.stat().st_size:,} of {info['size']:,} bytes",
                    "Run again; if it stays, deliver the file again",
                )
            if _drop(drop.name, info).tag != drop.tag:
                raise _changed()
            yield path

    def _below(self, folder: str) -> list[Drop]:
        """The files below a folder; a listing of a folder above it will do."""
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
        """Say what went wrong without saying a secret: what a library says is not shown where it may hold one."""
        try:
            yield
        except UnreadableError:
            raise
        except Exception as error:  # noqa: BLE001  each file system has errors of its own
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
    """The folders of ``pattern`` before the first one with a wildcard."""
    fixed: list[str] = []
    for part in PurePosixPath(pattern).parts[:-1]:
        if re.search(r"[*?\[]", part):
            break
        fixed.append(part)
    return "/".join(fixed)


def _check_pattern(pattern: str, title: str) -> None:
    if PurePosixPath(pattern).is_absolute() or ".." in PurePosixPath(pattern).parts:
        raise UnreadableError(
            f"the pattern '{pattern}' leads out of {title}", "Write it relative to that in the deployment's file"
        )


def _check_name(name: str, pattern: str) -> None:
    if not name.isprintable():
        raise UnreadableError(
            f"a file for '{pattern}': its name {PurePosixPath(name).name!a} has characters that cannot be shown",
            "Rename it",
        )
    if ".." in name.split("/"):
        raise UnreadableError(f"a file for '{pattern}': its name '{name}' leads to another folder", "Rename it")


def _nearest(part: str, names: list[str]) -> str:
    near = difflib.get_close_matches(part, names, n=3) or names[:5]
    return ", ".join(f"'{name}'" for name in near) or "nothing"


def _changed() -> UnreadableError:
    return UnreadableError("it changed while it was read", "Run again when it is complete")
