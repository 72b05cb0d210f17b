"""Benchmark of lifetime value against the package ``lifetimes``: ``make bench-clv``.

Customers are simulated by BG/NBD over two years. The project groups histories in DuckDB, fits, scores the distinct
histories and joins the scores to all customers. lifetimes fits and scores every customer, in its own environment
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pa_parquet

from orchestration.base.paths import PROJECT
from orchestration.science.beta_geometric import Parameters, expected_orders, fit, p_alive
from orchestration.science.purchase_likelihoods import log_likelihood
from tests.unit.science.simulated import customers

LOCK = PROJECT / "bench" / "lifetimes.lock"
ENVIRONMENT = PROJECT / "data" / "bench" / "lifetimes"
SIZES = (1_000_000, 10_000_000)
TRUTH = Parameters("bg_nbd", r=0.9, alpha=7.0, a=0.8, b=2.6)
BLOCK = 1_000_000
DAYS = 730
HORIZON = 52.0
REPEATS = 3
EQUAL_LIKELIHOOD = 1e-6
# Times in weeks, rounded to whole weeks or exact to the day.
GRAINS = {"week": "round({} / 7)", "day": "{} / 7"}


@dataclass(frozen=True)
class Ours:
    """Cost of the project's run at one size and grain: medians in seconds, memory in GiB."""

    parameters: Parameters
    likelihood: float
    history_count: int
    group: float
    fit: float
    score: float
    memory: float

    @property
    def total(self) -> float:
        """Seconds from the histories of all customers to their scores."""
        return self.group + self.fit + self.score


def main() -> None:
    """Print the project's figures at every size and grain, and the comparison at the first size."""
    sizes = [int(size.replace("_", "")) for size in sys.argv[1:]] or list(SIZES)
    with tempfile.TemporaryDirectory() as folder:
        for position, count in enumerate(sizes):
            file = Path(folder) / f"{count}.parquet"
            simulate(file, count)
            for grain in GRAINS:
                found = alone(file, grain)
                show(f"{count:>10,} customers by {grain:4}  {found.history_count:>9,} histories  {line(found)}")
                if position == 0 and grain == "week":
                    compare(file, found)
            file.unlink()


def simulate(file: Path, count: int) -> None:
    """Write one row per customer: x, and days from the first order to the last and to the cut-off (known)."""
    rng = np.random.default_rng(20_251_231)
    writer = None
    for start in range(0, count, BLOCK):
        size = min(BLOCK, count - start)
        known_days = rng.integers(0, DAYS, size)
        drawn = customers(rng, TRUTH, known_days / 7)
        block = pa.table(
            {
                "customer_id": np.arange(start, start + size),
                "x": drawn.x.astype(np.int32),
                "last_days": np.minimum(np.ceil(drawn.t_x * 7), known_days).astype(np.int32),
                "known_days": known_days.astype(np.int32),
            }
        )
        writer = writer or pa_parquet.ParquetWriter(file, block.schema)
        writer.write_table(block)
    if writer:
        writer.close()


def alone(file: Path, grain: str) -> Ours:
    """Run in a separate process, so that memory is measured separately."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as pool:
        return pool.submit(ours, file, grain).result()


def ours(file: Path, grain: str) -> Ours:
    """Group, fit, score the distinct histories, join the scores to all customers."""
    weeks = GRAINS[grain]
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute(
            "create table customers as select customer_id, cast(x as double) as x, "
            f"{weeks.format('last_days')} as t_x, {weeks.format('known_days')} as known from '{file}'"
        )
        runs = []
        for _ in range(REPEATS):
            started = time.perf_counter()
            grouped = connection.sql(
                "select x, t_x, known, cast(count(*) as double) as customers from customers group by all"
            ).fetchnumpy()
            x, t_x, known, weights = (np.asarray(grouped[name]) for name in ("x", "t_x", "known", "customers"))
            at = [time.perf_counter()]
            found = fit("bg_nbd", x, t_x, known, weights)
            at.append(time.perf_counter())
            scores = pa.table(
                {
                    "x": x,
                    "t_x": t_x,
                    "known": known,
                    "alive_probability": p_alive(found.parameters, x, t_x, known),
                    "expected_orders": expected_orders(found.parameters, x, t_x, known, HORIZON),
                }
            )
            connection.register("scores", scores)
            connection.execute(
                "create or replace table scored as select customer_id, alive_probability, expected_orders "
                "from customers inner join scores using (x, t_x, known)"
            )
            at.append(time.perf_counter())
            runs.append(np.diff([started, *at]))
        everyone = connection.sql("select count(*) = (select count(*) from customers) from scored").fetchall()
        if everyone != [(True,)]:
            raise RuntimeError("not every customer has a score")
    group_seconds, fit_seconds, score_seconds = (float(value) for value in np.median(runs, axis=0))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return Ours(found.parameters, found.log_likelihood, len(x), group_seconds, fit_seconds, score_seconds, memory)


def compare(file: Path, found: Ours) -> None:
    """Run lifetimes on the same customers by week, and print the speedup."""
    theirs = lifetimes(file)
    likelihood = theirs["likelihood"]
    show(
        f"{'lifetimes, the same customers by week':>53}  "
        f"fit {theirs['fit']:6.2f} s  score {theirs['score']:6.2f} s  total {theirs['fit'] + theirs['score']:6.2f} s"
    )
    show(f"log likelihood: ours {found.likelihood:.4f}, lifetimes {likelihood:.4f}")
    show("faster, of which at 1,000,000 customers at least 25 and 8 times are expected:")
    whole = (theirs["fit"] + theirs["score"]) / found.total
    show(f"fit {theirs['fit'] / found.fit:.1f} times, end to end {whole:.1f} times")
    if abs(likelihood / found.likelihood - 1) > EQUAL_LIKELIHOOD:
        raise SystemExit("the likelihoods differ: the two fits are not comparable")


def lifetimes(file: Path) -> Mapping[str, float]:
    """Medians of lifetimes, and the log likelihood at its parameters."""
    make_environment()
    with duckdb.connect() as connection:
        rows = connection.sql(
            f"select cast(x as double) as x, round(last_days / 7) as t_x, round(known_days / 7) as known from '{file}'"
        ).fetchnumpy()
    x, t_x, known = (np.asarray(rows[name]) for name in ("x", "t_x", "known"))
    arrays = file.with_suffix(".npz")
    np.savez(arrays, x=x, t_x=t_x, known=known)
    peer = PROJECT / "bench" / "lifetimes_peer.py"
    done = subprocess.run(
        [ENVIRONMENT / "bin" / "python", peer, arrays, str(HORIZON), str(REPEATS)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    arrays.unlink()
    answer = json.loads(done.stdout)
    logs = np.log([answer["parameters"][name] for name in ("r", "alpha", "a", "b")])
    return {
        "fit": median(run["fit"] for run in answer["runs"]),
        "score": median(run["score"] for run in answer["runs"]),
        "likelihood": log_likelihood("bg_nbd", x, t_x, known, np.ones_like(x))(logs)[0],
    }


def make_environment() -> None:
    """Install lifetimes with its locked packages, unless they are installed."""
    made = ENVIRONMENT / "lifetimes.lock"
    if made.is_file() and made.read_bytes() == LOCK.read_bytes():
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True)
    uv = Path(sys.executable).parent / "uv"
    python = ENVIRONMENT / "bin" / "python"
    subprocess.run([uv, "pip", "sync", "--quiet", "--require-hashes", "--python", python, LOCK], check=True)
    made.write_bytes(LOCK.read_bytes())


def line(found: Ours) -> str:
    """The figures of one run of the project."""
    return (
        f"group {found.group:5.2f} s  fit {found.fit:5.2f} s  score {found.score:5.2f} s  "
        f"total {found.total:6.2f} s  {found.memory:4.1f} GiB"
    )


def show(text: str) -> None:
    """Print and flush: a large size takes minutes."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
