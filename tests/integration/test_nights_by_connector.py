"""Five load dates of a company whose systems are no files in a folder: the same star and marts as by files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.config.deployment import load_deployment
from tests.extracts_in_bucket import deliver, in_bucket
from tests.extracts_in_postgres import URL, load, pulled_from_postgres
from tests.extracts_in_service import SECRETS, SYSTEMS, extracts_in_service, pulled_from_service
from tests.integration.conftest import HISTORY, NIGHTS, Company, company, drop_of
from tests.postgres import Postgres
from tests.unit.connectors.buckets import BUCKET, SECRET, Bucket, s3_bucket

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("demo nights")]

IN_BUCKET, IN_DATABASE = ["crm"], ["shop"]


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    """A bucket that nothing was delivered into."""
    with s3_bucket() as made:
        yield made


@pytest.fixture
def night(
    demo_extracts: Path, bucket: Bucket, postgres_server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Company]:
    """The demo company without a run: the CRM fills a bucket, the shop is a database, the others are services."""
    files = load_deployment("demo")
    assert {*IN_BUCKET, *IN_DATABASE, *SYSTEMS} == set(files.systems)
    in_database = [table for table in files.tables() if table.system_name in IN_DATABASE]
    load(postgres_server, "whole_nights", in_database, demo_extracts)
    for name, value in {URL: postgres_server.url("whole_nights"), **SECRETS}.items():
        monkeypatch.setenv(name, value)
    night = company("demo", tmp_path, tmp_path / "nothing")
    with extracts_in_service(demo_extracts, HISTORY) as url:
        elsewhere = pulled_from_service(pulled_from_postgres(files, IN_DATABASE), url)
        night.deployment = in_bucket(elsewhere, bucket, "five", IN_BUCKET)
        yield night


def test_a_bucket_a_database_and_services_publish_what_the_same_load_dates_by_files_do(
    night: Company, bucket: Bucket, demo_night: Company, demo_extracts: Path
) -> None:
    """One file of the bucket is late, the last run pulls a load date again, and no secret is left anywhere."""
    deliver(bucket, demo_extracts / drop_of(HISTORY), "five")
    assert list(night.succeed(first=HISTORY, last=HISTORY).load_dates) == [HISTORY]

    for day in NIGHTS[:2]:
        deliver(bucket, demo_extracts / drop_of(day), "five")
    late = drop_of(NIGHTS[1])
    marker = f"five/{late}/crm/cases.csv.done"
    bucket.client.delete_object(Bucket=BUCKET, Key=marker)
    [problem] = night.run(first=NIGHTS[0], last=NIGHTS[1]).problems
    assert f"system 'crm', table 'cases': the file '{late}/crm/cases.csv' is still being written" in problem
    assert not (night.home.landing / "crm" / "cases" / f"load_date={late}").exists()
    bucket.put(marker, b"")
    assert list(night.succeed(first=NIGHTS[0], last=NIGHTS[1]).load_dates) == NIGHTS[:2]

    for day in NIGHTS[2:]:
        deliver(bucket, demo_extracts / drop_of(day), "five")
    assert list(night.succeed(first=NIGHTS[1], last=NIGHTS[-1]).load_dates) == NIGHTS[1:]
    assert night.figures() == demo_night.figures()
    left = [path for path in night.home.root.rglob("*") if path.is_file()]
    assert left
    secrets = [value.encode() for value in (*SECRETS.values(), os.environ[SECRET], os.environ[URL])]
    assert not [path for path in left if any(secret in path.read_bytes() for secret in secrets)]
