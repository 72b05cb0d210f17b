"""Compaction: the units of a month that has ended share one folder, so that a night does not pay for those before it.

Part of the landing (``landing.py``); docs/decisions/nights-do-not-add-up.md has the figures. The folder
``load_date=2026-01`` holds the rows of its units in one Parquet file (more only where the columns' types differ), their
profiles as lines of ``profile.json``, and their delivered files by load date in ``files.json``. ``_load_date`` says
which unit a row belongs to. Whoever changes a unit calls ``expand`` first, which gives every unit of the month its own
folder back. Add here what a month's folder holds; keep out how folders take their place (``unit_place.py``).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from itertools import groupby
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.landing.landed_files import FILES, kept_files
from orchestration.landing.unit import DICTIONARY_BYTES
from orchestration.landing.unit_checksums import refuse_damaged
from orchestration.landing.unit_place import NEW, PROFILE, UNIT, UnitFolders, month_profiles

ROWS_PER_GROUP = 122_880
"""The rows of a row group as DuckDB writes them; a night's own groups may be tiny."""


def compact(folders: UnitFolders) -> None:
    """Give the units of each ended month one folder; a month has ended when a unit of a later month has landed."""
    names = sorted(folder.name for folder in folders.landing.glob(f"{UNIT}*"))
    months = [(month, list(units)) for month, units in groupby(names, key=_month)]
    for month, units in months[:-1]:
        if len(units) > 1:
            refuse_damaged((folders.landing / unit, folders.quarantine / unit) for unit in units)
            landed, rejected = _new(folders, month, [month])
            days = [folders.landing / unit for unit in units]
            _merge(days, landed / month)
            (landed / month / PROFILE).write_text("".join(_profiles(days)), encoding="utf-8")
            (landed / month / FILES).write_text(
                json.dumps(
                    {day: files for unit in days for day, files in kept_files(unit).items()}, ensure_ascii=False
                ),
                encoding="utf-8",
            )
            _merge([folders.quarantine / unit for unit in units], rejected / month)
            folders.rearrange(month)


def expand(folders: UnitFolders, load_dates: Collection[date]) -> None:
    """Give the units of every compacted month that holds one of the load dates their own folders back."""
    for month in sorted({_month(f"{UNIT}{day.isoformat()}") for day in load_dates}):
        place = folders.landing / month
        profiles = month_profiles(place)
        if profiles.keys().isdisjoint(load_dates):
            continue
        refuse_damaged([(place, folders.quarantine / month)])
        units = {day: f"{UNIT}{day.isoformat()}" for day in profiles}
        landed, rejected = _new(folders, month, units.values())
        _split(place, {day: landed / unit for day, unit in units.items()})
        _split(folders.quarantine / month, {day: rejected / unit for day, unit in units.items()})
        files = kept_files(place)
        for day, profile in profiles.items():
            (landed / units[day] / PROFILE).write_text(profile, encoding="utf-8")
            if day.isoformat() in files:
                text = json.dumps(files[day.isoformat()], ensure_ascii=False, indent=1)
                (landed / units[day] / FILES).write_text(text, encoding="utf-8")
        folders.rearrange(month)


def _month(unit: str) -> str:
    return unit[: len(f"{UNIT}2026-01")]


def _new(folders: UnitFolders, month: str, names: Iterable[str]) -> tuple[Path, Path]:
    """Make the folders that take the place of the month's units, below a folder of their own."""
    new = folders.landing / (NEW + month), folders.quarantine / (NEW + month)
    for name in names:
        for folder in new:
            (folder / name).mkdir(parents=True)
    return new


def _profiles(units: Iterable[Path]) -> Iterable[str]:
    for unit in units:
        yield from (line + "\n" for line in (unit / PROFILE).read_text(encoding="utf-8").splitlines())


def _parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet"))


def _merge(units: Sequence[Path], new: Path) -> None:
    """Write the rows of units to one file, or to one for each set of column types, in the order of the units."""
    files: dict[frozenset[tuple[str, str]], list[Path]] = {}
    for part in (part for unit in units for part in _parts(unit)):
        types = frozenset((field.name, str(field.type)) for field in pq.read_schema(part))
        files.setdefault(types, []).append(part)
    for number, parts in enumerate(files.values(), start=1):
        schema = _plain(pq.read_schema(parts[0]))
        with _writer(new, number, schema) as writer:
            waiting: list[pa.RecordBatch] = []
            for batch in (batch for part in parts for batch in pq.ParquetFile(part).iter_batches(ROWS_PER_GROUP)):
                waiting.append(batch.select(schema.names).cast(schema))
                if sum(one.num_rows for one in waiting) >= ROWS_PER_GROUP:
                    writer.write_table(pa.Table.from_batches(waiting, schema))
                    waiting = []
            writer.write_table(pa.Table.from_batches(waiting, schema))


def _split(month: Path, new: Mapping[date, Path]) -> None:
    """Write the rows of a month to the folders of their units; a unit without rows gets a file without rows."""
    parts = _parts(month)
    for number, part in enumerate(parts, start=1):
        with ExitStack() as opened:
            writers: dict[date, pq.ParquetWriter] = {}
            for batch in pq.ParquetFile(part).iter_batches(ROWS_PER_GROUP):
                load_dates = batch.column("_load_date")
                for day in pc.unique(load_dates).to_pylist():
                    if day not in writers:
                        writers[day] = opened.enter_context(_writer(new[day], number, batch.schema))
                    writers[day].write_batch(batch.filter(pc.equal(load_dates, pa.scalar(day, pa.date32()))))
    # the file without rows that such a unit had decides the type of its columns
    empty = min(parts, key=lambda part: pq.read_metadata(part).num_rows > 0)
    for folder in new.values():
        if not _parts(folder):
            pq.write_table(_plain(pq.read_schema(empty)).empty_table(), folder / "part-00001.parquet")


def _plain(schema: pa.Schema) -> pa.Schema:
    """The names and types of columns, without what a file says besides."""
    return pa.schema([(field.name, field.type) for field in schema])


def _writer(folder: Path, number: int, schema: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(
        folder / f"part-{number:05d}.parquet", schema, compression="zstd", dictionary_pagesize_limit=DICTIONARY_BYTES
    )
