"""How fast a source lands: ``make bench-extract``, or with as many rows as are asked for, ARGS=20_000_000.

A table of ten columns as Parquet, CSV and JSON Lines, and PostgreSQL where ``bench/extract_postgres.py`` can be loaded:
rows a second from the source to the landing with gate 1 off and on, what gate 1 costs, and beside them how fast DuckDB
and pyarrow read the same file in the same run. Each figure is of a process of its own, with its peak of memory. Where
other programs are at work, rows per second of the processor's own time say more than those of the clock.
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
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from expectations import registry
from expectations.raw.shop import ORDERS
from expectations.suite import RawSuite
from orchestration.base.paths import Home
from orchestration.config.deployment import Table, load_deployment
from orchestration.config.systems import Files, Format, System, TableSettings
from orchestration.landing import landing

ROWS = 1_000_000
BLOCK = 500_000
FORMATS: tuple[Format, ...] = ("parquet", "csv", "jsonl")
OFF = RawSuite(table="shop__orders", required=("order_number",))
"""A gate that asks nothing."""


def main() -> None:
    """Write the table once, then measure each way in a process of its own."""
    if len(sys.argv) > 2:
        folder, kind, way = sys.argv[1:4]
        if kind == "write":
            _write(Path(folder), int(way))
        else:
            sys.stdout.write(json.dumps(_measure(Path(folder), kind, way)))
        return
    rows = int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        # a process begins with the peak of the one that starts it: this one stays small
        subprocess.run([sys.executable, "-m", "bench.extract", folder, "write", str(rows)], check=True)
        sys.stdout.write(f"{rows:,} rows of {len(_block(0, 1).column_names)} columns\n")
        for kind in FORMATS:
            found = {way: _in_a_process(folder, kind, way) for way in ("gate off", "gate on", "duckdb", "pyarrow")}
            for way, (seconds, busy, megabytes) in found.items():
                sys.stdout.write(
                    f"{kind:<8} {way:<9} {rows / seconds:>10,.0f} rows/s  {rows / busy:>10,.0f} rows per second of the"
                    f" processor  {megabytes:>6,.0f} MB at most\n"
                )
            share = 1 - found["gate off"][1] / found["gate on"][1]
            sys.stdout.write(f"{kind:<8} gate 1 takes {share:.0%} of the processor's time\n")
            sys.stdout.flush()
    if importlib.util.find_spec("bench.extract_postgres"):
        subprocess.run([sys.executable, "-m", "bench.extract_postgres", str(rows)], check=True)


def _in_a_process(folder: str, kind: str, way: str) -> tuple[float, float, float]:
    """Seconds of the clock and of the processor, and the peak of memory in MB."""
    told = subprocess.run(
        [sys.executable, "-m", "bench.extract", folder, kind, way], check=True, capture_output=True, text=True
    )
    seconds, busy, megabytes = json.loads(told.stdout)
    return seconds, busy, megabytes


def _measure(folder: Path, kind: str, way: str) -> tuple[float, float, float]:
    path = folder / f"orders.{kind}"
    ways: dict[str, Callable[[], object]] = {
        "duckdb": lambda: _drain(duckdb.sql(f"from '{path}'").to_arrow_reader(100_000)),
        "pyarrow": lambda: _read_plainly(path, kind),
    }
    if way.startswith("gate"):
        table = _table(kind)
        suites = {"gate on": ORDERS, "gate off": OFF}

        def suite_of(table: str) -> RawSuite:
            return replace(suites[way], table=table)

        landing.raw_suite = suite_of  # type: ignore[attr-defined]
        if way == "gate on":
            registry.raw_suite(table.name)
            from orchestration.gates.judge import _frames

            _frames()  # its import takes seconds whatever there is to judge
        home = Home(Path(tempfile.mkdtemp(dir=folder)))
        lander = landing.Landing(table.deployment, home, folder)
        ways[way] = lambda: lander.admit(table, [table.deployment.history_load_date])
    started, busy = time.monotonic(), time.process_time()
    ways[way]()
    used = time.process_time() - busy
    return time.monotonic() - started, used, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


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
    settings = TableSettings(description="One row per order.", key=("order_number",), delivers=())
    files = Files(format=kind, history=f"orders.{kind}")
    system = System(description="The shop.", roles=("transactions",), files=files, tables={"orders": settings})
    deployment = load_deployment("demo").model_copy(
        update={"systems": {"shop": system}, "history_load_date": date(2025, 12, 31)}
    )
    return Table(deployment, "shop", "orders")


def _block(first: int, count: int) -> pa.Table:
    """Some orders; the same ones every time."""
    rng = np.random.default_rng(first)
    numbers = pa.array(np.arange(first, first + count)).cast(pa.string())
    at = np.datetime64("2025-01-01", "us") + rng.integers(0, 364 * 86_400, count).astype("timedelta64[s]")
    times = pa.array(at, pa.timestamp("us", "UTC"))
    words = {"status": ["paid", "shipped", "delivered"], "sales_channel": ["web", "store", "app"], "currency": ["EUR"]}
    amounts = {name: pa.array(rng.integers(0, 100_000, count) / 100) for name in ("freight_amount", "tax_amount")}
    return pa.table(
        {
            "order_number": numbers,
            "buyer_id": pa.array(rng.integers(0, 1_000_000, count)).cast(pa.string()),
            **{name: pa.array(np.array(known)[rng.integers(0, len(known), count)]) for name, known in words.items()},
            **amounts,
            "total_amount": pa.array(rng.integers(0, 100_000, count) / 100),
            "ordered_at": times,
            "updated_at": times,
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
    return (
        duckdb.from_arrow(block)
        .select(
            duckdb.SQLExpression(
                "* replace (strftime(ordered_at, '%Y-%m-%dT%H:%M:%SZ') as ordered_at,"
                " strftime(updated_at, '%Y-%m-%dT%H:%M:%SZ') as updated_at)"
            )
        )
        .to_arrow_table()
    )


if __name__ == "__main__":
    main()
