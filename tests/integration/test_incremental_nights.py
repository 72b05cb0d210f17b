"""Nights that rewrite the past: what an incremental night keeps is what a full refresh would build."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.integration.conftest import HISTORY, Company, company
from tests.integration.test_nights import NIGHTS, figures

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("demo nights")]


@pytest.fixture(scope="module")
def night(demo_extracts: Path, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The demo company after its history and a first night."""
    root = tmp_path_factory.mktemp("incremental")
    made = company("demo", root, root / "delivered")
    shutil.copytree(demo_extracts / "history", made.extracts / "history")
    made.succeed()
    shutil.copytree(demo_extracts / NIGHTS[0].isoformat(), made.extracts / NIGHTS[0].isoformat())
    made.succeed()
    return made


def rewrite_the_past(extracts: Path, drop: Path) -> None:
    """Let a night bring a late change of a customer, an address that makes two customers one, a late cancellation."""
    known = pd.read_csv(extracts / "history" / "crm" / "customers.csv", dtype="str")
    late, first, second = (known.drop_duplicates("customer_id").iloc[place] for place in (3, 5, 8))
    customers = pd.read_csv(drop / "crm" / "customers.csv", dtype="str")
    other = "premium" if late["segment"] != "premium" else "consumer"
    day_after = (pd.Timestamp(late["registered_at"]) + pd.Timedelta(days=1)).isoformat()
    changes = pd.DataFrame(
        [
            late | {"segment": other, "updated_at": day_after},
            second | {"email": first["email"], "updated_at": f"{NIGHTS[1]}T10:00:00+01:00"},
        ]
    )
    pd.concat([customers, changes]).to_csv(drop / "crm" / "customers.csv", index=False, quoting=1)
    orders = pq.read_table(drop / "shop" / "orders.parquet")
    [placed] = pq.read_table(extracts / "history" / "shop" / "orders.parquet").slice(20, 1).to_pylist()
    canceled = placed | {"status": "canceled", "updated_at": orders["updated_at"][0].as_py()}
    pq.write_table(
        pa.concat_tables([orders, pa.Table.from_pylist([canceled], schema=orders.schema)]),
        drop / "shop" / "orders.parquet",
    )


def share_of_people_touched(night: Company) -> float:
    with duckdb.connect(night.home.work_db, read_only=True) as connection:
        [(share,)] = connection.execute(
            "select avg(cast(is_touched as integer)) from star.customer_identities__touched"
        ).fetchall()
    return float(share)


def test_late_changes_and_a_merge_end_where_a_full_refresh_does(demo_extracts: Path, night: Company) -> None:
    drop = night.extracts / NIGHTS[1].isoformat()
    shutil.copytree(demo_extracts / drop.name, drop)
    rewrite_the_past(night.extracts, drop)
    merged = night.query("select count(*) from star.map_customer_merges")
    night.succeed()
    assert night.query("select count(*) from star.map_customer_merges") > merged
    assert 0 < share_of_people_touched(night) < 0.5
    incremental = figures(night)
    night.succeed(full_refresh=True)
    assert share_of_people_touched(night) == 1
    assert figures(night) == incremental


def test_a_day_that_lost_rows_when_it_was_pulled_again_ends_where_a_full_refresh_does(night: Company) -> None:
    events = night.extracts / NIGHTS[0].isoformat() / "tracking" / "events.jsonl"
    lines = events.read_text(encoding="utf-8").splitlines(keepends=True)
    events.write_text("".join(lines[: len(lines) * 4 // 5]), encoding="utf-8")
    before = night.query("select count(*) from star.fct_interactions")
    night.succeed(first=NIGHTS[0], last=NIGHTS[0])
    assert night.query("select count(*) from star.fct_interactions") < before
    assert 0 < share_of_people_touched(night) < 0.5
    incremental = figures(night)
    night.succeed(full_refresh=True)
    assert figures(night) == incremental


def test_a_month_that_has_ended_is_closed_for_everybody(demo_extracts: Path, night: Company) -> None:
    """The history ends with a year: the first night opens January, the last one goes on with it."""
    drop = night.extracts / NIGHTS[2].isoformat()
    shutil.copytree(demo_extracts / drop.name, drop)
    night.succeed()
    assert NIGHTS[2].month != HISTORY.month
    incremental = figures(night)
    night.succeed(full_refresh=True)
    assert figures(night) == incremental
