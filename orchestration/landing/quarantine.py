"""The quarantine for a person: its rows, their reasons, and how corrected rows come back through the same gate.

Part of the landing (``landing.py``). Add here queries and changes of the quarantine; keep out how it is shown
(``cli/``) and how corrections are remembered (``corrections.py``).
"""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from orchestration.base.errors import InfrastructureError, PipelineError
from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment, Table
from orchestration.gates.judge import broken_profile_rules
from orchestration.gates.rule_results import UNREADABLE
from orchestration.gates.suites import suite_of
from orchestration.landing.compaction import expand
from orchestration.landing.corrections import Correction, keep_release
from orchestration.landing.landing import cannot_write
from orchestration.landing.unit import UnitWriter, rejected_rows
from orchestration.landing.unit_place import UnitPlace, landed_units, recover_units, refused_units
from orchestration.landing.unit_profile import read_profile

EXPORTED = ("table", "load_date", "source_file", "source_row", "reasons", "row_text", "row")


@dataclass(frozen=True)
class QuarantinedUnit:
    """The rejected rows of one unit, as ``unit.REJECTED`` has them.

    Attributes:
        has_landed: False for a delivery that the gate refused as a whole.
    """

    table: str
    load_date: date
    rows: Sequence[dict[str, Any]]
    has_landed: bool = True

    def rules(self) -> dict[str, int]:
        """How many rows break each rule, the most broken one first; a row counts under each rule it breaks."""
        return dict(Counter(rule for row in self.rows for rule in row["rules"]).most_common())


@dataclass(frozen=True)
class Release:
    """What a release brought back: its number, and the rows of each unit."""

    number: str
    row_counts: dict[tuple[str, date], int]


def quarantined(
    deployment: Deployment, home: Home, table: str | None = None, load_date: date | None = None
) -> Iterator[QuarantinedUnit]:
    """The units with rejected rows, those of one table or load date where they are named, newest first.

    Those that the gate refused come before the landed ones of their table.

    Raises:
        PipelineError: the deployment has no such table.
    """
    tables = [_table(deployment, table)] if table else list(deployment.tables())
    for one in tables:
        for find, has_landed in ((refused_units, False), (landed_units, True)):
            for place in find(home, one):
                rows = rejected_rows(place, is_refused=not has_landed) if load_date in (None, place.load_date) else []
                if rows:
                    yield QuarantinedUnit(place.table.name, place.load_date, rows, has_landed)


def export(units: Iterable[QuarantinedUnit], file: Path) -> int:
    """Write rejected rows for a person to correct: JSON Lines, one object a row, whose ``row`` is what may be edited.

    Returns:
        How many rows were written.

    Raises:
        PipelineError: the file exists, or cannot be written.
    """
    lines = [_exported(unit, row) for unit in units for row in unit.rows]
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    except FileExistsError:
        raise PipelineError(f"{file} exists, and may hold corrections. Name another file.") from None
    except OSError as error:
        raise PipelineError(f"{file} cannot be written: {error.strerror}. Name a file in another folder.") from error
    return len(lines)


def release(deployment: Deployment, home: Home, file: Path) -> Release:
    """Bring the corrected rows of ``file`` through gate 1 into the units that they came from: all of them or none.

    The caller holds the deployment's run lock.

    They land under their own line of ``released/<their file>`` and leave the quarantine. They are remembered, and
    corrected again whenever the day is pulled again and still delivers them as they were.

    Raises:
        PipelineError: the file cannot be read, a row is not in quarantine or still breaks a rule, or a unit with the
            rows would break a batch rule. Nothing has changed then.
    """
    corrections = _corrections(file)
    with ExitStack() as undone:
        counts = Counter((correction.table, date.fromisoformat(correction.load_date)) for correction in corrections)
        writers: list[UnitWriter] = []
        for name, load_date in counts:
            place = UnitPlace(home, _table(deployment, name), load_date)
            recover_units(home, place.table)
            expand(place.folders, [load_date])
            mine = [one for one in corrections if (one.table, one.load_date) == (name, load_date.isoformat())]
            try:
                undone.callback(place.discard)
                writers.append(_rebuilt(place, mine, file))
            except OSError as error:
                raise cannot_write(home, place.table, error) from error
        number = keep_release(home, corrections)
        undone.pop_all()
        for writer in writers:
            writer.place.commit()
    return Release(number, dict(counts))


def _rebuilt(place: UnitPlace, corrections: Sequence[Correction], file: Path) -> UnitWriter:
    """The unit with the corrected rows among those that had landed, judged but not in its place yet."""
    where = f"{place.table.name}, load date {place.load_date}"
    waiting = {(row["_source_file"], row["_source_row"], row["row_text"]) for row in rejected_rows(place)}
    for correction in corrections:
        if correction.rejected not in waiting:
            raise PipelineError(
                f"{file}: the row of {where}, {correction.source_file}, line {correction.source_row} is not in"
                " quarantine: it was released before, or the day was pulled again. Export the quarantine again."
            )
    suite = suite_of(place.table)
    writer = UnitWriter(place, suite, {correction.rejected: correction for correction in corrections})
    known = read_profile(place)
    writer.take_landed(known)
    refused = writer.correct()
    if refused:
        refusals = "\n".join(
            f"  {correction.source_file}, line {correction.source_row}: {'; '.join(rules)}"
            for correction, rules in refused
        )
        raise PipelineError(f"{file}: nothing is released, because rows of {where} still break rules:\n{refusals}")
    facts = writer.close(())
    if facts["source_row_count"] != known["source_row_count"]:
        raise InfrastructureError(f"{where}: a release must not change how many rows there are. Nothing is released.")
    [findings] = broken_profile_rules(suite.batch, [facts], place.table.limits)
    problems = [f"  {finding.message}" for finding in findings if finding.severity == "error"]
    if problems:
        raise PipelineError(
            f"{file}: nothing is released, because {where} would break a batch rule with the rows:\n"
            + "\n".join(problems)
        )
    return writer


def _exported(unit: QuarantinedUnit, row: dict[str, Any]) -> dict[str, Any]:
    is_record = UNREADABLE not in row["rules"]
    values = (
        unit.table,
        unit.load_date.isoformat(),
        row["_source_file"],
        row["_source_row"],
        row["reasons"],
        row["row_text"],
        json.loads(row["row_text"]) if is_record else None,
    )
    return dict(zip(EXPORTED, values, strict=True))


def _corrections(file: Path) -> list[Correction]:
    """The corrections in a file as ``export`` writes it.

    Raises:
        PipelineError: the file cannot be read, or a line is none of them.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise PipelineError(f"{file} cannot be read: {reason}.") from error
    found: dict[tuple[object, ...], Correction] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        correction = _correction(line, f"{file}, line {number}")
        place = (correction.table, correction.load_date, *correction.rejected)
        if place in found:
            raise PipelineError(f"{file}, line {number}: the row stands in the file twice. Keep one of them.")
        found[place] = correction
    if not found:
        raise PipelineError(f"{file} holds no rows. Export the quarantine, correct the rows, and release that file.")
    return list(found.values())


def _correction(line: str, where: str) -> Correction:
    try:
        given = json.loads(line)
        values = [given[name] for name in EXPORTED]
        date.fromisoformat(given["load_date"])
    except json.JSONDecodeError as error:
        raise PipelineError(f"{where}: no valid JSON ({error.msg}, column {error.colno}).") from error
    except (KeyError, TypeError, ValueError) as error:
        raise PipelineError(
            f"{where}: not as the quarantine was exported, with {', '.join(EXPORTED)}. Edit 'row' only."
        ) from error
    table, load_date, source_file, source_row, _, row_text, row = values
    if not isinstance(row, dict):
        raise PipelineError(f"{where}: 'row' is empty. Write the row's values by column, or take the line out.")
    return Correction(table, load_date, source_file, source_row, row_text, row)


def _table(deployment: Deployment, name: str) -> Table:
    tables = {table.name: table for table in deployment.tables()}
    if name not in tables:
        guess = difflib.get_close_matches(name, tables, n=1)
        hint = f"Did you mean '{guess[0]}'?" if guess else f"There are: {', '.join(tables)}."
        raise PipelineError(f"Deployment '{deployment.name}' has no table '{name}'. {hint}")
    return tables[name]
