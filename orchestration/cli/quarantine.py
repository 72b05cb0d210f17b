"""What ``cx360 quarantine`` prints: units and rules, or the rows themselves, which no message or log ever tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment
from orchestration.landing.quarantine import QuarantinedUnit, Release, export, quarantined, release
from orchestration.runs.lock import hold


def answer(
    deployment: Deployment,
    home: Home,
    table: str | None,
    load_date: date | None,
    *,
    is_explained: bool,
    export_to: Path | None,
) -> Iterator[str]:
    """What is in quarantine, in short or row by row; or written to a file to be corrected there."""
    units = list(quarantined(deployment, home, table, load_date))
    if not units:
        yield "Nothing is in quarantine."
    elif export_to:
        yield f"{export(units, export_to):,} rows: {export_to}"
        yield "Correct each line's 'row', take out what stays, then --release."
    else:
        yield from explained(units) if is_explained else listed(units)


def released(deployment: Deployment, home: Home, file: Path) -> Iterator[str]:
    """Bring back the corrected rows of a file, and say what happens next."""
    with hold(home):
        done = release(deployment, home, file)
    yield from told(done, deployment.name)


def listed(units: Iterable[QuarantinedUnit]) -> Iterator[str]:
    """Each unit, and how many of its rows break each rule."""
    for unit in units:
        yield _heading(unit)
        for rule, count in unit.rules().items():
            yield f"{count:>9,}  {rule}"


def explained(units: Iterable[QuarantinedUnit]) -> Iterator[str]:
    """Each row with its file, its line, every reason, and what was delivered."""
    for unit in units:
        yield _heading(unit)
        for row in unit.rows:
            yield inert(f"  {row['_source_file']}, line {row['_source_row']}")
            for reason in row["reasons"]:
                yield inert(f"    {reason}")
            yield inert(f"    {row['row_text']}")


def told(release: Release, deployment: str) -> Iterator[str]:
    """What was released, and what happens next."""
    for (table, load_date), count in release.row_counts.items():
        yield f"{table}, load date {load_date}: {count:,} rows released"
    yield f"Release {release.number} is published by the next run: make run DEPLOYMENT={deployment}"


def inert(text: str) -> str:
    """What a system delivered, without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _heading(unit: QuarantinedUnit) -> str:
    return f"{unit.table}, load date {unit.load_date}: {len(unit.rows):,} rows"
