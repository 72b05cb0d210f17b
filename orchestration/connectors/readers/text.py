"""Text files for CSV and JSON Lines: plain, gzip or zstd, with undecodable bytes.

Undecodable bytes become lone surrogates (PEP 383), so that they affect only their own row.
"""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal

import pyarrow as pa

from orchestration.config.files import Files
from orchestration.connectors.batch import UnreadableError

SMALL = 16 * 1024 * 1024
"""The compression ratio is not checked below this size: short files may compress well by chance."""
PACKED = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd"}
OTHER_FORMATS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "zip (or Excel)", b"PAR1": "Parquet"}
BEYOND_ASCII = re.compile(rb"[\x80-\xff]{1,4}")
SHOWN_BYTES = 4
LIKELY_ENCODINGS = ("utf-8", "cp1252", "cp850")
"""In this order: UTF-8 hardly ever reads other text, cp850 reads anything."""
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
            is_watched = not codec.startswith("utf")
            watched = io.BufferedReader(_Utf8Watch(stream, encoding), 1024 * 1024) if is_watched else stream
            yield io.TextIOWrapper(
                watched, "utf-8-sig" if codec == "utf-8" else codec, errors="surrogateescape", newline=newline
            )
    except (EOFError, gzip.BadGzipFile, zlib.error, _BadZstdError) as error:
        raise UnreadableError(
            f"the {PACKED[path.suffix]} file is cut off or damaged ({error})", "Deliver the complete file again"
        ) from error
    except UnicodeDecodeError as error:
        found = error.object[error.start : error.end][:SHOWN_BYTES]
        raise UnreadableError(
            f"the file is not {encoding} ({error.reason}: {_hexed(found)})",
            "Set the table's 'encoding' to the file's, or deliver the complete file again",
        ) from error


def first_bytes(path: Path, files: Files, count: int) -> bytes:
    """Return the first bytes of a file, unpacked.

    Raises:
        UnreadableError: the packed file is damaged.
    """
    try:
        with path.open("rb") as packed, _unpacked(path, packed, files) as stream:
            return stream.read(count)
    except (EOFError, gzip.BadGzipFile, zlib.error, _BadZstdError) as error:
        raise UnreadableError(f"the file is cut off or damaged ({error})", "Deliver the complete file again") from error


def likely_encoding(head: bytes, declared: str) -> str:
    """Return the encoding of a file with these first bytes: the declared one unless they say otherwise."""
    mark = next((name for mark, name in BYTE_ORDER_MARKS.items() if head.startswith(mark)), None)
    if mark:
        return declared if codecs.lookup(declared).name.startswith(mark) else mark
    if head.isascii() or (codecs.lookup(declared).name.startswith("utf") and _is(head, declared)):
        return declared
    likely = LIKELY_ENCODINGS if _is_utf8(head) else (declared, *LIKELY_ENCODINGS)
    return next(name for name in likely if _is(head, name))


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


class _Utf8Watch(io.RawIOBase):
    """Refuses a file whose bytes beyond ASCII are all UTF-8 though another encoding is declared.

    A single-byte encoding reads any bytes: without this check the text of the whole file would land as mojibake.
    """

    def __init__(self, stream: io.BufferedReader, encoding: str) -> None:
        self.stream, self.encoding = stream, encoding
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.line = 1
        self.first: bytes | None = None
        self.is_utf8 = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self.stream.readinto1(buffer)
        if self.is_utf8:
            self._watch(bytes(buffer[:count]))
        return count

    def _watch(self, content: bytes) -> None:
        if self.first is None:
            beyond = BEYOND_ASCII.search(content)
            self.line += content.count(b"\n", 0, beyond.start() if beyond else len(content))
            self.first = beyond[0] if beyond else None
        try:
            self.decoder.decode(content, final=not content)
        except UnicodeDecodeError:
            self.is_utf8 = False
            return
        if self.first and not content:
            raise UnreadableError(
                f"line {self.line}: the bytes {_hexed(self.first)} and all others of the file are UTF-8, but the"
                f" declared encoding is {self.encoding}, which would misread them",
                "Set 'encoding: utf-8'",
            )


def _check_head(head: bytes, codec: str) -> None:
    for mark, name in OTHER_FORMATS.items():
        if head.startswith(mark):
            raise UnreadableError(
                f"the file is {name}, not text",
                "Deliver the declared format; gzip files end in '.gz', zstd files in '.zst'",
            )
    if codec.startswith(("utf-16", "utf-32")):
        if head and b"\0" not in head and _is_utf8(head):
            raise UnreadableError(f"line 1: the file is not {codec} but looks like utf-8", "Set 'encoding: utf-8'")
        return
    likely = [name for mark, name in BYTE_ORDER_MARKS.items() if head.startswith(mark) and name != codec]
    if not likely and b"\0" in head.partition(b"\n")[0]:
        likely = ["utf-16 or utf-32 without a byte order mark"]
    if likely:
        raise UnreadableError(
            f"line 1: the file is not {codec} but looks like {likely[0]}",
            "Set the table's 'encoding' to the file's, or export UTF-8",
        )


def is_readable(text: str) -> bool:
    """Whether every byte of ``text`` could be decoded."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def undecoded(text: str, encoding: str) -> str:
    """Say which bytes of ``text`` are not ``encoding``, at which character, and which encoding would read the text."""
    first = next(place for place, character in enumerate(text) if not is_readable(character))
    run = re.compile("[\udc80-\udcff]+").match(text, first)
    bytes_of = run[0].encode("utf-8", "surrogateescape")[:SHOWN_BYTES] if run else b""
    reason = f"bytes that are not {encoding}: {_hexed(bytes_of)} at character {first + 1}"
    whole = text.encode(encoding, "surrogateescape")
    for other in LIKELY_ENCODINGS:
        try:
            whole.decode(other)
            return f"{reason}; with 'encoding: {other}' they are '{bytes_of.decode(other, 'ignore')}'"
        except UnicodeDecodeError:
            continue
    return reason


def _is_utf8(head: bytes) -> bool:
    return _is(head, "utf-8")


def _is(head: bytes, encoding: str) -> bool:
    """Whether the first bytes of a text, which may end within a character, are of this encoding."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _hexed(content: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in content)


def shown(text: str) -> str:
    r"""Return ``text`` with each undecodable byte as ``\xNN``."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
