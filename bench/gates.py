"""The gates' share of a night: ``make bench-gates``.

Prints the wall time of the first run over the history and of one night after it, for a company of the given size, and
the share of both gates in it: row rules, profiles and their judgement, the import of Great Expectations included.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from demo.generate import generate
from orchestration.base.progress import Report, listening
from orchestration.config.deployment import load_deployment

CUSTOMERS = 100_000


def main() -> None:
    """Make the company in a folder of its own, run both, and print the figures."""
    customers = int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else CUSTOMERS
    deployment = load_deployment("demo")
    history = deployment.history_load_date
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CX360_HOME"] = folder
        extracts = Path(folder) / "extracts"
        generate(extracts, customers=customers, nights=1, seed=7, history_load_date=history)
        for name, day in (("history", history), ("one night", history + timedelta(days=1))):
            spent: dict[str, float] = {}

            def add(report: Report, spent: dict[str, float] = spent) -> None:
                if report.is_part:
                    spent[report.step] = spent.get(report.step, 0.0) + (report.seconds or 0.0)

            started = time.monotonic()
            with listening(add):
                from orchestration.run import run_night

                outcome = run_night(deployment, extracts=extracts, first=day, last=day)
            whole, gates = time.monotonic() - started, spent["gates"]
            sys.stdout.write(
                f"{customers:>9,} customers  {name:<9}  {whole:6.1f} s  gates {gates:5.1f} s  {gates / whole:5.1%}"
                f"  {'; '.join(outcome.problems) or 'published'}\n"
            )


if __name__ == "__main__":
    main()
