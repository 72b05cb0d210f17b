"""Nights and restores that are killed at random, each followed by the normal command: ``make torture``.

Prints a line per disturbance: where the night was killed, which version readers had, how long the next night took, and
whether its figures equal those of an undisturbed night. Exits with 1 if one differs.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from bench.nights import NO_CHANGE, Change, Company, Disturbance, load_libraries

# limits of the file size that simulate a full disk
FILE_BYTES = (100_000, 1_000_000, 3_000_000, 8_000_000)
KILLED_PUBLICATIONS = KILLED_RESTORES = 2


def main() -> None:
    """Disturb the requested number of nights."""
    parser = argparse.ArgumentParser(prog="make torture", description=__doc__.splitlines()[0])
    parser.add_argument("kills", type=int, nargs="?", default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--customers", type=int, default=60)
    parser.add_argument("--in-a-row", type=int, default=1, help="how often a night is killed before one may end")
    options = parser.parse_args()
    load_libraries()
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        company = Company(Path(folder), options.customers)
        seconds = time.monotonic() - started
        report(f"prepared in {seconds:.0f} s; an undisturbed night takes {company.undisturbed.seconds:.1f} s")
        planned = plan(company, options.kills, options.seed)
        nights = max(len(planned) // options.in_a_row, 1)
        # in the order of a night: what one killed early has not done is left for the next kill
        rows = [sorted(planned[night::nights], key=lambda planned: planned.reached) for night in range(nights)]
        wrong = sum(disturb(company, row, sum(map(len, rows[:number]))) for number, row in enumerate(rows))
        wrong_restores = disturb_restores(company, options.seed)
        report(
            f"{len(rows) - wrong} of {len(rows)} nights published the figures of an undisturbed one after "
            f"{len(planned)} disturbances; {time.monotonic() - started:.0f} s in total"
        )
        report(f"{KILLED_RESTORES - wrong_restores} of {KILLED_RESTORES} killed restores were finished")
    sys.exit(1 if wrong or wrong_restores else 0)


def plan(company: Company, count: int, seed: int) -> list[Disturbance]:
    """Return disturbances spread over a night.

    One kill of three is before a change of guarded files, each kind of change in turn; the others are at a random
    moment of a step, each step in turn. Two more are before changes of the published versions. A dozen kills add a full
    disk.
    """
    random = Random(seed)
    spans: list[tuple[str, str | None, float, float]] = []
    begin = 0.0
    after: str | None = None
    for name, printed in company.undisturbed.steps:
        spans.append((name, after, begin, printed - begin))
        begin, after = printed, name
    # the many short extracts count as one step
    steps = {name.split()[0]: [span for span in spans if span[0].split()[0] == name.split()[0]] for name, *_ in spans}
    changes: dict[str, list[Change]] = {}
    for change in company.undisturbed.changes:
        changes.setdefault(change.kind, []).append(change)
    in_steps = [random.choice(found) for found in steps.values()]
    before_changes = [random.choice(found) for found in changes.values()]
    random.shuffle(before_changes)
    planned = []
    for number in range(count):
        turn, of_three = divmod(number, 3)
        if of_three == 0:
            change = before_changes[turn % len(before_changes)]
            planned.append(Disturbance(change=change.name, reached=change.seconds))
        else:
            _, after, begin, took = in_steps[(2 * turn + of_three - 1) % len(in_steps)]
            seconds = random.random() * took
            planned.append(Disturbance(after_step=after, seconds=seconds, reached=begin + seconds))
    published = [change for change in company.undisturbed.changes if f" /{company.home.published.name}/" in change.name]
    planned += [
        Disturbance(change=change.name, reached=change.seconds)
        for change in random.sample(published, KILLED_PUBLICATIONS)
    ]
    return [*planned, *(Disturbance(file_bytes=random.choice(FILE_BYTES)) for _ in range(count // 12))]


def disturb(company: Company, row: list[Disturbance], before: int) -> bool:
    """Disturb a night and its repetitions, then let one end, and report the result.

    Returns:
        Whether there was a problem.
    """
    company.restore()
    problems: list[str] = []
    for number, disturbance in enumerate(row, start=before + 1):
        ended = company.night(disturbance)
        if not ended.code:  # earlier kills left nothing to disturb: start from the night before
            problems += company.problems(ended)
            company.restore()
            ended = company.night(disturbance)
        served = company.published()
        had = {True: "the previous version", False: "the new version"}[served == company.before]
        report(f"{number:>4}  {ended.where:<66} at {ended.seconds:5.1f} s  readers had {had}")
        if served not in (company.before, company.after):
            problems.append("readers had neither the previous version nor the new one")
        if served != company.before or disturbance is row[-1]:  # published: there is nothing left to kill
            recovered = company.night()
            problems += company.problems(recovered)
            company.restore()
            report(f"      the next night took {recovered.seconds:.1f} s: {'; '.join(problems) or 'equal'}")
    return bool(problems)


def disturb_restores(company: Company, seed: int) -> int:
    """Kill restores of a backup before a random change of files, and let the same command finish them.

    Returns:
        The number of restores with a problem.
    """
    backup = company.back_up()
    wrong = 0
    shutil.rmtree(company.home.root)
    changes = company.restore_backup(backup, Disturbance(change=NO_CHANGE)).changes
    for change in Random(seed).sample(changes, KILLED_RESTORES):
        shutil.rmtree(company.home.root)
        killed = company.restore_backup(backup, Disturbance(change=change.name))
        finished = company.restore_backup(backup)
        is_wrong = not killed.was_killed or finished.code != 0 or company.published() != company.before
        report(f"      a restore, {killed.where}: {'not finished' if is_wrong else 'finished by the same command'}")
        wrong += is_wrong
    return wrong


def report(line: str) -> None:
    """Print a line without buffering."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
