"""Nights whose every system delivers into a bucket: what lands and what is published is what a folder gives."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from orchestration.demo.generate import generate
from orchestration.deployment import Deployment, load_deployment
from orchestration.home import Home
from orchestration.resources.landing import Landing
from orchestration.system_settings import Files
from tests.integration.conftest import HISTORY, company
from tests.integration.test_nights import figures
from tests.unit.connectors.buckets import BUCKET, Bucket, s3_bucket

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("bucket nights")]

NIGHTS = 30


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with s3_bucket() as made:
        yield made


def in_bucket(deployment: Deployment, bucket: Bucket, folder: str) -> Deployment:
    """The deployment with all of its systems' files in a folder of the bucket, each marked as done."""
    systems = {}
    for name, system in deployment.systems.items():
        said = system.files.model_dump(exclude_unset=True) if system.files else {}
        place = {"url": f"s3://{BUCKET}/{folder}", "storage_options": bucket.storage_options}
        files = Files(**said, **place, done_marker="{file}.done", wait_seconds=0)
        systems[name] = system.model_copy(update={"files": files})
    return deployment.model_copy(update={"systems": systems})


def deliver(bucket: Bucket, drop: Path, folder: str) -> None:
    """Every file of a drop, and its marker after it."""
    for path in sorted(drop.rglob("*")):
        if path.is_file():
            key = f"{folder}/{drop.name}/{path.relative_to(drop).as_posix()}"
            bucket.put(key, path.read_bytes())
            bucket.put(f"{key}.done", b"")


def test_thirty_nights_land_from_a_bucket_as_from_a_folder(bucket: Bucket, tmp_path: Path) -> None:
    extracts = tmp_path / "extracts"
    generate(extracts, customers=300, nights=NIGHTS, seed=11, history_load_date=HISTORY)
    for drop in sorted(extracts.iterdir()):
        if drop.is_dir() and drop.name != "truth":
            deliver(bucket, drop, "thirty")
    local = load_deployment("demo")
    remote = in_bucket(local, bucket, "thirty")
    days = [HISTORY + timedelta(days=night) for night in range(NIGHTS + 1)]
    landings = [
        Landing(local, Home(tmp_path / "local"), extracts),
        Landing(remote, Home(tmp_path / "remote"), tmp_path / "nothing"),
    ]
    assert [landing.delivered_load_dates for landing in landings] == [days, days]
    for tables in zip(local.tables(), remote.tables(), strict=True):
        for landing, table in zip(landings, tables, strict=True):
            assert all(unit.has_landed for unit in landing.admit(table, days))
        for day in days:
            unit = Path(tables[0].system_name) / tables[0].table_name / f"load_date={day}"
            parts = [sorted((landing.home.landing / unit).glob("*.parquet")) for landing in landings]
            assert [part.name for part in parts[0]] == [part.name for part in parts[1]]
            assert all(
                pq.read_table(one).equals(pq.read_table(other)) for one, other in zip(parts[0], parts[1], strict=True)
            )


def test_five_nights_from_a_bucket_publish_what_a_folder_does(bucket: Bucket, tmp_path: Path) -> None:
    extracts = tmp_path / "made"
    generate(extracts, customers=300, nights=4, seed=11, history_load_date=HISTORY)
    drops = ["history", *((HISTORY + timedelta(days=night)).isoformat() for night in range(1, 5))]
    local = company("demo", tmp_path / "local", tmp_path / "delivered")
    for drop in drops:
        shutil.copytree(extracts / drop, local.extracts / drop)
    local.succeed()

    remote = company("demo", tmp_path / "remote", tmp_path / "nothing")
    remote.deployment = in_bucket(remote.deployment, bucket, "five")
    for drop in drops:
        deliver(bucket, extracts / drop, "five")
        if drop == drops[2]:
            marker = f"five/{drop}/crm/cases.csv.done"
            bucket.client.delete_object(Bucket=BUCKET, Key=marker)
            [problem] = remote.run().problems
            assert f"system 'crm', table 'cases': the file '{drop}/crm/cases.csv' is still being written" in problem
            assert not (remote.home.landing / "crm" / "cases" / f"load_date={drop}").exists()
            bucket.put(marker, b"")
        remote.succeed()
    assert figures(remote) == figures(local)

    replayed = HISTORY + timedelta(days=2)
    remote.succeed(first=replayed, last=replayed)
    assert figures(remote) == figures(local)
    assert remote.succeed().run_id is None
