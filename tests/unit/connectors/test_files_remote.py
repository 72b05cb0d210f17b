"""Files behind a URL: found and read as local ones are; what goes wrong is said without a secret."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import moto.settings
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from pydantic import ValidationError

from orchestration.config.deployment import Table
from orchestration.config.files import Files
from orchestration.connectors.batch import SourceError
from orchestration.connectors.sources import available_load_dates, fingerprint, pull
from tests.unit.connectors.buckets import BUCKET, KEY, SECRET, Bucket, client_of, s3_bucket
from tests.unit.connectors.deliveries import table_of

pytestmark = pytest.mark.xdist_group("s3")

MONDAY, TUESDAY = dt.date(2026, 1, 5), dt.date(2026, 1, 6)
NOWHERE = Path("/nowhere")
DAILY = "{load_date}/crm/{table}.csv"


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with s3_bucket() as made:
        yield made


def table_in(bucket: Bucket, *, url: str = f"s3://{BUCKET}", endpoint: str | None = None, **settings: Any) -> Table:
    """The CRM's customers, in the bucket."""
    options = bucket.storage_options
    options["client_kwargs"]["endpoint_url"] = endpoint or bucket.endpoint
    options["config_kwargs"] = {"retries": {"max_attempts": 1, "mode": "standard"}}
    return table_of(Files(**{"format": "csv", "url": url, "storage_options": options, "daily": DAILY, **settings}))


def problem(table: Table, load_date: dt.date = MONDAY) -> str:
    """The message with which the night stops; it holds no secret."""
    with pytest.raises(SourceError) as error:
        list(pull(table, load_date, NOWHERE))
    message = str(error.value)
    assert message.startswith("Deployment 'demo', system 'crm', table 'customers'")
    assert os.environ.get(SECRET, "hush-hush") not in message
    return message


def rows(table: Table, load_date: dt.date = MONDAY) -> list[dict[str, Any]]:
    return [row for batch in pull(table, load_date, NOWHERE) for row in batch.rows.to_pylist()]


def test_a_file_in_a_bucket_is_found_and_read_by_its_name_below_the_url(bucket: Bucket) -> None:
    bucket.put("here/2026-01-05/crm/customers.csv", b"id\n1\n")
    bucket.put("here/2026-01-06/crm/other.csv", b"id\n2\n")
    table = table_in(bucket, url=f"s3://{BUCKET}/here")
    assert rows(table) == [{"id": "1", "_source_file": "2026-01-05/crm/customers.csv", "_source_row": 2}]
    assert available_load_dates(table.deployment, NOWHERE) == [MONDAY]


def test_every_format_is_read_from_a_bucket(bucket: Bucket) -> None:
    parquet = io.BytesIO()
    pq.write_table(pa.table({"id": ["1"]}), parquet)
    packed = pa.compress(b'{"id": 1}\n', "zstd", asbytes=True)
    drops = {
        ("csv", "all/customers.csv.gz"): gzip.compress(b"id\n1\n"),
        ("jsonl", "all/customers.jsonl.zst"): packed,
        ("parquet", "all/customers.parquet"): parquet.getvalue(),
    }
    for (kind, name), content in drops.items():
        bucket.put(name, content)
        table = table_in(bucket, format=kind, daily=None, history=name)
        assert [row["id"] for row in rows(table, dt.date(2025, 12, 31))] == ["1"]


def test_any_file_system_of_fsspec_is_supported() -> None:
    files = fsspec.filesystem("memory")
    files.pipe("/cx360-drops/customers_2.csv", b"id\n2\n")
    files.pipe("/cx360-drops/customers_1.csv", b"id\n1\n")
    table = table_of(Files(format="csv", url="memory://cx360-drops", history="{table}_*.csv"))
    assert [row["id"] for row in rows(table, dt.date(2025, 12, 31))] == ["1", "2"]


def test_a_folder_may_be_named_by_its_url(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_bytes(b"id\n1\n")
    (tmp_path / "secret.csv").symlink_to("/etc/hostname")
    settings: dict[str, Any] = {"format": "csv", "url": f"file://{tmp_path}"}
    assert [row["id"] for row in rows(table_of(Files(**settings, history="customers.csv")), dt.date(2025, 12, 31))]
    message = problem(table_of(Files(**settings, history="secret.csv")), dt.date(2025, 12, 31))
    assert "is a link that leads out of the folder" in message


def test_what_changed_in_a_bucket_has_another_fingerprint(bucket: Bucket) -> None:
    table = table_in(bucket)
    bucket.put("2026-01-05/crm/customers.csv", b"id\n1\n")
    first = fingerprint(table, MONDAY, NOWHERE)
    bucket.put("2026-01-05/crm/customers.csv", b"id\n2\n")
    changed = fingerprint(table, MONDAY, NOWHERE)
    bucket.put("2026-01-05/crm/customers.csv", b"id\n1\n")
    assert (first == changed, first == fingerprint(table, MONDAY, NOWHERE)) == (False, True)


def test_a_missing_file_is_named_with_similar_names(bucket: Bucket) -> None:
    bucket.put("near/2026-01-05/crm/customer.csv", b"id\n1\n")
    message = problem(table_in(bucket, url=f"s3://{BUCKET}/near"))
    assert f"no file '2026-01-05/crm/customers.csv' in 's3://{BUCKET}/near'" in message
    assert ": '2026-01-05/crm/customer.csv'." in message


def test_a_bucket_that_is_not_there_is_said(bucket: Bucket) -> None:
    message = problem(table_in(bucket, url="s3://nobodys"))
    assert "s3://nobodys does not exist" in message
    assert "Check the bucket" in message


def test_an_endpoint_that_is_down_is_said(bucket: Bucket) -> None:
    message = problem(table_in(bucket, endpoint="http://127.0.0.1:1"))
    assert f"s3://{BUCKET} cannot be reached" in message
    assert "Check the address and the network, and run again" in message


def test_an_untrusted_certificate_is_reported(bucket: Bucket) -> None:
    message = problem(table_in(bucket, endpoint=bucket.endpoint.replace("http:", "https:")))
    assert f"the certificate of s3://{BUCKET} is not trusted" in message


def test_wrong_credentials_and_refused_access_are_said_without_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    with s3_bucket() as guarded:
        guarded.put("2026-01-05/crm/customers.csv", b"id\n1\n")
        iam = client_of(guarded.endpoint, os.environ[KEY], os.environ[SECRET], "iam")
        iam.create_user(UserName="reader")
        granted = iam.create_access_key(UserName="reader")["AccessKey"]
        monkeypatch.setattr(
            moto.settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0.0
        )  # from now on the server requires credentials
        attempts = {
            "does not exist in our records": ("nobody", "hush-hush"),
            "signature": (granted["AccessKeyId"], "hush-hush"),
            "Access Denied": (granted["AccessKeyId"], granted["SecretAccessKey"]),
        }
        for reason, (key, secret) in attempts.items():
            monkeypatch.setenv(KEY, key)
            monkeypatch.setenv(SECRET, secret)
            message = problem(table_in(guarded))
            assert f"s3://{BUCKET} refuses access" in message
            assert reason in message


def test_a_secret_whose_variable_is_not_set_is_named(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SECRET)
    assert f"The environment variable {SECRET} is not set" in problem(table_in(bucket))


def test_nothing_of_a_secret_is_logged(bucket: Bucket, caplog: pytest.LogCaptureFixture) -> None:
    bucket.put("2026-01-05/crm/customers.csv", b"id\n1\n")
    with caplog.at_level(logging.INFO):
        rows(table_in(bucket))
        problem(table_in(bucket, url="s3://nobodys"))
    assert "hush-hush" not in caplog.text


def test_a_url_that_nothing_can_speak_to_is_said() -> None:
    message = problem(table_of(Files(format="csv", url="nosuch://x", daily=DAILY)))
    assert "no installed package can open nosuch://x" in message


class Halving(MemoryFileSystem):  # type: ignore[misc]  # fsspec tells no types
    """A file system whose connection breaks in the middle of a file without an error."""

    protocol = "halving"

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return "/" + path.removeprefix("halving://").strip("/")

    def get_file(self, rpath: str, lpath: str, **_: object) -> None:
        content = self.cat_file(rpath)
        Path(lpath).write_bytes(content[: len(content) // 2])


def test_an_answer_that_is_cut_off_lands_nothing() -> None:
    fsspec.register_implementation("halving", Halving, clobber=True)
    fsspec.filesystem("halving").pipe("/cut/customers.csv", b"id\n" + b"1\n" * 1000)
    table = table_of(Files(format="csv", url="halving://cut", history="customers.csv"))
    assert "1,001 of 2,003 bytes" in problem(table, dt.date(2025, 12, 31))


def test_no_name_in_a_bucket_leads_to_another_folder(bucket: Bucket) -> None:
    bucket.put("up/a/../customers.csv", b"id\n1\n")
    message = problem(
        table_in(bucket, url=f"s3://{BUCKET}/up", daily=None, history="**/customers.csv"), dt.date(2025, 12, 31)
    )
    assert "leads to another folder: 'a/../customers.csv'" in message
    message = problem(table_in(bucket, daily="../{load_date}/x.csv"))
    assert f"leads out of 's3://{BUCKET}'" in message


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"url": "s3://drops", "storage_options": {"secret": "x"}}, "secret looks like a secret"),
        ({"url": "s3://drops", "storage_options": {"client_kwargs": {"aws_secret_access_key": "x"}}}, "looks like"),
        ({"url": "s3://me:password@drops"}, "not a plain URL"),
        ({"url": "simplecache::s3://drops"}, "not a plain URL"),
        ({"storage_options": {"anon": True}}, "storage_options require a url"),
    ],
)
def test_a_deployment_holds_no_secret_and_names_one_place(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Files(format="csv", daily=DAILY, **settings)
