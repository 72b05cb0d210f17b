"""How fast a source lands, phase by phase: ``make bench-extract``, or with a number of rows, ARGS=20_000_000.

The orders of a shop with twenty columns (decimals, times, text, missing values, and columns that no rule reads) as
Parquet, CSV and JSON Lines, and as PostgreSQL where ``bench/extract_postgres.py`` can be loaded. For each format it
prints the whole path from the source to the landing, then its phases one by one: read, judge the rows, write, profile
and judge the profile. Beside them stands how fast DuckDB and pyarrow read the same file. On a busy machine, rows per
second of the processor say more than rows per second of the clock.
"""

from __future__ import annotations

import importlib.util
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from orchestration.base.paths import Home
from orchestration.config.deployment import Table, load_deployment
from orchestration.config.files import Files, Format
from orchestration.config.systems import System, TableSettings
from orchestration.connectors import sources
from orchestration.gates.judge import broken_profile_rules, broken_row_rules
from orchestration.gates.suites import suite_of
from orchestration.landing.landing import Landing
from orchestration.landing.unit import UnitWriter
from orchestration.landing.unit_place import UnitPlace

ROWS = 1_000_000
BLOCK = 500_000
FORMATS: tuple[Format, ...] = ("parquet", "csv", "jsonl")
WAYS = ("whole", "phases", "duckdb", "pyarrow")


def main() -> None:
    """Write the table once, then measure each way in its own process."""
    if len(sys.argv) > 2:
        folder, kind, way = sys.argv[1:4]
        if kind == "write":
            _write(Path(folder), int(way))
        else:
            sys.stdout.write(json.dumps(_measure(Path(folder), kind, way)))
        return
    rows = int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        # a process starts with the peak memory of its parent: this one stays small
        subprocess.run([sys.executable, "-m", "bench.extract", folder, "write", str(rows)], check=True)
        sys.stdout.write(f"{rows:,} rows of {len(_block(0, 1).column_names)} columns\n")
        for kind in FORMATS:
            for way in WAYS:
                command = [sys.executable, "-m", "bench.extract", folder, kind, way]
                answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                for name, (seconds, busy, megabytes) in json.loads(answer).items():
                    sys.stdout.write(
                        f"{kind:<8} {name:<14} {rows / seconds:>12,.0f} rows/s  {rows / busy:>12,.0f} rows per second"
                        f" of the processor  {megabytes:>6,.0f} MB at most\n"
                    )
                sys.stdout.flush()
    if importlib.util.find_spec("bench.extract_postgres"):
        subprocess.run([sys.executable, "-m", "bench.extract_postgres", str(rows)], check=True)


Figures = dict[str, tuple[float, float, float]]
"""By phase: seconds of the clock and of the processor, and the peak of memory in MB so far."""


def _measure(folder: Path, kind: str, way: str) -> Figures:
    path = folder / f"orders.{kind}"
    if way == "duckdb":
        return _timed({way: lambda: _drain(duckdb.sql(f"from '{path}'").to_arrow_reader(100_000))})
    if way == "pyarrow":
        return _timed({way: lambda: _read_plainly(path, kind)})
    table = _table(kind)
    day = table.deployment.history_load_date
    home = Home(Path(tempfile.mkdtemp(dir=folder)))
    broken_profile_rules(suite_of(table).batch, [{"rejected_rate": 0.0}])  # the import alone takes seconds
    if way == "whole":
        return _timed({way: lambda: Landing(table.deployment, home, folder).admit(table, [day])})
    return _timed(_phases(table, home, folder, day))


def _phases(table: Table, home: Home, folder: Path, day: date) -> dict[str, Callable[[], object]]:
    """What the landing does with a unit, one phase after the other."""
    suite = suite_of(table)
    writer = UnitWriter(UnitPlace(home, table, day), suite, {})
    batches: list[Any] = []
    broken: list[Any] = []
    facts: list[Any] = []

    def write() -> None:
        for batch, rules in zip(batches, broken, strict=True):
            writer.take(batch, rules)

    return {
        "read": lambda: batches.extend(sources.pull(table, day, folder)),
        "judge rows": lambda: broken.extend(
            broken_row_rules(table.name, suite.rows, one.rows, currency="EUR") for one in batches
        ),
        "write": write,
        "profile": lambda: facts.append(writer.close(())),
        "judge profile": lambda: broken_profile_rules(suite.batch, facts),
    }


def _timed(phases: dict[str, Callable[[], object]]) -> Figures:
    figures: Figures = {}
    for name, work in phases.items():
        started, busy = time.monotonic(), time.process_time()
        work()
        used = time.process_time() - busy
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        figures[name] = (time.monotonic() - started, used, peak)
    return figures


def _read_plainly(path: Path, kind: str) -> None:
    if kind == "parquet":
        _drain(pq.ParquetFile(path).iter_batches(100_000))
    elif kind == "csv":
        _drain(pa_csv.open_csv(path))
    else:
        from pyarrow import json as pa_json

        _drain(pa_json.open_json(path))


def _drain(batches: Any) -> None:
    for _ in batches:
        pass


def _table(kind: str) -> Table:
    """The shop's orders, delivered as one file."""
    demo = load_deployment("demo")
    rules = demo.systems["shop"].tables["orders"].rules
    settings = TableSettings(description="One row per order.", key=("order_number",), delivers=(), rules=rules)
    files = Files(format=kind, history=f"orders.{kind}")
    system = System(description="The shop.", roles=("transactions",), files=files, tables={"orders": settings})
    deployment = demo.model_copy(update={"systems": {"shop": system}, "history_load_date": date(2025, 12, 31)})
    return Table(deployment, "shop", "orders")


def _block(first: int, count: int) -> pa.Table:
    """Some orders; the same ones every time."""
    rng = np.random.default_rng(first)
    numbers = np.arange(first, first + count)
    at = np.datetime64("2025-01-01", "us") + rng.integers(0, 330 * 86_400, count).astype("timedelta64[s]")

    def words(*known: str) -> pa.Array:
        return pa.array(np.array(known)[rng.integers(0, len(known), count)])

    def amounts() -> pa.Array:
        return pa.array(rng.integers(0, 100_000, count) / 100).cast(pa.decimal128(18, 2), safe=False)

    def times(days: int, missing: float) -> pa.Array:
        moved = at + rng.integers(days * 43_200, (days + 1) * 86_400, count).astype("timedelta64[s]")
        return pa.array(moved, pa.timestamp("us", "UTC"), mask=rng.random(count) < missing)

    return pa.table(
        {
            "order_number": pa.array(numbers).cast(pa.string()),
            "buyer_id": pa.array(rng.integers(0, 1_000_000, count)).cast(pa.string()),
            "status": words("paid", "shipped", "delivered"),
            "sales_channel": words("web", "store", "app"),
            "currency": words("EUR"),
            **{f"{name}_amount": amounts() for name in ("net", "freight", "tax", "total")},
            "ordered_at": pa.array(at, pa.timestamp("us", "UTC")),
            "promised_at": times(4, 0.0),
            "shipped_at": times(1, 0.1),
            "delivered_at": times(5, 0.2),
            "updated_at": times(5, 0.0),
            # what no rule reads
            "store": words("Berlin", "Hamburg", "Wien"),
            "campaign": words("spring", "summer", "none"),
            "voucher": pa.array(numbers * 7919 % 1_000_003).cast(pa.string()),
            "is_gift": pa.array(rng.random(count) < 0.1),
            "item_count": pa.array(rng.integers(1, 9, count), pa.int32()),
            "note": words("", "leave at the door", "call before delivery"),
        }
    )


def _write(folder: Path, rows: int) -> None:
    """The table in every format, block by block."""
    schema = _block(0, 1).schema
    with (
        pq.ParquetWriter(folder / "orders.parquet", schema, compression="zstd") as parquet,
        pa_csv.CSVWriter(
            folder / "orders.csv", schema, write_options=pa_csv.WriteOptions(quoting_style="needed")
        ) as csv,
    ):
        for first in range(0, rows, BLOCK):
            block = _block(first, min(BLOCK, rows - first))
            parquet.write_table(block)
            csv.write_table(_as_delivered(block))
    orders, lines = folder / "orders.csv", folder / "orders.jsonl"
    duckdb.sql(f"copy (from read_csv('{orders}', all_varchar = true)) to '{lines}' (format json)")


def _as_delivered(block: pa.Table) -> pa.Table:
    """Times as ISO 8601, as text formats have them."""
    times = [field.name for field in block.schema if pa.types.is_timestamp(field.type)]
    texts = ", ".join(f"strftime({name}, '%Y-%m-%dT%H:%M:%SZ') as {name}" for name in times)
    return duckdb.sql(f"select * replace ({texts}) from block").to_arrow_table()


if __name__ == "__main__":
    main()
