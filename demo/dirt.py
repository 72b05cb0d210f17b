"""Plants and counts the faults of real deliveries: one function per kind of fault.

Each kind has its own tables, so that a finding in a table has one cause. Add a kind to ``KINDS`` and to ``_PLANTED``.
Rows are chosen per load date, so that more nights do not change earlier nights.
"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from demo.extract import Extract
from demo.times import local_iso, utc_iso
from demo.world import Flags, World, midnight

KINDS = {
    "late_rows": "rows arrive 1 to 10 nights late",
    "exact_duplicates": "a row comes twice in the same drop",
    "replayed_drops": "a night's drop holds the rows of the night before once more",
    "out_of_range": "a number is beyond what it can be",
    "orphan_ids": "a row names a record that was never delivered",
    "missing_required": "a value that every row must have is missing",
    "mixed_time_zones": "a time is written with the offset of another zone",
    "dst_change": "a time lies in the hour that the end of summer time doubles",
    "mojibake": "UTF-8 was read as Latin-1 and written again",
    "renamed_column": "a column has another name from a night on",
    "truncated_file": "a file breaks off in the middle",
}
SHARE = 0.004
MOST_OF_A_DROP = 0.04
"""Largest share of bad rows per drop: gate 1 refuses a drop above the deployment's limit of 5 %."""
REPLAYED_NIGHT = 3
RENAMED_FROM_NIGHT = 5
TRUNCATED_NIGHT = 6
RENAMED = ("crm", "cases", "channel", "contact_channel")
TRUNCATED = ("survey_tool", "responses")
REPLAYED = ("survey_tool", "invitations")
_ORPHAN = "X00000000"

Faults = Counter[tuple[str, str, str, str]]
"""Planted faults by kind, system, table and load date."""

_Change = Callable[[World, date, pd.DataFrame, np.random.Generator], tuple[pd.DataFrame, int]]


def soil(world: World, extract: Extract, windows: Sequence[pd.DataFrame]) -> tuple[list[pd.DataFrame], Faults]:
    """Plant the world's kinds of faults in the drops of a table, and count them."""
    faults: Faults = Counter()
    soiled = list(windows)
    source = (extract.system, extract.table)
    for (kind, *planted_in), change in _PLANTED.items():
        if kind not in world.dirt or source != tuple(planted_in):
            continue
        for night, load_date in enumerate(world.load_dates):
            rng = world.rng(f"{kind} {extract.table} {load_date}")
            soiled[night], count = change(world, load_date, soiled[night], rng)
            faults[kind, *source, load_date.isoformat()] += count
    if "late_rows" in world.dirt and extract.is_late_at_times:
        for night, rows in enumerate(windows):
            day = world.load_dates[night]
            is_late = rows[extract.changed_at].to_numpy() < midnight(day)
            faults["late_rows", *source, day.isoformat()] += int(is_late.sum()) if night else 0
    if "replayed_drops" in world.dirt and source == REPLAYED and world.nights >= REPLAYED_NIGHT:
        again = soiled[REPLAYED_NIGHT - 1]
        soiled[REPLAYED_NIGHT] = pd.concat([again, soiled[REPLAYED_NIGHT]])
        faults["replayed_drops", *source, world.load_dates[REPLAYED_NIGHT].isoformat()] += len(again)
    if "renamed_column" in world.dirt and source == RENAMED[:2]:
        for night in range(RENAMED_FROM_NIGHT, world.nights + 1):
            soiled[night] = soiled[night].rename(columns={RENAMED[2]: RENAMED[3]})
            # every block has the same header: one fault per file
            faults["renamed_column", *source, world.load_dates[night].isoformat()] += int(world.block == 0)
    return soiled, +faults


def truncate(world: World, folder: Path) -> Faults:
    """Truncate one file after everything is written."""
    if "truncated_file" not in world.dirt or world.nights < TRUNCATED_NIGHT:
        return Counter()
    load_date = world.load_dates[TRUNCATED_NIGHT].isoformat()
    (path,) = (folder / load_date / TRUNCATED[0]).glob(f"{TRUNCATED[1]}.*")
    # one gzip stream, so that the end is missing wherever it is cut
    whole = gzip.compress(gzip.decompress(path.read_bytes()), mtime=0)
    path.write_bytes(whole[: len(whole) // 2])
    return Counter({("truncated_file", *TRUNCATED, load_date): 1})


def _some(rng: np.random.Generator, rows: pd.DataFrame) -> Flags:
    some: Flags = rng.random(len(rows)) < SHARE
    return some & (np.cumsum(some) <= MOST_OF_A_DROP * len(rows))


def _repeat(_: World, __: date, rows: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, int]:
    some = _some(rng, rows)
    return rows.iloc[np.repeat(np.arange(len(rows)), 1 + some)], int(some.sum())


def _set(column: str, value: object) -> _Change:
    def change(_: World, __: date, rows: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, int]:
        some = _some(rng, rows)
        values = rows[column].to_numpy(copy=True)
        values[some] = value
        return rows.assign(**{column: values}), int(some.sum())

    return change


def _write_in_utc(_: World, __: date, rows: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, int]:
    some = _some(rng, rows)
    written = np.where(some, utc_iso(rows["occurred_at"]), local_iso(rows["occurred_at"]))
    return rows.assign(occurred_at=written.astype(object)), int(some.sum())


def _double_hour(world: World, _: date, rows: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, int]:
    """Move the texts of the last week of summer time into the hour that its last day has twice."""
    last_of_october = date(world.history_load_date.year, 10, 31)
    sunday = last_of_october - timedelta(days=(last_of_october.weekday() + 1) % 7)
    at = rows["written_at"].to_numpy(copy=True)
    that_week = (at >= midnight(sunday - timedelta(days=6))) & (at < midnight(sunday + timedelta(days=1)))
    # local 02:00 to 03:00 occurs twice: 2 to 4 hours after the start of the day
    seconds = rng.integers(7_200, 14_400, len(rows)).astype("timedelta64[s]")
    at[that_week] = (midnight(sunday) + seconds)[that_week]
    return rows.assign(written_at=at), int(that_week.sum())


def _misread(_: World, __: date, rows: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, int]:
    name = rows["last_name"].to_numpy(dtype=object, copy=True)
    some = (rng.random(len(rows)) < 0.1) & np.array([not text.isascii() for text in name], dtype=bool)
    name[some] = [text.encode().decode("latin-1") for text in name[some]]
    return rows.assign(last_name=name), int(some.sum())


_PLANTED: dict[tuple[str, str, str], _Change] = {
    ("exact_duplicates", "tracking", "events"): _repeat,
    ("exact_duplicates", "shop", "payments"): _repeat,
    ("out_of_range", "shop", "order_lines"): _set("quantity", -1),
    ("out_of_range", "shop", "reviews"): _set("stars", 9),
    ("orphan_ids", "shop", "refunds"): _set("order_number", _ORPHAN),
    ("orphan_ids", "crm", "loop_actions"): _set("customer_id", _ORPHAN),
    ("missing_required", "crm", "cases"): _set("customer_id", None),
    ("missing_required", "crm", "consents"): _set("decision", None),
    ("mixed_time_zones", "crm", "activities"): _write_in_utc,
    ("dst_change", "crm", "case_comments"): _double_hour,
    ("mojibake", "crm", "customers"): _misread,
}
