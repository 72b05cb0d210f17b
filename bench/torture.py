"""Nights that are killed at random, each followed by the normal command: ``make torture``.

Prints a line per disturbance: where it hit, what readers had then, how long the next night took, and whether it
published what an undisturbed night publishes. Ends with 1 if one did not come right.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from bench.nights import Company, Disturbance, load_libraries, plan


def main() -> None:
    """Disturb as many nights as are asked for."""
    parser = argparse.ArgumentParser(prog="make torture", description=__doc__.splitlines()[0])
    parser.add_argument("kills", type=int, nargs="?", default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--customers", type=int, default=60)
    parser.add_argument(
        "--in-a-row", type=int, default=1, help="how often a night and its repetitions are killed before one may end"
    )
    asked = parser.parse_args()
    load_libraries()
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        company = Company(Path(folder), asked.customers)
        seconds = time.monotonic() - started
        tell(f"prepared in {seconds:.0f} s; an undisturbed night takes {company.undisturbed.seconds:.1f} s")
        planned = plan(company, asked.kills, asked.seed)
        rows = [planned[place : place + asked.in_a_row] for place in range(0, len(planned), asked.in_a_row)]
        wrong = sum(disturb(company, row, sum(map(len, rows[:place]))) for place, row in enumerate(rows))
        tell(
            f"{len(rows) - wrong} of {len(rows)} nights published what an undisturbed one does, after "
            f"{len(planned)} disturbances; {time.monotonic() - started:.0f} s in all"
        )
    sys.exit(1 if wrong else 0)


def disturb(company: Company, row: list[Disturbance], before: int) -> bool:
    """Disturb a night and its repetitions, then let one end, and tell what came of it.

    Returns:
        Whether something was not as it must be.
    """
    company.restore()
    problems: list[str] = []
    for number, disturbance in enumerate(row, start=before + 1):
        ended = company.night(disturbance)
        if not ended.code:  # the nights before it had done what it was to break: a fresh night does it again
            problems += company.problems(ended)
            company.restore()
            ended = company.night(disturbance)
        served = company.published()
        had = {True: "the night before", False: "the new night"}[served == company.before]
        tell(f"{number:>4}  {ended.where:<66} at {ended.seconds:5.1f} s  readers had {had}")
        if served not in (company.before, company.after):
            problems.append("readers had neither the night before nor the new one")
        if served != company.before:  # nothing is left of this night that could be killed
            problems += company.problems(company.night())
            company.restore()
    recovered = company.night()
    problems += company.problems(recovered)
    tell(f"      the next night took {recovered.seconds:.1f} s: {'; '.join(problems) or 'equal'}")
    return bool(problems)


def tell(line: str) -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
