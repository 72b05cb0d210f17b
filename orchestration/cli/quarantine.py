"""The output of ``cx360 quarantine``: units and rules, or the rows, which no other output contains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment
from orchestration.landing.quarantine import QuarantinedUnit, Release, export, quarantined, release
from orchestration.runs.lock import hold


def quarantine_lines(
    deployment: Deployment,
    home: Home,
    table: str | None,
    load_date: date | None,
    *,
    is_explained: bool,
    export_to: Path | None,
) -> Iterator[str]:
    """Yield a summary of the quarantine or its rows, or export the rows to a file for correction."""
    units = list(quarantined(deployment, home, table, load_date))
    if not units:
        yield "Nothing is in quarantine."
    elif export_to:
        landed = [unit for unit in units if unit.has_landed]
        yield f"{export(landed, export_to):,} rows: {export_to}"
        if len(landed) < len(units):
            yield "Left out are rows of deliveries that gate 1 refused: correct the source or the rule, and run again."
        yield "Correct the 'row' of each line, delete the lines to leave in quarantine, then --release the file."
    else:
        yield from explained(units) if is_explained else listed(units)


def quarantine_record(
    deployment: Deployment, home: Home, table: str | None, load_date: date | None, *, is_explained: bool
) -> dict[str, Any]:
    """Return the quarantine for ``--json`` (docs/command-line.md); rows with their values only if explained."""
    units = [
        {
            "table": unit.table,
            "load_date": unit.load_date.isoformat(),
            "row_count": len(unit.rows),
            "has_landed": unit.has_landed,
            "rules": dict(unit.rules()),
            **({"rows": [_row(row) for row in unit.rows]} if is_explained else {}),
        }
        for unit in quarantined(deployment, home, table, load_date)
    ]
    return {"deployment": deployment.name, "units": units}


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "file": row["_source_file"],
        "line": row["_source_row"],
        "reasons": [*row["reasons"]],
        "row": row["row_text"],
    }


def released(deployment: Deployment, home: Home, file: Path) -> Iterator[str]:
    """Readmit the corrected rows of a file."""
    with hold(home):
        done = release(deployment, home, file)
    yield from readmitted(done, deployment.argument)


def listed(units: Iterable[QuarantinedUnit]) -> Iterator[str]:
    """Yield each unit with the number of rows per broken rule."""
    for unit in units:
        yield _heading(unit)
        for rule, count in unit.rules().items():
            yield f"{count:>9,}  {rule}"


def explained(units: Iterable[QuarantinedUnit]) -> Iterator[str]:
    """Yield each row with its file, line, reasons and delivered text."""
    for unit in units:
        yield _heading(unit)
        for row in unit.rows:
            yield inert(f"  {row['_source_file']}, line {row['_source_row']}")
            for reason in row["reasons"]:
                yield inert(f"    {reason}")
            yield inert(f"    {row['row_text']}")


def readmitted(release: Release, deployment: str) -> Iterator[str]:
    """Yield what was readmitted, and the next step."""
    for (table, load_date), count in release.row_counts.items():
        yield f"{table}, load date {load_date}: {count:,} rows released"
    yield f"Release {release.number} is published by the next run: make run DEPLOYMENT={deployment}"


def inert(text: str) -> str:
    """Return delivered text with control characters escaped."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _heading(unit: QuarantinedUnit) -> str:
    refused = "" if unit.has_landed else " of a delivery that gate 1 refused"
    return f"{unit.table}, load date {unit.load_date}: {len(unit.rows):,} rows{refused}"
