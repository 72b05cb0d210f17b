"""Nights that are killed at random, again and again, each followed by the normal command: ``make torture``.

Prints a line per kill: where it hit, what readers had then, how long the next night took, and whether it published
what an undisturbed night publishes.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.integration.crash.nights import Company, load_libraries, plan


def main() -> None:
    """Kill as many nights as are asked for (100), and end with 1 if one of them did not come right."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    load_libraries()
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        company = Company(Path(folder))
        tell(
            f"prepared in {time.monotonic() - started:.0f} s; an undisturbed night: {company.undisturbed.seconds:.0f} s"
        )
        wrong, hit, seconds = 0, set(), 0.0
        for number, disturbance in enumerate(plan(company, kills, seed), start=1):
            company.restore()
            killed = company.night(disturbance)
            served = company.published()
            recovered = company.night()
            problems = company.problems(served, recovered)
            wrong += bool(problems)
            hit.add(killed.where)
            seconds += recovered.seconds
            tell(
                f"{number:>4}  {killed.seconds:6.1f} s  {killed.where:<60}  "
                f"readers had {'the night before' if served == company.before else 'the new night'}  "
                f"next night {recovered.seconds:5.1f} s  {'; '.join(problems) or 'equal'}"
            )
        tell(
            f"{kills - wrong} of {kills} nights published what an undisturbed one does; {len(hit)} places hit; "
            f"the next night took {seconds / max(kills, 1):.1f} s on average; {time.monotonic() - started:.0f} s in all"
        )
    sys.exit(1 if wrong else 0)


def tell(line: str) -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
