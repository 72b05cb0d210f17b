"""The cost of a night: ``make bench-night ARGS="10_000 100_000"``.

Makes a demo company of each size and runs three commands: its history and first night (dbt parses the project), one
more night, and a run without pending load dates. The company also publishes to PostgreSQL, on a server that is
started for it. Prints wall time, processor time, peak memory and the time of each step; for each night the share of
pages, brief and PostgreSQL, and the models of the marts that took longest, by Dagster's events. dbt builds several at
a time, so their seconds add up to more than those of the step.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from demo.generate import generate
from orchestration.base.paths import Home
from orchestration.config.deployment import load_deployment
from tests.postgres import postgres

CUSTOMERS = ("10_000", "100_000", "1_000_000")
DEAREST = 10
URL = "BENCH_NIGHT_URL"
FOR_PEOPLE = ("pages", "postgres")
"""The steps after the version is published, for those who do not read its file."""


@dataclass(frozen=True)
class Cost:
    """The cost of one command."""

    wall_seconds: float
    processor_seconds: float
    gibibytes: float
    steps: str


def main() -> None:
    """Measure each size in its own folder and print a table."""
    history = load_deployment("demo").history_load_date
    _print(f"{'customers':>10}  {'run':<12} {'wall s':>8} {'cpu s':>8} {'GiB':>6}  where the time went")
    for size in sys.argv[1:] or CUSTOMERS:
        customers = int(size.replace("_", ""))
        with tempfile.TemporaryDirectory() as folder, postgres(("shared_buffers = 1GB",)) as server:
            os.environ[URL] = server.url()
            demo = shutil.copytree("deployments/demo", Path(folder) / "deployments" / "demo")
            with (demo / "deployment.yml").open("a", encoding="utf-8") as settings:
                settings.write(f"\npostgres_publication:\n  url: {{env: {URL}}}\n")
            extracts = Path(folder) / "extracts"
            generate(extracts, customers=customers, nights=2, seed=7, history_load_date=history)
            first_night = (history + timedelta(days=1)).isoformat()
            for name, options in (("first", ["--to", first_night]), ("next night", []), ("nothing to do", [])):
                cost = _cost(Path(folder), ["run", "--deployment", str(demo), "--extracts", str(extracts), *options])
                _print(
                    f"{customers:>10,}  {name:<12} {cost.wall_seconds:8.1f} {cost.processor_seconds:8.1f}"
                    f" {cost.gibibytes:6.1f}  {cost.steps}"
                )
                if name != "nothing to do":
                    _print(_share(cost))
                    _print(_dearest(Home(Path(folder) / "demo")))


def _cost(folder: Path, arguments: list[str]) -> Cost:
    """Run one ``cx360`` command and return its cost.

    Raises:
        SystemExit: the command failed; carries its output.
    """
    started = time.monotonic()
    with tempfile.TemporaryFile("w+", dir=folder) as output:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("cx360"), *arguments],
            env={**os.environ, "CX360_HOME": str(folder)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        output.seek(0)
        printed = output.read()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(printed)
    steps = re.search(r"^Time +[\d.]+ s: (.*)$", printed, re.MULTILINE)
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20, steps[1] if steps else "")


def _share(cost: Cost) -> str:
    """The share of the steps for people in the night, in words."""
    seconds = {step: float(spent) for step, spent in re.findall(r"(\w[\w ]*?) ([\d.]+)", cost.steps)}
    spent = sum(seconds.get(step, 0.0) for step in FOR_PEOPLE)
    return f"{'':>25}pages, brief and PostgreSQL: {spent:.1f} s, {spent / cost.wall_seconds:.0%} of the night"


def _dearest(home: Home) -> str:
    """The models of the marts that took longest in the last run, in words."""
    from orchestration.runs.instance import open_instance

    with open_instance(home) as instance:
        [run] = instance.get_runs(limit=1)
        built = [
            entry.dagster_event.step_materialization_data.materialization
            for entry in instance.all_logs(run.run_id)
            if entry.dagster_event and entry.dagster_event.is_step_materialization
        ]
    seconds = {
        table.asset_key.path[-1]: float(str(table.metadata["seconds"].value))
        for table in built
        if table.asset_key.path[0] == "marts" and "seconds" in table.metadata
    }
    first = sorted(seconds.items(), key=lambda model: -model[1])[:DEAREST]
    models = ", ".join(f"{name} {spent:.1f}" for name, spent in first)
    return f"{'':>25}of {sum(seconds.values()):.1f} s in {len(seconds)} models of the marts: {models}"


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
