"""Files as the four systems deliver them: CSV, Parquet, JSON Lines, gzip JSON Lines; the same bytes every time.

Everything is written into a folder beside the wanted one, which takes its place by one rename: whatever interrupts
the writing, nobody ever meets half a drop.
"""

from __future__ import annotations

import gzip
import io
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from orchestration.demo.extract import Extract
from orchestration.demo.world import ZONE, Numbers, Texts, Times, World, text_where
from orchestration.errors import PipelineError

HISTORY = "history"
MARKER = "demo.json"
"""Stands in every folder that the generator wrote, with the arguments: only such a folder is ever replaced."""


def write_extracts(out: Path, world: World, extracts: Sequence[Extract], about: str) -> None:
    """Write the history and the nights of every table, and let them appear all at once under ``out``."""
    staged = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        for extract in extracts:
            _write_table(staged, world, extract)
        (staged / MARKER).write_text(about, encoding="utf-8")
        staged.chmod(0o755)
        _take_place(staged, out)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def check_folder(out: Path) -> None:
    """Refuse a folder that cannot be written, or that holds anything but an earlier demo."""
    if out.exists() and not out.is_dir():
        raise PipelineError(f"{out} is a file. Name a folder for the demo's extracts.")
    if out.is_dir() and any(out.iterdir()) and not _is_demo(out):
        raise PipelineError(f"{out} holds something else than a demo's extracts. Name an empty or a new folder.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent):
            pass
    except OSError as error:
        raise PipelineError(f"{out} cannot be written: {error.strerror}. Name a folder that you may write.") from error


def _is_demo(folder: Path) -> bool:
    """Whether the generator wrote the folder, and nobody put anything beside it since."""
    drops = {path.name for path in folder.iterdir()} - {MARKER, HISTORY}
    return (folder / MARKER).is_file() and all(re.fullmatch(r"\d{4}-\d\d-\d\d", drop) for drop in drops)


def _take_place(staged: Path, out: Path) -> None:
    """Rename: onto nothing, onto an empty folder, or in place of an earlier demo."""
    if out.is_dir() and any(out.iterdir()):
        earlier = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        out.replace(earlier)
        staged.replace(out)
        shutil.rmtree(earlier)
    else:
        staged.replace(out)


def _write_table(folder: Path, world: World, extract: Extract) -> None:
    suffix, write = _FORMATS[extract.system]
    for load_date, rows in zip(world.load_dates, extract.windows(world), strict=True):
        drop = HISTORY if load_date == world.history_load_date else load_date.isoformat()
        path = folder / drop / extract.system / f"{extract.table}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(write(rows))


def _csv(rows: pd.DataFrame) -> bytes:
    """Times as ISO 8601 with the offset that the company's clock had then."""
    written = rows.assign(**{name: _local_iso(rows[name]) for name in _times(rows)})
    table = pa.Table.from_pandas(written, preserve_index=False)
    buffer = io.BytesIO()
    pa_csv.write_csv(table, buffer, pa_csv.WriteOptions(quoting_style="needed"))
    return buffer.getvalue()


def _local_iso(times: pd.Series) -> Texts:
    known = pd.DatetimeIndex(times)
    local = known.tz_localize("UTC").tz_convert(ZONE).tz_localize(None)
    in_winter = ((local - known) == pd.Timedelta(hours=1)).astype(bool)
    return text_where(times.notna().to_numpy(), _iso(local.to_numpy()) + np.where(in_winter, "+01:00", "+02:00"))


def _iso(times: Times) -> Texts:
    return np.datetime_as_string(times.astype("datetime64[s]"), unit="s").astype(object)


def _json_lines(rows: pd.DataFrame) -> bytes:
    """Times as ISO 8601 in UTC. No rows give one blank line: a file of 0 bytes would look like a broken delivery."""
    written = rows.assign(**{name: _utc_iso(rows[name]) for name in _times(rows)})
    return written.to_json(orient="records", lines=True, force_ascii=False).encode()


def _utc_iso(times: pd.Series) -> Texts:
    return text_where(times.notna().to_numpy(), _iso(times.to_numpy()) + "Z")


def _gzip_json_lines(rows: pd.DataFrame) -> bytes:
    return gzip.compress(_json_lines(rows), compresslevel=6, mtime=0)


def _parquet(rows: pd.DataFrame) -> bytes:
    """Times typed in UTC, amounts as decimals, counts as integers."""
    table = pa.table({name: _typed(rows[name]) for name in rows.columns})
    buffer = io.BytesIO()
    pa_parquet.write_table(table, buffer, compression="zstd", version="2.6", row_group_size=1_000_000)
    return buffer.getvalue()


def _typed(column: pd.Series) -> pa.Array:
    if str(column.name).endswith("_amount"):
        return _decimals(column.to_numpy())
    if pd.api.types.is_datetime64_any_dtype(column):
        times = pa.array(column.to_numpy().astype("datetime64[us]"))
        return times.cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
    if pd.api.types.is_integer_dtype(column):
        return pa.array(column.to_numpy(), pa.int32())
    return pa.array(column.to_numpy(dtype=object), pa.string(), from_pandas=True)


def _decimals(cents: Numbers) -> pa.Array:
    """Cents as decimal(18, 2): a decimal is its unscaled value in 128 bits, the sign carried into the upper half."""
    cents = cents.astype("<i8")
    halves = np.column_stack([cents, cents >> 63])
    return pa.Array.from_buffers(pa.decimal128(18, 2), len(cents), [None, pa.py_buffer(halves.tobytes())])


def _times(rows: pd.DataFrame) -> list[str]:
    return [name for name in rows.columns if pd.api.types.is_datetime64_any_dtype(rows[name])]


_FORMATS: dict[str, tuple[str, Callable[[pd.DataFrame], bytes]]] = {
    "crm": ("csv", _csv),
    "shop": ("parquet", _parquet),
    "survey_tool": ("jsonl.gz", _gzip_json_lines),
    "tracking": ("jsonl", _json_lines),
}
