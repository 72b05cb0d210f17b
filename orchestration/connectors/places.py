"""Where files lie: a folder of this machine, or a URL that fsspec knows.

A place finds files by a pattern and hands over one at a time, whole. A remote file is copied to a temporary folder
first: one pass over the network, the same readers, and nobody can change it while it is read. Add here how a place is
spoken to; keep out which of its files a window takes (``drops.py``).
"""

from __future__ import annotations

import difflib
import errno
import hashlib
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from orchestration.connectors.batch import UnreadableError
from orchestration.settings import Secret
from orchestration.system_settings import Files

CHANGED_AT = ("LastModified", "mtime", "modified", "last_modified", "updated", "created")
TAGS = ("ETag", "etag", "md5Hash", "md5", "content_md5")
S3_DEFAULTS = {"connect_timeout": 10, "read_timeout": 60, "retries": {"max_attempts": 3, "mode": "standard"}}
UNREACHABLE = ("EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ConnectionClosedError")


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
    return Remote(files.url.rstrip("/"), _plain(files.storage_options), _secrets(files.storage_options))


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
    def _root(self) -> str:
        """The URL as its file system writes paths."""
        return str(self._files._strip_protocol(self.url)).rstrip("/")  # noqa: SLF001  what fsspec's own callers do

    @cached_property
    def _files(self) -> Any:
        with self._speaking():
            return _file_system(self.url.partition("://")[0], json.dumps(self.options, sort_keys=True))

    @cached_property
    def _listed(self) -> dict[str, list[Drop]]:
        return {}

    def find(self, pattern: str) -> list[Drop]:
        """See ``Place``; what was listed once is not asked for again."""
        from fsspec.utils import glob_translate

        _check_pattern(pattern, self.title)
        fixed = _fixed_folder(pattern)
        if fixed not in self._listed:
            self._listed[fixed] = self._list(fixed)
        is_named = re.compile(glob_translate(pattern)).match
        drops = [drop for drop in self._listed[fixed] if is_named(drop.name)]
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
            with self._speaking():
                self._files.get_file(f"{self._root}/{drop.name}", str(path))
                info = self._files.info(f"{self._root}/{drop.name}")
            if path.stat().st_size != info["size"]:
                raise UnreadableError(
                    f"it came cut off: {path.stat().st_size:,} of {info['size']:,} bytes",
                    "Run again; if it stays, deliver the file again",
                )
            if _drop(drop.name, info).tag != drop.tag:
                raise _changed()
            yield path

    def _list(self, folder: str) -> list[Drop]:
        with self._speaking():
            found = self._files.find(f"{self._root}/{folder}".rstrip("/"), detail=True)
        drops = [_drop(str(path).removeprefix(self._root).lstrip("/"), info) for path, info in found.items()]
        return sorted(drops, key=lambda drop: drop.name)

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Say what went wrong without saying a secret: what a library says is not shown where it may hold one."""
        try:
            yield
        except UnreadableError:
            raise
        except Exception as error:  # each file system has errors of its own
            problem, remedy = _explained(error, self.url)
            for secret in self.secrets:
                problem = problem.replace(secret, "***")
            raise UnreadableError(problem, remedy) from None


@cache
def _file_system(protocol: str, options: str) -> Any:
    """The file system of a URL; made once, for its connections are dear."""
    import fsspec

    asked = json.loads(options)
    if protocol in {"s3", "s3a"}:
        asked["config_kwargs"] = {**S3_DEFAULTS, **asked.get("config_kwargs", {})}
    return fsspec.filesystem(protocol, use_listings_cache=False, **asked)


def _explained(error: Exception, url: str) -> tuple[str, str]:
    """What an error of a file system means, and what to do."""
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    told = " ".join(str(error).split()) or type(error).__name__
    names = {kind.__name__ for each in (error, cause) for kind in type(each).__mro__}
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return (
            f"there is no room for a copy in {tempfile.gettempdir()}",
            "Free space there, or set TMPDIR to a folder that has some",
        )
    if isinstance(error, ImportError) or (isinstance(error, ValueError) and "rotocol" in told):
        return f"nothing that is installed can speak to {url} ({told})", "Install the package, or mend the URL"
    if isinstance(error, PermissionError) or "NoCredentialsError" in names:
        return (
            f"{url} refuses access ({told})",
            "Check the credentials that storage_options name, and what they may read",
        )
    if "certificate" in f"{told} {cause}".lower() or "SSLError" in names:
        return (
            f"the certificate of {url} is not trusted ({told})",
            "Check the address, or name the authority's certificate (for S3: client_kwargs: {verify: <file>})",
        )
    if isinstance(error, FileNotFoundError):
        return f"{url} is not there, or a file of it has gone ({told})", "Check the bucket, the folder and the file"
    if isinstance(error, ConnectionError | TimeoutError) or names & {*UNREACHABLE}:
        return f"{url} cannot be reached ({told})", "Check the address and the network, and run again"
    return f"{url} cannot be read ({type(error).__name__}: {told})", "Check the address and the storage_options"


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


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with every secret's value."""
    return {
        name: value.value() if isinstance(value, Secret) else _plain(value) if isinstance(value, dict) else value
        for name, value in options.items()
    }


def _secrets(options: Mapping[str, Any]) -> tuple[str, ...]:
    found: list[str] = []
    for value in options.values():
        if isinstance(value, Secret):
            found.append(value.value())
        elif isinstance(value, dict):
            found += _secrets(value)
    return tuple(found)


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
