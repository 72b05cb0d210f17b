"""Thirty nights of a bucket against the same nights of a folder: the same files of the landing, row for row."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.base.paths import Home
from orchestration.landing.landing import Landing
from tests.extracts_in_bucket import deliver, in_bucket
from tests.unit.connectors.buckets import s3_bucket
from tests.unit.landing.thirty_nights import DAYS, Landed

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("thirty nights")]


def test_thirty_nights_land_from_a_bucket_as_from_a_folder(by_files: Landed, tmp_path: Path) -> None:
    with s3_bucket() as bucket:
        for drop in sorted(by_files.extracts.iterdir()):
            if drop.is_dir() and drop.name != "truth":
                deliver(bucket, drop, "thirty")
        deployment = in_bucket(by_files.deployment, bucket, "thirty", by_files.deployment.systems)
        from_bucket = Landed(deployment, Home(tmp_path), tmp_path / "nothing")
        for one in (by_files, from_bucket):
            assert Landing(one.deployment, one.home, one.extracts).delivered_load_dates == DAYS
        for table in by_files.deployment.tables():
            of_files, of_bucket = by_files.nights(table.name), from_bucket.nights(table.name)
            for day in DAYS:
                assert of_bucket[day].equals(of_files[day])
                parts = [[part.name for part in one.parts(table.name, day)] for one in (by_files, from_bucket)]
                assert parts[0] == parts[1]
