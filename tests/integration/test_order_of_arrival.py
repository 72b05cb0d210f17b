"""Thirty nights that are pulled in any order, some of them twice, land and reach the doors as in their own order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from random import Random

import duckdb
import pyarrow.parquet as pq
import pytest

from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment
from orchestration.landing.landing import Landing
from orchestration.publication.publication import describe
from orchestration.warehouse.dbt import run_dbt
from tests.unit.landing.thirty_nights import DAYS, HISTORY, Landed

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("thirty nights")]


def pull(deployment: Deployment, home: Home, extracts: Path, load_dates: Sequence[date]) -> None:
    """Land these load dates of every table."""
    landing = Landing(deployment, home, extracts)
    for table in deployment.tables():
        units = landing.admit(table, sorted(load_dates))
        assert all(unit.has_landed for unit in units), "\n".join(unit.explain() for unit in units)


def doors(deployment: Deployment, home: Home) -> dict[str, dict[str, object]]:
    """Row count and checksum of every door, built over what has landed."""
    answer = run_dbt(deployment, home, ["--quiet", "run", "--select", "+int_*__unioned"])
    assert answer.success, answer.exception
    with duckdb.connect(home.work_db, read_only=True) as connection:
        names = connection.execute(
            "select table_name from duckdb_tables() where table_name like 'int_%__unioned'"
        ).fetchall()
        return {name: describe(connection, f"intermediate.{name}") for (name,) in names}


def landed(home: Home) -> dict[str, list[dict[str, object]]]:
    """The rows of every unit, landed and rejected."""
    units: dict[str, list[dict[str, object]]] = {}
    for folder in (home.landing, home.quarantine):
        for part in sorted(folder.rglob("*.parquet")):
            rows = units.setdefault(part.parent.relative_to(home.root).as_posix(), [])
            rows += pq.read_table(part).to_pylist()
    return units


def test_thirty_nights_pulled_in_any_order_end_as_in_their_own(by_files: Landed, tmp_path: Path) -> None:
    extracts, deployment = by_files.extracts, by_files.deployment
    in_order, shuffled = by_files.home, Home(tmp_path / "shuffled")
    for table in deployment.tables():
        by_files.nights(table.name)

    random = Random(2)
    nights = random.sample(DAYS, len(DAYS))
    pulls = [nights[place : place + 6] for place in range(0, len(nights), 6)]
    place_of = {night: place for place, pulled in enumerate(pulls) for night in pulled}
    assert place_of[DAYS[5]] < place_of[DAYS[3]]
    assert place_of[HISTORY] > 0
    for place, pulled in enumerate(pulls):
        # now and then a night that had landed comes once more
        again = random.sample(nights[: place * 6], min(place, 2))
        pull(deployment, shuffled, extracts, [*pulled, *again])
        if place in (0, 3):
            doors(deployment, shuffled)

    assert landed(shuffled) == landed(in_order)
    assert doors(deployment, shuffled) == doors(deployment, in_order)
