"""Where a deployment's data lies. Every path that the pipeline writes to is named here, and nowhere else."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
"""The checkout: where ``deployments/``, ``dbt_project/`` and ``seeds/`` lie."""


@dataclass(frozen=True)
class Home:
    """The folder of one deployment: ``data/<deployment>``, or below ``CX360_HOME`` where that is set."""

    root: Path

    @classmethod
    def of(cls, deployment: str) -> Home:
        """The home of the deployment of this name, below the environment's ``CX360_HOME`` where that is set."""
        parent = Path(os.environ.get("CX360_HOME") or PROJECT / "data")
        return cls(parent.resolve() / deployment)

    @property
    def extracts(self) -> Path:
        """Where extracts are looked for when the run names no other folder."""
        return self.root / "extracts"

    @property
    def landing(self) -> Path:
        """Accepted rows, as delivered: ``<system>/<table>/load_date=<day>/``."""
        return self.root / "landing"

    @property
    def quarantine(self) -> Path:
        """Rejected rows with their reasons, in the landing's folders."""
        return self.root / "quarantine"

    @property
    def held(self) -> Path:
        """Units that were taken out of the landing and the quarantine, because a withdrawn version holds them."""
        return self.root / "held"

    @property
    def work_db(self) -> Path:
        """The pipeline's own warehouse: staging, intermediate, identity, personal data."""
        return self.root / "warehouse" / "work.duckdb"

    @property
    def star_db(self) -> Path:
        """The next version while it is built: star, marts, quality. Publishing moves it."""
        return self.root / "warehouse" / "cx360.duckdb"

    @property
    def dbt(self) -> Path:
        """dbt's target and logs."""
        return self.root / "dbt"

    @property
    def manifest(self) -> Path:
        """dbt's manifest, prepared once per change of the project."""
        return self.dbt / "target" / "manifest.json"

    @property
    def dagster(self) -> Path:
        """The Dagster instance: runs, events, schedules."""
        return self.root / "dagster"

    @property
    def state(self) -> Path:
        """What cannot be derived from landing: the history of runs, withdrawn versions, the lock."""
        return self.root / "state"

    @property
    def docs(self) -> Path:
        """The documentation of every table and check, as pages."""
        return self.root / "docs"

    @property
    def published(self) -> Path:
        """What readers open: ``versions/<id>/`` and the pointer ``current``."""
        return self.root / "published"


def sql_text(value: object) -> str:
    """A path as SQL writes it, whatever letters it has."""
    return "'" + str(value).replace("'", "''") + "'"
