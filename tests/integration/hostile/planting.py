"""Plants hostile rows in the drops of a company: each value of a list in each delivered column, in a row of its own."""

from __future__ import annotations

import csv
import gzip
import io
import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.config.deployment import Table

FIRST_ID = 7_000_000


@dataclass(frozen=True)
class Planted:
    """A row of its own that holds one hostile value."""

    table: str
    column: str
    value: object
    row: Mapping[str, Any]


def moments(end: datetime) -> Iterator[str]:
    """Far, placeholder and near times as text, with an offset and without.

    Args:
        end: the end of the load window, with its time zone.
    """
    times = [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(1900, 1, 1, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(1971, 1, 1, tzinfo=UTC),
        end - timedelta(seconds=1),
        end,
        end + timedelta(minutes=15),
        end + timedelta(days=65),
        datetime(2062, 10, 3, tzinfo=UTC),
        datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    ]
    yield from (time.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z" for time in times)
    yield from (time.replace(tzinfo=None).isoformat(sep=" ") for time in times)


def hostile_values(sound: object, end: datetime) -> Iterator[object]:
    """What a column may be delivered with, beside its sound value."""
    yield None
    yield from ("", " ", "NULL", "no such code", "1.00123E+15")
    yield from (0, -1, 1, 0.001, 99_000_000, -99_000_000, 2_147_483_647, 1e300)
    yield from (9_999_999_999_999_999, -9_999_999_999_999_999)
    yield from moments(end)
    if isinstance(sound, str) and sound:
        yield from (sound.upper(), sound.lower(), sound + " ", sound + "\u200b", "\u00a0" + sound)
        yield unicodedata.normalize("NFD", sound + "\u00e9")


def end_of_window(load_date: date, timezone: str) -> datetime:
    """The first moment after a load date."""
    return datetime.combine(load_date + timedelta(days=1), time(), ZoneInfo(timezone))


@dataclass
class Drop:
    """The file of one table: its rows, read and written in its own format."""

    path: Path

    def read(self) -> list[dict[str, Any]]:
        """The rows, as plain values."""
        if self.path.suffix == ".parquet":
            return pq.read_table(self.path).to_pylist()  # type: ignore[no-any-return]
        if self.path.suffix == ".csv":
            return list(csv.DictReader(io.StringIO(self.path.read_text(encoding="utf-8"))))
        return [json.loads(line) for line in self._text().splitlines()]

    def add(self, rows: Sequence[Mapping[str, Any]]) -> list[int]:
        """Add rows; which of them fit the types of the file, by their place."""
        if self.path.suffix == ".parquet":
            return self._add_typed(rows)
        if self.path.suffix == ".csv":
            with self.path.open("a", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]), quoting=csv.QUOTE_ALL)
                writer.writerows(rows)
        else:
            text = self._text() + "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            data = text.encode()
            self.path.write_bytes(gzip.compress(data) if self.path.suffix == ".gz" else data)
        return list(range(len(rows)))

    def _text(self) -> str:
        data = self.path.read_bytes()
        return (gzip.decompress(data) if self.path.suffix == ".gz" else data).decode()

    def _add_typed(self, rows: Sequence[Mapping[str, Any]]) -> list[int]:
        table = pq.read_table(self.path)
        typed, fitting = [], []
        for place, row in enumerate(rows):
            try:
                typed.append(pa.table({field.name: _typed(row[field.name], field.type) for field in table.schema}))
                fitting.append(place)
            except (pa.ArrowException, OverflowError, ValueError, TypeError):
                continue  # no file of these types can hold it
        pq.write_table(pa.concat_tables([table, *(one.cast(table.schema) for one in typed)]), self.path)
        return fitting


def _typed(value: object, kind: pa.DataType) -> pa.Array:
    if value is not None and pa.types.is_timestamp(kind):
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime) and value.tzinfo is None:
            value = value.replace(tzinfo=UTC)
        return pa.array([value], pa.timestamp("us", "UTC")).cast(kind)
    if isinstance(value, str) and not pa.types.is_string(kind) and not pa.types.is_large_string(kind):
        raise TypeError(value)
    if pa.types.is_string(kind) and value is not None:
        return pa.array([str(value)], kind)
    if pa.types.is_decimal(kind) and value is not None:
        return pa.array([str(value)], pa.string()).cast(kind)
    return pa.array([value], kind)


def plant(table: Table, drop: Drop, load_date: date, number: int) -> list[Planted]:
    """Add to the drop of a table, for each of its columns, a row for each hostile value.

    Args:
        number: the first number for the ids of the rows.
    """
    end = end_of_window(load_date, table.deployment.timezone)
    # the first changes of a record have few of its times: a row with all of them may be refused for their order
    by_values = sorted(drop.read(), key=lambda row: sum(value not in (None, "") for value in row.values()))
    id_column = table.delivered_key[-1]
    planted = []
    fullest, emptiest = by_values[-1], by_values[0]
    for sound, column in [*((fullest, column) for column in fullest), *((emptiest, column) for column in emptiest)]:
        for value in hostile_values(sound[column], end) if sound is fullest else moments(end):
            number += 1
            row = {**sound, id_column: _id_like(sound[id_column], number)}
            shown = value if drop.path.suffix != ".csv" else "" if value is None else str(value)
            row[column] = (
                f"{row[column]}{value}" if column == id_column and isinstance(value, str) and value.strip() else shown
            )
            planted.append(Planted(table.name, column, value, row))
    fitting = drop.add([one.row for one in planted])
    return [planted[place] for place in fitting]


def _id_like(sound: object, number: int) -> object:
    """An id of the sound one's type that no other row has."""
    return number if isinstance(sound, int) else f"H{number}"
