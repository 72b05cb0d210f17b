"""Forecasts of the demo company against what came, by seed: ``make bench-forecasts ARGS="1 2 3 4 5"``.

Runs the history and the first night of 5,000 customers per seed. Prints what ``mart_forecast_accuracy`` and its total
say of the forecasts made a year, half a year and a quarter ago: the error of orders with its interval, that of revenue
and margin, and in how many deciles the expected customers without an order lie within the interval of the actual share.
"""

from __future__ import annotations

import math
import os
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import duckdb

from demo.generate import generate
from orchestration.base.paths import Home
from orchestration.config.deployment import load_deployment

SEEDS = ("1", "2", "3", "4", "5")
CUSTOMERS = 5_000
Z = 1.959964
TOTALS = """
    select
        cut_off_date, outcome_days, order_count, order_error_rate, order_error_rate_low, order_error_rate_high,
        naive_error_rate, revenue_error_rate, margin_error_rate
    from marts.mart_forecast_accuracy_total
    order by cut_off_date
"""
DECILES = """
    select sum(forecast_count), sum(expected_without_order), sum(without_order_count)
    from marts.mart_forecast_accuracy
    where cut_off_date = ? and decile > 0
    group by decile
"""


def main() -> None:
    """Print one line per seed and cut-off."""
    _say(
        f"{'seed':>4}  {'cut-off':<10} {'days':>4} {'orders':>7} {'error':>7} {'interval':>17} {'naive':>7}"
        f" {'revenue':>8} {'margin':>7}  deciles"
    )
    for seed in sys.argv[1:] or SEEDS:
        with tempfile.TemporaryDirectory() as folder, duckdb.connect(_published(Path(folder), int(seed))) as connection:
            for day, days, orders, *errors in connection.execute(TOTALS).fetchall():
                error, low, high, naive, revenue, margin = (f"{100 * float(rate):+.1f}%" for rate in errors)
                deciles = connection.execute(DECILES, [day]).fetchall()
                calibrated = sum(is_within(*map(float, decile)) for decile in deciles)
                _say(
                    f"{seed:>4}  {day} {days:>4} {orders:>7,} {error:>7} {f'{low} to {high}':>17} {naive:>7}"
                    f" {revenue:>8} {margin:>7}  {calibrated} of {len(deciles)}"
                )


def is_within(count: float, expected: float, actual: float) -> bool:
    """Whether the expected number lies within Wilson's 95 % interval of the actual one."""
    share, scale = actual / count, 1 + Z**2 / count
    centre = (share + Z**2 / (2 * count)) / scale
    half = Z * math.sqrt(share * (1 - share) / count + Z**2 / (4 * count**2)) / scale
    return centre - half <= expected / count <= centre + half


def _published(folder: Path, seed: int) -> str:
    """The file that the first night of a company publishes.

    Raises:
        SystemExit: nothing was published; carries the reasons.
    """
    from orchestration.run import run_night

    os.environ["CX360_HOME"] = str(folder)
    deployment = load_deployment("demo")
    first, last = deployment.history_load_date, deployment.history_load_date + timedelta(days=1)
    generate(folder / "extracts", customers=CUSTOMERS, nights=1, seed=seed, history_load_date=first)
    outcome = run_night(deployment, extracts=folder / "extracts", first=first, last=last)
    if outcome.problems:
        raise SystemExit("\n".join(outcome.problems))
    return str((Home.of(deployment.name).published / "current").resolve() / "cx360.duckdb")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
