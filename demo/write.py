"""Writes the files of the systems: three kinds of CSV, Parquet, JSON Lines, gzip. Output is deterministic.

The generator writes into a folder beside the target and renames it at the end, so that an interrupted run leaves no
partial drop. Blocks are appended to text files; Parquet files are written from their parts at the end.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pa_compute
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from demo.times import local_clock, local_iso, utc_iso
from demo.world import Numbers
from orchestration.base.errors import PipelineError

HISTORY = "history"
TRUTH = "truth"
"""The folder that the pipeline never reads: parameters, effects, labels and faults behind the rows."""
MARKER = "demo.json"
"""The file that marks a folder of the generator and holds its arguments: only such a folder is replaced."""
THREADS = 2
_PIECES = ".pieces"


@contextmanager
def staged_for(out: Path) -> Iterator[Path]:
    """Yield a temporary folder that replaces ``out`` on success and is deleted on failure."""
    staged = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        yield staged
        staged.chmod(0o755)
        _take_place(staged, out)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def check_folder(out: Path) -> None:
    """Refuse a folder that is not writable, or that holds anything but an earlier demo."""
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
    """Whether the folder holds only files of the generator."""
    drops = {path.name for path in folder.iterdir()} - {MARKER, HISTORY, TRUTH}
    return (folder / MARKER).is_file() and all(re.fullmatch(r"\d{4}-\d\d-\d\d", drop) for drop in drops)


def _take_place(staged: Path, out: Path) -> None:
    """Rename the temporary folder; replace an empty folder or an earlier demo."""
    if out.is_dir() and any(out.iterdir()):
        earlier = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        out.replace(earlier)
        staged.replace(out)
        shutil.rmtree(earlier)
    else:
        staged.replace(out)


def file_of(system: str, table: str) -> str:
    """The file of a table within a drop."""
    return f"{system}/{table}.{_FORMATS[system][0]}"


def encoded(system: str, rows: pd.DataFrame, *, is_first: bool) -> bytes:
    """Encode rows in the system's format; ``is_first`` adds the header of the file."""
    return _FORMATS[system][1](rows, is_first)


def append(staged: Path, file: str, content: bytes) -> None:
    """Append a block to a file; Parquet is kept as separate parts until ``finish``."""
    path = staged / file
    if path.suffix == ".parquet":
        path = path.with_suffix(_PIECES)
        content = len(content).to_bytes(8, "big") + content
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as stream:
        stream.write(content)


def finish(staged: Path) -> None:
    """Join the parts of every Parquet file; write an empty line into JSON Lines files without rows.

    A file of 0 bytes would look like a broken delivery.
    """
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(_join, sorted(staged.rglob(f"*{_PIECES}"))))
    for path in staged.rglob("*.jsonl"):
        if not path.stat().st_size:
            path.write_bytes(b"\n")
    for path in staged.rglob("*.jsonl.gz"):
        if not path.stat().st_size:
            path.write_bytes(_zip(b"\n"))


def _join(pieces: Path) -> None:
    writer: pa_parquet.ParquetWriter | None = None
    with pieces.open("rb") as stream:
        while size := int.from_bytes(stream.read(8), "big"):
            table = pa.ipc.open_stream(stream.read(size)).read_all()
            if writer is None:
                path = pieces.with_suffix(".parquet")
                writer = pa_parquet.ParquetWriter(path, table.schema, compression="zstd", version="2.6")
            if len(table):
                writer.write_table(table)
    if writer:
        writer.close()
    pieces.unlink()


def _csv(rows: pd.DataFrame, is_first: bool) -> bytes:
    """CSV with times as ISO 8601 with the local offset."""
    written = rows.assign(**{name: local_iso(rows[name]) for name in _times(rows)})
    return as_csv(written, is_first=is_first)


def _western_csv(rows: pd.DataFrame, is_first: bool) -> bytes:
    """CSV with semicolons, Latin-1, local times without offset and a decimal comma."""
    written = rows.assign(**{name: local_clock(rows[name]) for name in _times(rows)})
    for name in written.columns:
        if name.endswith("_eur"):
            written[name] = [f"{cents // 100},{cents % 100:02d}" for cents in rows[name].tolist()]
    return as_csv(written, is_first=is_first, delimiter=";").decode().encode("latin-1")


def _tab_separated(rows: pd.DataFrame, is_first: bool) -> bytes:
    """Times as ISO 8601 in UTC."""
    written = rows.assign(**{name: utc_iso(rows[name]) for name in _times(rows)})
    return as_csv(written, is_first=is_first, delimiter="\t")


def as_csv(rows: pd.DataFrame, *, is_first: bool, delimiter: str = ",") -> bytes:
    """Rows without conversion, with a header for the first block of a file."""
    buffer = io.BytesIO()
    table = pa.Table.from_pandas(rows, preserve_index=False)
    options = pa_csv.WriteOptions(include_header=is_first, delimiter=delimiter, quoting_style="needed")
    pa_csv.write_csv(table, buffer, options)
    return buffer.getvalue()


def _json_lines(rows: pd.DataFrame, _is_first: bool = False) -> bytes:
    """Times as ISO 8601 in UTC."""
    if not len(rows):
        return b""
    written = rows.assign(**{name: utc_iso(rows[name]) for name in _times(rows)})
    parts: list[str | pa.Array] = []
    for number, name in enumerate(written.columns):
        parts += [f'{"," if number else "{"}"{name}":', _json_texts(written[name])]
    lines = pa_compute.binary_join_element_wise(*parts, "}\n", "")
    return "".join(lines.to_pylist()).encode()


def _json_texts(column: pd.Series) -> pa.Array:
    """Each value as JSON: text, integer, list of dictionaries, or null."""
    if column.dtype == object:
        nested = [
            json.dumps(value, ensure_ascii=False, separators=(",", ":")) if isinstance(value, list) else "null"
            for value in column
        ]
        return pa.array(nested, pa.string())
    texts = pa.array(column, from_pandas=True).cast(pa.string())
    if isinstance(column.dtype, pd.StringDtype):
        escaped = pa_compute.replace_substring(pa_compute.replace_substring(texts, "\\", "\\\\"), '"', '\\"')
        texts = pa_compute.binary_join_element_wise('"', escaped, '"', "")
    return texts.fill_null("null")


def _gzip_json_lines(rows: pd.DataFrame, _is_first: bool = False) -> bytes:
    lines = _json_lines(rows)
    return _zip(lines) if lines else b""


def _zip(content: bytes) -> bytes:
    return gzip.compress(content, compresslevel=3, mtime=0)


def _arrow(rows: pd.DataFrame, _is_first: bool = False) -> bytes:
    """A part of a Parquet file: times in UTC, amounts as decimals, counts as integers."""
    table = pa.table({name: _typed(rows[name]) for name in rows.columns})
    buffer = io.BytesIO()
    with pa.ipc.new_stream(buffer, table.schema) as stream:
        stream.write_table(table)
    return buffer.getvalue()


def _typed(column: pd.Series) -> pa.Array:
    if str(column.name).endswith("_amount"):
        return _decimals(column.to_numpy())
    if pd.api.types.is_datetime64_any_dtype(column):
        times = pa.array(column.to_numpy().astype("datetime64[us]"))
        return times.cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
    if pd.api.types.is_integer_dtype(column):
        return pa.array(column.to_numpy(), pa.int32())
    return pa.array(column, from_pandas=True).cast(pa.string())


def _decimals(cents: Numbers) -> pa.Array:
    """Cents as decimal(18, 2): the unscaled value in 128 bits, sign-extended into the upper half."""
    cents = cents.astype("<i8")
    halves = np.column_stack([cents, cents >> 63])
    return pa.Array.from_buffers(pa.decimal128(18, 2), len(cents), [None, pa.py_buffer(halves.tobytes())])


def _times(rows: pd.DataFrame) -> list[str]:
    return [name for name in rows.columns if pd.api.types.is_datetime64_any_dtype(rows[name])]


_FORMATS: dict[str, tuple[str, Callable[[pd.DataFrame, bool], bytes]]] = {
    "crm": ("csv", _csv),
    "shop": ("parquet", _arrow),
    "survey_tool": ("jsonl.gz", _gzip_json_lines),
    "tracking": ("jsonl", _json_lines),
    "outlet": ("csv", _western_csv),
    "panel": ("tsv", _tab_separated),
}
