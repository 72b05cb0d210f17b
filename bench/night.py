"""What an incremental night costs, beside a full build: ``make bench-night``.

Makes a company of the size that is asked for, runs its history and first night as one run, then the second night, and
prints for both the seconds of every step, of each model, and of all tests together. Each run is a process of its own,
so that its memory is its own.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from demo.generate import generate
from orchestration.base.paths import Home
from orchestration.base.progress import Report, listening
from orchestration.config.deployment import load_deployment

CUSTOMERS = 1_000_000
# the transformation: from who is who to the answers
TRANSFORMATION = ("identity", "star", "purchase fits", "spend fits", "contract fits", "marts")
TOLD_SECONDS = 2.0

Figures = dict[str, Any]


def main() -> None:
    """Make the company in a folder of its own, build it whole and one night further, and print the figures."""
    customers = int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else CUSTOMERS
    history = load_deployment("demo").history_load_date
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CX360_HOME"] = folder
        extracts = Path(folder) / "extracts"
        started = time.monotonic()
        generate(extracts, customers=customers, nights=2, seed=7, history_load_date=history)
        _say(f"{customers:,} customers, made in {time.monotonic() - started:,.0f} s")
        full = _apart(extracts, history, history + timedelta(days=1))
        _tell("full build", full)
        night = _apart(extracts, history + timedelta(days=2), history + timedelta(days=2))
        _tell("incremental night", night)
    both = _transformation(night), _transformation(full)
    _say(f"transformation, identity to marts: {both[0]:,.1f} s of {both[1]:,.1f} s, {both[0] / both[1]:.0%}\n")
    for name in sorted({*full["models"], *night["models"]}, key=lambda name: -full["models"].get(name, 0.0)):
        seconds = full["models"].get(name, 0.0), night["models"].get(name, 0.0)
        if max(seconds) >= TOLD_SECONDS:
            _say(f"{seconds[0]:9.1f} s  {seconds[1]:9.1f} s  {name}")


def _apart(extracts: Path, first: date, last: date) -> Figures:
    """The figures of a run that has a process of its own."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_run, extracts, first, last).result()


def _run(extracts: Path, first: date, last: date) -> Figures:
    steps: dict[str, float] = {}

    def add(report: Report) -> None:
        if report.seconds is not None:
            name = report.step.split()[0] if report.step.startswith("extract") else report.step
            steps[name] = steps.get(name, 0.0) + report.seconds

    from orchestration.run import run_night
    from orchestration.runs.instance import open_instance

    deployment = load_deployment("demo")
    with listening(add):
        outcome = run_night(deployment, extracts=extracts, first=first, last=last)
    if outcome.problems:
        raise SystemExit("\n".join(outcome.problems))
    models, tests = _nodes(open_instance(Home.of(deployment.name)).all_logs, str(outcome.run_id))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"steps": steps, "models": models, "tests": tests, "gibibytes": memory}


def _nodes(logs: Callable[..., Any], run_id: str) -> tuple[dict[str, float], float]:
    """The seconds that dbt took for each model, and for all tests together, from the run's own log."""
    import dagster as dg

    models: dict[str, float] = {}
    for entry in logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION):
        told = entry.asset_materialization
        if "seconds" in told.metadata:
            models["/".join(told.asset_key.path)] = float(told.metadata["seconds"].value)
    checks = [
        entry.get_dagster_event().asset_check_evaluation_data.metadata.get("seconds")
        for entry in logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    ]
    return models, sum(float(seconds.value) for seconds in checks if seconds)


def _transformation(figures: Figures) -> float:
    return float(sum(figures["steps"][name] for name in TRANSFORMATION))


def _tell(name: str, figures: Figures) -> None:
    _say(f"\n{name}: most memory {figures['gibibytes']:.1f} GiB, dbt's tests {figures['tests']:,.0f} s of two threads")
    for step, seconds in figures["steps"].items():
        _say(f"{seconds:9.1f} s  {step}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
