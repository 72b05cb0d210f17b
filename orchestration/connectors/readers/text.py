"""Text files for CSV and JSON Lines: plain, gzip or zstd, with undecodable bytes.

Undecodable bytes become lone surrogates (PEP 383), so that they affect only their own row.
"""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal

import pyarrow as pa

from orchestration.config.systems import Files
from orchestration.connectors.batch import UnreadableError

SMALL = 16 * 1024 * 1024
"""The compression ratio is not checked below this size: short files may compress well by chance."""
PACKED = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd"}
OTHER_FORMATS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "zip (or Excel)", b"PAR1": "Parquet"}
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


@contextmanager
def open_text(path: Path, files: Files, newline: Literal["", "\n"]) -> Iterator[io.TextIOWrapper]:
    """Open ``path`` as text without a UTF-8 byte order mark; ``newline`` as in ``open``.

    Raises:
        UnreadableError: the file is not such text, or it is compressed and incomplete or larger than the limits; also
            while it is read.
    """
    encoding = files.encoding
    codec = codecs.lookup(encoding).name.removesuffix("-sig")
    try:
        with path.open("rb") as packed, _unpacked(path, packed, files) as stream:
            _check_head(stream.peek(4096), codec)
            yield io.TextIOWrapper(
                stream, "utf-8-sig" if codec == "utf-8" else codec, errors="surrogateescape", newline=newline
            )
    except (EOFError, gzip.BadGzipFile, zlib.error, _BadZstdError) as error:
        raise UnreadableError(
            f"the {PACKED[path.suffix]} file is cut off or damaged ({error})", "Deliver the complete file again"
        ) from error
    except UnicodeDecodeError as error:
        raise UnreadableError(
            f"the file is not {encoding} ({error.reason})",
            "Set the system's 'encoding' to the file's, or export the file again",
        ) from error


def _unpacked(path: Path, packed: io.BufferedReader, files: Files) -> io.BufferedReader:
    kind = PACKED.get(path.suffix)
    return io.BufferedReader(_Unpacked(packed, kind, files), 1024 * 1024) if kind else packed


class _BadZstdError(Exception):
    """A damaged zstd file; Arrow raises a plain OSError for it."""


class _Unpacked(io.RawIOBase):
    """The decompressed file, within limits: a few bytes can unpack to a full disk."""

    def __init__(self, packed: BinaryIO, kind: str, files: Files) -> None:
        self.packed, self.kind, self.files = packed, kind, files
        self.unpacked: Any = gzip.GzipFile(fileobj=packed) if kind == "gzip" else pa.CompressedInputStream(packed, kind)
        self.size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._unpack(buffer)
        self.size += count
        if self.size > self.files.unpacked_gigabytes * 1e9:
            raise UnreadableError(
                f"the {self.kind} file unpacks to more than {self.files.unpacked_gigabytes:g} GB",
                "If the size is right, raise the system's 'unpacked_gigabytes'",
            )
        if self.size > max(SMALL, self.files.unpacked_ratio * self.packed.tell()):
            raise UnreadableError(
                f"the {self.kind} file unpacks to more than {self.files.unpacked_ratio:g} times its size",
                "If the size is right, raise the system's 'unpacked_ratio'",
            )
        return count

    def _unpack(self, buffer: Any) -> int:
        if self.kind == "gzip":
            return int(self.unpacked.readinto(buffer))
        try:
            content = self.unpacked.read(len(buffer))
        except OSError as error:
            raise _BadZstdError(str(error)) from error
        buffer[: len(content)] = content
        return len(content)


def _check_head(head: bytes, codec: str) -> None:
    for mark, name in OTHER_FORMATS.items():
        if head.startswith(mark):
            raise UnreadableError(
                f"the file is {name}, not text",
                "Deliver the declared format; gzip files end in '.gz', zstd files in '.zst'",
            )
    if codec.startswith(("utf-16", "utf-32")):
        return
    likely = [name for mark, name in BYTE_ORDER_MARKS.items() if head.startswith(mark) and name != codec]
    if not likely and b"\0" in head.partition(b"\n")[0]:
        likely = ["utf-16 or utf-32 without a byte order mark"]
    if likely:
        raise UnreadableError(
            f"line 1: the file is not {codec} but looks like {likely[0]}",
            "Set the system's 'encoding' to the file's, or export UTF-8",
        )


def is_readable(text: str) -> bool:
    """Whether every byte of ``text`` could be decoded."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown(text: str) -> str:
    r"""Return ``text`` with each undecodable byte as ``\xNN``."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
