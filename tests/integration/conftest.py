"""Published nights for the integration tests: real extracts, real dbt, real Dagster runs, in homes of their own."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from demo.generate import generate
from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment, load_deployment
from orchestration.run import Outcome, run_night
from tests.integration.olist.folders import olist_folder

HISTORY = date(2025, 12, 31)
NIGHTS = [HISTORY + timedelta(days=night) for night in range(1, 5)]


@dataclass
class Company:
    """A deployment in a home of its own, and the runs it has had."""

    deployment: Deployment
    home: Home
    extracts: Path
    outcomes: list[Outcome] = field(default_factory=list)

    def run(self, first: date | None = None, last: date | None = None, *, full_refresh: bool = False) -> Outcome:
        """Run the night in this home; problems are in the outcome."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CX360_HOME", str(self.home.root.parent))
            patch.setenv("DAGSTER_HOME", str(self.home.dagster))
            outcome = run_night(
                self.deployment, extracts=self.extracts, first=first, last=last, full_refresh=full_refresh
            )
        self.outcomes.append(outcome)
        return outcome

    def succeed(self, first: date | None = None, last: date | None = None, *, full_refresh: bool = False) -> Outcome:
        """Run the night, which must succeed."""
        outcome = self.run(first, last, full_refresh=full_refresh)
        assert not outcome.problems, "\n".join(outcome.problems)
        return outcome

    def deliver(self, sound: Path, *load_dates: date) -> None:
        """Copy the drops of these load dates from ``sound`` to the extracts."""
        for load_date in load_dates:
            drop = drop_of(load_date)
            shutil.copytree(sound / drop, self.extracts / drop, dirs_exist_ok=True)

    def copied(self, root: Path) -> Company:
        """A copy of the company and its runs in another home, for further deliveries."""
        other = Company(self.deployment, Home(root / self.home.root.name), root / "delivered", list(self.outcomes))
        shutil.copytree(self.home.root, other.home.root, symlinks=True)
        shutil.copytree(self.extracts, other.extracts)
        return other

    @property
    def published(self) -> Path:
        """The published file; resolved, because DuckDB identifies an open file by its path."""
        return (self.home.published / "current").resolve() / "cx360.duckdb"

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Query the published file."""
        with duckdb.connect(self.published, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def manifest(self) -> dict[str, Any]:
        """The manifest of the published version."""
        manifest: dict[str, Any] = json.loads((self.published.parent / "manifest.json").read_text(encoding="utf-8"))
        return manifest

    def figures(self) -> dict[str, tuple[int, str]]:
        """Row count and checksum of every published table that depends on the landing alone."""
        manifest = self.manifest()
        return {
            name: (table["row_count"], table["checksum"])
            for name, table in manifest["tables"].items()
            if name not in manifest["history"]
        }


def drop_of(load_date: date) -> str:
    """The folder with the deliveries of a load date."""
    return "history" if load_date == HISTORY else load_date.isoformat()


def company(name: str, root: Path, extracts: Path) -> Company:
    """A company of the deployment ``name`` without a run."""
    deployment = load_deployment(name)
    return Company(deployment, Home(root / deployment.name), extracts)


@pytest.fixture(scope="session", params=["sample", "synthetic"])
def olist_night(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """A published night of the Olist folders."""
    night = company("olist", tmp_path_factory.mktemp(f"olist-{request.param}"), olist_folder(request.param))
    night.succeed()
    return night


@pytest.fixture(scope="session")
def demo_extracts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small demo company: its history and four nights."""
    folder = tmp_path_factory.mktemp("demo") / "extracts"
    generate(folder, customers=300, nights=len(NIGHTS), seed=11, history_load_date=HISTORY)
    return folder


@pytest.fixture(scope="session")
def history_night(demo_extracts: Path, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The demo company after its history; for tests that continue in a copy."""
    root = tmp_path_factory.mktemp("history-night")
    night = company("demo", root, root / "delivered")
    night.deliver(demo_extracts, HISTORY)
    night.succeed()
    return night


@pytest.fixture(scope="session")
def demo_night(demo_extracts: Path, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The demo company after one run over its history and all nights; for tests that only read."""
    night = company("demo", tmp_path_factory.mktemp("demo-night"), demo_extracts)
    night.succeed()
    return night
