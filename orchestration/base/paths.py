"""The paths of a deployment's data: every path that the pipeline writes to."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
"""The checkout, with ``deployments/``, ``systems/``, ``dbt_project/`` and ``seeds/``."""
DBT_PROJECT = PROJECT / "dbt_project"


@dataclass(frozen=True)
class Home:
    """The data folder of one deployment: ``data/<deployment>``, or ``$CX360_HOME/<deployment>``."""

    root: Path

    @classmethod
    def of(cls, deployment: str) -> Home:
        """Return the home of a deployment."""
        parent = Path(os.environ.get("CX360_HOME") or PROJECT / "data")
        return cls(parent.resolve() / deployment)

    @property
    def extracts(self) -> Path:
        """The default folder of extracts."""
        return self.root / "extracts"

    @property
    def landing(self) -> Path:
        """Accepted rows as delivered: ``<system>/<table>/load_date=<day>/``."""
        return self.root / "landing"

    @property
    def quarantine(self) -> Path:
        """Rejected rows with their reasons, in the same folders as the landing."""
        return self.root / "quarantine"

    @property
    def held(self) -> Path:
        """Units of withdrawn versions, moved out of landing and quarantine."""
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
        """What cannot be derived from the landing: history of runs, withdrawn versions, the lock."""
        return self.root / "state"

    @property
    def docs(self) -> Path:
        """The documentation site of tables and checks."""
        return self.root / "docs"

    @property
    def published(self) -> Path:
        """Published versions, ``versions/<id>/``, and the pointer ``current``."""
        return self.root / "published"


def sql_text(value: object) -> str:
    """Return a path as a quoted SQL string."""
    return "'" + str(value).replace("'", "''") + "'"
