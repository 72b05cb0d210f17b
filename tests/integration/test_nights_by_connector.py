"""Five whole nights of a company whose systems are no files in a folder: the same star and marts as by files."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.deployment import load_deployment
from tests.extracts_in_bucket import deliver, in_bucket
from tests.extracts_in_postgres import URL, load, pulled_from_postgres
from tests.extracts_in_service import SECRETS, SYSTEMS, extracts_in_service, pulled_from_service
from tests.integration.conftest import HISTORY, NIGHTS, Company, company, drop_of
from tests.postgres import Postgres
from tests.unit.connectors.buckets import BUCKET, s3_bucket

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("demo nights")]

DATABASES = ["crm", "shop"]


def test_five_nights_of_databases_and_web_services_publish_what_the_same_nights_by_files_do(
    demo_night: Company, demo_extracts: Path, postgres_server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The CRM and the shop are databases, the other two systems are services; no secret of theirs is left anywhere."""
    files = load_deployment("demo")
    assert {*DATABASES, *SYSTEMS} == set(files.systems)
    load(
        postgres_server,
        "whole_nights",
        [table for table in files.tables() if table.system_name in DATABASES],
        demo_extracts,
    )
    monkeypatch.setenv(URL, postgres_server.url("whole_nights"))
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    night = company("demo", tmp_path, tmp_path / "nothing")
    with extracts_in_service(demo_extracts, HISTORY) as url:
        night.deployment = pulled_from_service(pulled_from_postgres(files, DATABASES), url)
        for day in (HISTORY, *NIGHTS):
            assert list(night.succeed(first=day, last=day).load_dates) == [day]
    assert night.figures() == demo_night.figures()
    left = [path for path in night.home.root.rglob("*") if path.is_file()]
    assert left
    secrets = [value.encode() for value in (*SECRETS.values(), postgres_server.url("whole_nights"))]
    assert not [path for path in left if any(secret in path.read_bytes() for secret in secrets)]


def test_five_nights_from_a_bucket_publish_what_a_folder_does(
    demo_night: Company, demo_extracts: Path, tmp_path: Path
) -> None:
    """Every system delivers into the bucket; one file is late, and the last night pulls the one before it again."""
    night = company("demo", tmp_path, tmp_path / "nothing")
    with s3_bucket() as bucket:
        night.deployment = in_bucket(night.deployment, bucket, "five")
        for day in (HISTORY, *NIGHTS):
            drop = drop_of(day)
            deliver(bucket, demo_extracts / drop, "five")
            if day == NIGHTS[1]:
                marker = f"five/{drop}/crm/cases.csv.done"
                bucket.client.delete_object(Bucket=BUCKET, Key=marker)
                [problem] = night.run().problems
                assert f"system 'crm', table 'cases': the file '{drop}/crm/cases.csv' is still being written" in problem
                assert not (night.home.landing / "crm" / "cases" / f"load_date={drop}").exists()
                bucket.put(marker, b"")
            if day == NIGHTS[-1]:
                assert list(night.succeed(first=NIGHTS[-2], last=day).load_dates) == NIGHTS[-2:]
            else:
                assert list(night.succeed().load_dates) == [day]
        assert night.figures() == demo_night.figures()
        assert night.succeed().run_id is None
