"""Thirty nights that are pulled in any order, some of them twice, land and reach the doors as in their own order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random

import duckdb
import pyarrow.parquet as pq
import pytest

from orchestration.demo.generate import generate
from orchestration.deployment import Deployment, load_deployment
from orchestration.home import Home
from orchestration.resources.dbt import run_dbt
from orchestration.resources.landing import Landing
from orchestration.resources.publication import describe
from tests.integration.conftest import HISTORY

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("order of arrival")]

NIGHTS = [HISTORY + timedelta(days=night) for night in range(31)]


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


def test_thirty_nights_pulled_in_any_order_end_as_in_their_own(tmp_path: Path) -> None:
    extracts, deployment = tmp_path / "extracts", load_deployment("demo")
    generate(extracts, customers=120, nights=30, seed=5, history_load_date=HISTORY)
    in_order, shuffled = Home(tmp_path / "in-order"), Home(tmp_path / "shuffled")
    pull(deployment, in_order, extracts, NIGHTS)

    random = Random(2)
    nights = random.sample(NIGHTS, len(NIGHTS))
    pulls = [nights[place : place + 6] for place in range(0, len(nights), 6)]
    place_of = {night: place for place, pulled in enumerate(pulls) for night in pulled}
    assert place_of[NIGHTS[5]] < place_of[NIGHTS[3]]
    assert place_of[HISTORY] > 0
    for place, pulled in enumerate(pulls):
        # now and then a night that had landed comes once more
        again = random.sample(nights[: place * 6], min(place, 2))
        pull(deployment, shuffled, extracts, [*pulled, *again])
        if place in (0, 3):
            doors(deployment, shuffled)

    assert landed(shuffled) == landed(in_order)
    assert doors(deployment, shuffled) == doors(deployment, in_order)
