"""Thirty nights of a bucket against the same nights of a folder: the same files of the landing, row for row."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from orchestration.deployment import load_deployment
from orchestration.home import Home
from orchestration.resources.landing import Landing
from tests.extracts_in_bucket import deliver, in_bucket
from tests.unit.connectors.buckets import s3_bucket
from tests.unit.resources.thirty_nights import DAYS, thirty_nights

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("s3")]


def test_thirty_nights_land_from_a_bucket_as_from_a_folder(tmp_path: Path) -> None:
    extracts, local = thirty_nights(tmp_path / "extracts"), load_deployment("demo")
    with s3_bucket() as bucket:
        for drop in sorted(extracts.iterdir()):
            if drop.is_dir() and drop.name != "truth":
                deliver(bucket, drop, "thirty")
        remote = in_bucket(local, bucket, "thirty")
        landings = [
            Landing(local, Home(tmp_path / "local"), extracts),
            Landing(remote, Home(tmp_path / "remote"), tmp_path / "nothing"),
        ]
        assert [landing.delivered_load_dates for landing in landings] == [DAYS, DAYS]
        for tables in zip(local.tables(), remote.tables(), strict=True):
            for landing, table in zip(landings, tables, strict=True):
                assert all(unit.has_landed for unit in landing.admit(table, DAYS))
            for day in DAYS:
                unit = Path(tables[0].system_name) / tables[0].table_name / f"load_date={day}"
                parts = [sorted((landing.home.landing / unit).glob("*.parquet")) for landing in landings]
                assert [part.name for part in parts[0]] == [part.name for part in parts[1]]
                assert all(
                    pq.read_table(one).equals(pq.read_table(other))
                    for one, other in zip(parts[0], parts[1], strict=True)
                )
