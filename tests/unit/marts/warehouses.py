"""Small built and published warehouses for the tests of gate 2."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb

from expectations.suite import MartSuite
from orchestration.assets.marts_gate import marts_gate
from orchestration.base.paths import Home
from orchestration.config.deployment import load_deployment
from orchestration.config.settings import Movement, Presence
from orchestration.gates.judge import Finding
from orchestration.gates.mart_verdicts import judge
from orchestration.publication.publication import Publication
from orchestration.publication.versions import Version
from orchestration.runs.resource import RunLock
from orchestration.warehouse.warehouse import Warehouse

PUBLISHED_AS_OF, AS_OF = date(2026, 2, 11), date(2026, 2, 12)
DEMO = load_deployment("demo").model_copy(update={"presence": Presence()})


@dataclass(frozen=True)
class Warehouses:
    """A published version and a built warehouse."""

    home: Home

    def publish(self, *tables: str) -> None:
        """Publish a version with tables like ``marts.mart_x as select ...``."""
        version = self.home.published / "versions" / "first"
        version.mkdir(parents=True)
        _write(version / "cx360.duckdb", PUBLISHED_AS_OF, tables)
        manifest = {
            "version": version.name,
            "number": 1,
            "as_of_date": PUBLISHED_AS_OF.isoformat(),
            "load_dates": [],
            "taken_load_dates": [],
            "tables": {},
        }
        (version / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        (self.home.published / "current").symlink_to(version)

    def build(self, *tables: str) -> None:
        """Build the star and marts of a night."""
        self.home.star_db.parent.mkdir(parents=True)
        _write(self.home.star_db, AS_OF, tables)

    @property
    def published(self) -> Version | None:
        return Publication(self.home).version()

    def found(
        self,
        suite: MartSuite,
        movement: Movement | None = None,
        presence: Presence | None = None,
        systems: Collection[str] = tuple(DEMO.systems),
    ) -> list[Finding]:
        """The findings of gate 2 for one mart, with these systems of the demo."""
        deployment = DEMO.model_copy(
            update={
                "movement": movement or DEMO.movement,
                "presence": presence or DEMO.presence,
                "systems": {name: DEMO.systems[name] for name in systems},
            }
        )
        with Warehouse(self.home, "1GB").connect() as connection:
            return list(judge(connection, [suite], deployment, self.published)[suite.mart].findings)


def _write(file: Path, as_of_date: date, tables: Collection[str]) -> None:
    with duckdb.connect(file) as connection:
        connection.execute(f"""
            create schema star;
            create schema marts;
            create schema quality;
            create table star.dim_dates as select date '{as_of_date}' as date_day, true as is_as_of;
        """)
        for table in tables:
            connection.execute(f"create table {table}")


def executed(warehouses: Warehouses, suites: Collection[MartSuite]) -> dg.ExecuteInProcessResult:
    """Run the check in a Dagster job."""
    home = warehouses.home
    definitions = dg.Definitions(
        assets=[dg.AssetSpec(["marts", suite.mart]) for suite in suites],
        asset_checks=[marts_gate(DEMO, suites)],
        jobs=[dg.define_asset_job("gate", selection=dg.AssetSelection.all_asset_checks())],
        resources={
            "warehouse": Warehouse(home, "1GB"),
            "publication": Publication(home),
            "run_lock": RunLock(home_root=str(home.root), timeout_minutes=1, is_held=True),
        },
    )
    return definitions.resolve_job_def("gate").execute_in_process(raise_on_error=False)
