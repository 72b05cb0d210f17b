"""Thirty nights pulled in any order, some of them twice, give the landing and the doors of the normal order."""

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
from orchestration.publication.versions import describe
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
    """Build the doors from the landing; return row count and checksum of each."""
    answer = run_dbt(deployment, home, ["--quiet", "run", "--select", "+int_*__unioned"])
    assert answer.success, answer.exception
    with duckdb.connect(home.work_db, read_only=True) as connection:
        names = connection.execute(
            "select table_name from duckdb_tables() where table_name like 'int_%__unioned'"
        ).fetchall()
        return {name: describe(connection, f"intermediate.{name}") for (name,) in names}


def landed(home: Home) -> dict[str, list[dict[str, object]]]:
    """The landed and rejected rows of every unit."""
    units: dict[str, list[dict[str, object]]] = {}
    for folder in (home.landing, home.quarantine):
        for part in sorted(folder.rglob("*.parquet")):
            rows = units.setdefault(part.parent.relative_to(home.root).as_posix(), [])
            rows += pq.read_table(part).to_pylist()
    return units


def test_thirty_nights_in_any_order_give_the_same_landing_and_doors(by_files: Landed, tmp_path: Path) -> None:
    extracts, deployment = by_files.extracts, by_files.deployment
    in_order, shuffled = by_files.home, Home(tmp_path / "shuffled")
    for table in deployment.tables():
        by_files.nights(table.name)

    random = Random(2)
    nights = random.sample(DAYS, len(DAYS))
    pulls = [nights[start : start + 6] for start in range(0, len(nights), 6)]
    pull_of = {night: number for number, pulled in enumerate(pulls) for night in pulled}
    assert pull_of[DAYS[5]] < pull_of[DAYS[3]]
    assert pull_of[HISTORY] > 0
    for number, pulled in enumerate(pulls):
        # from the second pull on, one or two landed nights are pulled again
        again = random.sample(nights[: number * 6], min(number, 2))
        pull(deployment, shuffled, extracts, [*pulled, *again])
        if number in (0, 3):
            doors(deployment, shuffled)

    assert landed(shuffled) == landed(in_order)
    assert doors(deployment, shuffled) == doors(deployment, in_order)
