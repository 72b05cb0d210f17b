"""What can be wrong with a delivered file, done to a sound one at random: the same seed gives the same damage."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

JUNK = ["", "soon", "-1", "99999999999999999999", "12,5", "nan", "1e400", "0000-00-00", "'; drop table x; --", "\u202e"]
ENCODINGS = ["latin-1", "utf-16", "utf-8-sig", "cp1252"]
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Table:
    """Rows of a file, and how its system writes them."""

    path: Path

    @property
    def kind(self) -> str:
        """``csv``, ``jsonl`` or ``parquet``."""
        return self.path.name.split(".")[1]

    def read(self) -> tuple[list[str], Rows]:
        """The columns in their order, and the rows."""
        match self.kind:
            case "csv":
                reader = csv.DictReader(io.StringIO(self.text()))
                return list(reader.fieldnames or ()), list(reader)
            case "jsonl":
                rows = [json.loads(line) for line in self.text().splitlines() if line]
                return list(rows[0]) if rows else [], rows
        table = pq.read_table(self.path)
        return table.column_names, table.to_pylist()

    def write(self, columns: list[str], rows: Rows) -> None:
        """Rows in the system's format; Parquet takes text where its type does not fit any more."""
        if self.kind == "csv":
            stream = io.StringIO()
            writer = csv.DictWriter(stream, columns, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            self.write_bytes(stream.getvalue().encode())
        elif self.kind == "jsonl":
            lines = [json.dumps({name: row.get(name) for name in columns}, ensure_ascii=False) for row in rows]
            self.write_bytes("".join(line + "\n" for line in lines).encode() or b"\n")
        else:
            values = {name: [row.get(name) for row in rows] for name in columns}
            pq.write_table(pa.table({name: _column(column) for name, column in values.items()}), self.path)

    def text(self) -> str:
        """The file's text, unpacked."""
        return self.read_bytes().decode()

    def read_bytes(self) -> bytes:
        """The file's bytes, unpacked."""
        raw = self.path.read_bytes()
        return gzip.decompress(raw) if self.path.suffix == ".gz" else raw

    def write_bytes(self, raw: bytes) -> None:
        """The file's bytes, packed as they were."""
        self.path.write_bytes(gzip.compress(raw, mtime=0) if self.path.suffix == ".gz" else raw)


def _column(values: list[Any]) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowException, ValueError, TypeError):
        return pa.array([None if value is None else str(value) for value in values], pa.string())


def bytes_flipped(table: Table, rng: Random) -> None:
    raw = bytearray(table.read_bytes())
    for _ in range(rng.choice([1, 3, 20])):
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    table.write_bytes(bytes(raw))


def bytes_flipped_as_packed(table: Table, rng: Random) -> None:
    raw = bytearray(table.path.read_bytes())
    raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    table.path.write_bytes(bytes(raw))


def truncated(table: Table, rng: Random) -> None:
    raw = table.path.read_bytes()
    table.path.write_bytes(raw[: rng.randrange(len(raw))])


def columns_dropped(table: Table, rng: Random) -> None:
    columns, rows = table.read()
    gone = set(rng.sample(columns, rng.choice([1, 2])))
    table.write([name for name in columns if name not in gone], rows)


def columns_renamed(table: Table, rng: Random) -> None:
    columns, rows = table.read()
    old = rng.choice(columns)
    new = rng.choice([old.upper(), old + "_2", "select", "ünï çödé", 'quo"te', "_load_date", "", rng.choice(columns)])
    table.write(
        [new if name == old else name for name in columns],
        [{(new if name == old else name): value for name, value in row.items()} for row in rows],
    )


def columns_reordered(table: Table, rng: Random) -> None:
    columns, rows = table.read()
    table.write(rng.sample(columns, len(columns)), rows)


def headers_reordered(table: Table, rng: Random) -> None:
    columns, rows = table.read()
    other = dict(zip(columns, rng.sample(columns, len(columns)), strict=True))
    table.write(list(other.values()), [{other[name]: value for name, value in row.items()} for row in rows])


def rows_duplicated(table: Table, rng: Random) -> None:
    columns, rows = table.read()
    some = rng.random()
    table.write(columns, [row for row in rows for _ in range(1 + (rng.random() < some))])


def rows_dropped(table: Table, rng: Random) -> None:
    columns, rows = table.read()
    some = rng.random()
    table.write(columns, [row for row in rows if rng.random() < some])


def types_broken(table: Table, rng: Random) -> None:
    columns, rows = table.read()
    column, share = rng.choice(columns), rng.choice([0.01, 0.5, 1])
    for row in rows:
        if rng.random() < share:
            row[column] = rng.choice(JUNK)
    table.write(columns, rows)


def values_missing(table: Table, rng: Random) -> None:
    columns, rows = table.read()
    column, share = rng.choice(columns), rng.choice([0.01, 0.5, 1])
    for row in rows:
        if rng.random() < share:
            row[column] = None
    table.write(columns, rows)


def values_nested(table: Table, rng: Random) -> None:
    columns, rows = table.read()
    column = rng.choice(columns)
    for row in rows:
        row[column] = rng.choice([[1, [2]], {"a": {"b": None}}, [], {}]) if table.kind == "jsonl" else ["a"]
    table.write(columns, rows)


def times_shifted(table: Table, rng: Random) -> None:
    """Every time lies some years elsewhere, or none has an offset any more."""
    columns, rows = table.read()
    years, is_naive = rng.choice([-100, -2, 1, 90, 8000]), rng.random() < 0.3
    for row in rows:
        for name in columns:
            text = str(row.get(name) or "")
            if len(text) >= 19 and text[4:5] == "-" and text[13:14] == ":":
                year = f"{int(text[:4]) + years:04}"
                row[name] = year + (text[4:19] if is_naive else text[4:])
    table.write(columns, rows)


def encodings_mixed(table: Table, rng: Random) -> None:
    raw = table.read_bytes()
    lines = raw.splitlines(keepends=True)
    start = rng.randrange(len(lines))
    other = b"".join(lines[start:]).decode("utf-8", "replace").encode(rng.choice(ENCODINGS), "replace")
    table.write_bytes(b"".join(lines[:start]) + other)


def lines_broken(table: Table, rng: Random) -> None:
    """Marks that mean something to the format, in the middle of the text."""
    raw = bytearray(table.read_bytes())
    for _ in range(rng.choice([1, 5])):
        place = rng.randrange(len(raw))
        raw[place:place] = rng.choice([b'"', b"\n", b"\r", b",", b"\0", b"{", b"\\", b'"\n"', b"\xff\xfe", b"\xc3"])
    table.write_bytes(bytes(raw))


def emptied(table: Table, rng: Random) -> None:
    columns, _ = table.read()
    if rng.random() < 0.5:
        table.write(columns, [])
    else:
        table.path.write_bytes(rng.choice([b"", b"\n", b"\xef\xbb\xbf", b"null\n", b"PAR1PAR1"]))


MUTATIONS: tuple[Callable[[Table, Random], None], ...] = (
    bytes_flipped,
    bytes_flipped_as_packed,
    truncated,
    columns_dropped,
    columns_renamed,
    columns_reordered,
    headers_reordered,
    rows_duplicated,
    rows_dropped,
    types_broken,
    values_missing,
    values_nested,
    times_shifted,
    encodings_mixed,
    lines_broken,
    emptied,
)
"""What is done to one file; two files of a drop change places besides (``swap``)."""


def swap(one: Path, other: Path) -> None:
    """Two files under each other's names."""
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)
