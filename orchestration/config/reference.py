"""The reference data of a deployment: its own files, those of the deployment it extends, those of ready systems.

What none of them says has a default in ``seeds/defaults/``. Keep out reference data that all companies share
(``seeds/reference/``).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from orchestration.base.errors import PipelineError
from orchestration.base.paths import PROJECT
from orchestration.config.deployment import Deployment
from orchestration.config.deployment_file import shown
from orchestration.config.ready_systems import SYSTEMS

DEFAULTS = PROJECT / "seeds" / "defaults"
SHARED = PROJECT / "seeds" / "reference"
FOLDER = "reference"
WITHOUT_CODES = {"external_ids", "identity_overrides", "journey_maps", "questions"}
"""Files whose first column is not the code of a row: every row is taken."""


@dataclass(frozen=True)
class Reference:
    """One file of reference data: its columns, and its rows by the first column, or whole where rows have no code."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def reference_names() -> list[str]:
    """Return the names of the files that a deployment may have."""
    return sorted(path.stem for path in DEFAULTS.glob("*.csv"))


def reference(deployment: Deployment, name: str) -> Reference:
    """Return the rows of a file: of several for one code, the deployment's own is taken.

    Raises:
        PipelineError: a file has other columns than the default one.
    """
    default = _read(DEFAULTS / f"{name}.csv")
    own = [path for folder in deployment.folders if (path := folder / FOLDER / f"{name}.csv").is_file()]
    files = [_read(path, default.columns) for path in own] or [default]
    files += [_read(path, default.columns) for path in _of_ready_systems(deployment, name)]
    has_code = name not in WITHOUT_CODES
    rows: dict[object, tuple[str, ...]] = {}
    for file in files:
        for row in file.rows:
            rows.setdefault(row[0] if has_code else row, row)
    return Reference(default.columns, tuple(rows.values()))


def codes(deployment: Deployment, column: str) -> frozenset[str]:
    """Return the codes that a door's column may have; none for a column without codes."""
    known: Iterable[str] = ()
    match column:
        case "order_status":
            known = _column(reference(deployment, "order_statuses"), "order_status")
        case "touchpoint":
            known = _column(reference(deployment, "touchpoints"), "touchpoint")
        case "channel":
            known = _column(_read(SHARED / "channels.csv"), "channel")
        case "metric":
            known = _column(_read(SHARED / "score_metrics.csv"), "asked_metric")
        case "survey_type":
            known = ("relational", "transactional")
        case "acquired_by":
            known = ("referral", "campaign", "unknown")
        case "order_system" | "case_system":
            known = deployment.systems
        case "currency":
            known = (deployment.currency,)
    return frozenset(known)


def code_map(deployment: Deployment, name: str) -> dict[str, str]:
    """Return our code by the delivered one, as a file of ``reference/`` with these two columns has it.

    Raises:
        PipelineError: the file does not exist or has other columns.
    """
    for folder in deployment.folders:
        path = folder / FOLDER / name
        if path.is_file():
            return {row[0]: row[1] for row in _read(path, ("delivered", "code")).rows}
    raise PipelineError(f"{shown(deployment.folders[0] / FOLDER / name)}: the code map does not exist.")


def _of_ready_systems(deployment: Deployment, name: str) -> Iterator[Path]:
    used = dict.fromkeys(system.use for system in deployment.systems.values() if system.use)
    return (path for system in used if (path := SYSTEMS / system / f"{name}.csv").is_file())


def _column(file: Reference, name: str) -> list[str]:
    place = file.columns.index(name)
    return [row[place] for row in file.rows]


def _read(path: Path, columns: tuple[str, ...] | None = None) -> Reference:
    return _parsed(path, path.stat().st_mtime_ns, columns)


@cache
def _parsed(path: Path, _changed: int, columns: tuple[str, ...] | None) -> Reference:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header, *rows = [tuple(cell.strip() for cell in row) for row in csv.reader(stream) if any(row)] or [()]
    if columns is not None and header != columns:
        raise PipelineError(f"{shown(path)} has the columns {','.join(header)}, not {','.join(columns)}.")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise PipelineError(f"{shown(path)}, line {number}: it has {len(row)} values for {len(header)} columns.")
    return Reference(header, tuple(rows))
