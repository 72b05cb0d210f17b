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
from random import Random

from bench.nights import Change, Company, Disturbance, load_libraries

# how far a file may grow where the disk is said to be full
FILE_BYTES = (100_000, 1_000_000, 3_000_000, 8_000_000)


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
        nights = max(len(planned) // asked.in_a_row, 1)
        # a night that was killed early has what comes later still to do
        rows = [sorted(planned[night::nights], key=lambda planned: planned.reached) for night in range(nights)]
        wrong = sum(disturb(company, row, sum(map(len, rows[:place]))) for place, row in enumerate(rows))
        tell(
            f"{len(rows) - wrong} of {len(rows)} nights published what an undisturbed one does, after "
            f"{len(planned)} disturbances; {time.monotonic() - started:.0f} s in all"
        )
    sys.exit(1 if wrong else 0)


def plan(company: Company, count: int, seed: int) -> list[Disturbance]:
    """Disturbances spread over a night.

    Of three kills the first is before a change of what must stay whole, each kind of change in its turn; the others are
    at a random moment of a step, each step in its turn. For a dozen kills there is a full disk besides.
    """
    random = Random(seed)
    spans: list[tuple[str, str | None, float, float]] = []
    begin = 0.0
    after: str | None = None
    for name, told in company.undisturbed.steps:
        spans.append((name, after, begin, told - begin))
        begin, after = told, name
    # the extracts are many and short: they count as one step
    steps = {name.split()[0]: [span for span in spans if span[0].split()[0] == name.split()[0]] for name, *_ in spans}
    changes: dict[str, list[Change]] = {}
    for change in company.undisturbed.changes:
        changes.setdefault(change.kind, []).append(change)
    in_steps = [random.choice(found) for found in steps.values()]
    before_changes = [random.choice(found) for found in changes.values()]
    random.shuffle(before_changes)
    planned = []
    for place in range(count):
        turn, of_three = divmod(place, 3)
        if of_three == 0:
            change = before_changes[turn % len(before_changes)]
            planned.append(Disturbance(change=change.name, reached=change.seconds))
        else:
            _, after, begin, took = in_steps[(2 * turn + of_three - 1) % len(in_steps)]
            seconds = random.random() * took
            planned.append(Disturbance(after_step=after, seconds=seconds, reached=begin + seconds))
    return [*planned, *(Disturbance(file_bytes=random.choice(FILE_BYTES)) for _ in range(count // 12))]


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
        if served != company.before or disturbance is row[-1]:  # nothing is left that could be killed
            recovered = company.night()
            problems += company.problems(recovered)
            company.restore()
            tell(f"      the next night took {recovered.seconds:.1f} s: {'; '.join(problems) or 'equal'}")
    return bool(problems)


def tell(line: str) -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
