"""Benchmark of the demo generator, time and memory: ``make bench-demo``.

Prints one line per size. Memory is the sum of the peaks of all processes.
"""

from __future__ import annotations

import gzip
import resource
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pa_parquet

from demo.generate import WORKERS, generate
from demo.world import BLOCK
from orchestration.config.deployment import load_deployment

SIZES = (10_000, 100_000)


def main() -> None:
    """Generate a company of each size, two years of history without nights, and print the figures."""
    sizes = [int(size.replace("_", "")) for size in sys.argv[1:]] or list(SIZES)
    for customers in sizes:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "extracts"
            started = time.monotonic()
            history = load_deployment("demo").history_load_date
            generate(out, customers=customers, nights=0, seed=7, history_load_date=history)
            seconds = time.monotonic() - started
            lines = pa_parquet.read_metadata(out / "history" / "shop" / "order_lines.parquet").num_rows
            interactions = _lines(out / "history" / "tracking" / "events.jsonl")
            interactions += _lines(out / "history" / "crm" / "activities.csv") - 1
            responses = _lines(out / "history" / "survey_tool" / "responses.jsonl.gz")
            megabytes = sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) / 2**20
            sys.stdout.write(
                f"{customers:>9,} customers  {seconds:6.1f} s  {_most_memory(customers):4.1f} GiB  "
                f"{lines:>10,} order lines  {interactions:>10,} interactions  {responses:>9,} responses  "
                f"{megabytes:8,.0f} MiB\n"
            )


def _lines(path: Path) -> int:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        return sum(1 for _ in stream)


def _most_memory(customers: int) -> float:
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    of_worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss if customers > BLOCK else 0
    return (own + WORKERS * of_worker) / 2**20


if __name__ == "__main__":
    main()
