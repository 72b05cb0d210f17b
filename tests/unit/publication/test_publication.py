"""What readers find below ``published/`` before, during and after a publication."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from orchestration.base.errors import PipelineError
from tests.unit.publication.publications import (
    FIRST,
    SECOND,
    WINDOWS,
    age,
    build,
    current_amounts,
    publication,
    publish,
    query,
)


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """The content and modification time of every file of a folder."""
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


def checksums(folder: Path) -> dict[str, str]:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return {table: facts["checksum"] for table, facts in manifest["tables"].items()}


def test_before_the_first_publication_there_is_no_manifest(tmp_path: Path) -> None:
    assert publication(tmp_path).manifest() is None


def test_a_version_keeps_constraints_and_comments(tmp_path: Path) -> None:
    file = publish(publication(tmp_path), FIRST, "run-1", 3, 5) / "cx360.duckdb"
    assert query(file, "select * from star.fct_orders order by all") == [("o0", 3), ("o1", 5)]
    kinds = query(file, "select constraint_type from duckdb_constraints() where table_name = 'fct_orders' order by all")
    assert [kind for (kind,) in kinds] == ["CHECK", "NOT NULL", "NOT NULL", "PRIMARY KEY"]
    assert query(file, "select comment from duckdb_tables() where table_name = 'mart_orders'") == [
        ("One row per order.",)
    ]
    comments = query(
        file, "select comment from duckdb_columns() where column_name = 'net_amount' and schema_name = 'marts'"
    )
    assert comments == [("In euros.",)]


def test_a_version_can_be_read_by_older_duckdb_drivers(tmp_path: Path) -> None:
    file = publish(publication(tmp_path), FIRST, "run-1", 3) / "cx360.duckdb"
    # the storage version follows the checksum and the magic bytes; DuckDB 1.0 writes 64
    assert int.from_bytes(file.read_bytes()[12:20], "little") == 64


def test_star_and_marts_are_exported_as_parquet_with_their_comments(tmp_path: Path) -> None:
    folder = publish(publication(tmp_path), FIRST, "run-1", 3, 5)
    assert {path.name for path in (folder / "parquet").iterdir()} == {"fct_orders.parquet", "mart_orders.parquet"}
    table = pq.read_table(folder / "parquet" / "mart_orders.parquet")
    assert sorted(table["net_amount"].to_pylist()) == [3, 5]
    assert json.loads(table.schema.metadata[b"columns"])["net_amount"] == "In euros."


def test_the_manifest_describes_the_version(tmp_path: Path) -> None:
    published = publication(tmp_path)
    folder = publish(published, FIRST, "0123456789", 3, 5)
    manifest = published.manifest()
    assert manifest is not None
    assert folder.name == manifest["version"] == "2026-01-05-01234567"
    assert (manifest["as_of_date"], manifest["run_id"], manifest["deployment"]) == ("2026-01-05", "0123456789", "demo")
    assert {table: facts["row_count"] for table, facts in manifest["tables"].items()} == {
        "star.fct_orders": 2,
        "marts.mart_orders": 2,
    }


def test_a_checksum_depends_on_every_value_and_not_on_the_order_of_the_rows(tmp_path: Path) -> None:
    folders = [
        publish(publication(tmp_path / str(n)), FIRST, "run", *amounts) for n, amounts in enumerate([(3, 5), (3, 6)])
    ]
    shuffled = publication(tmp_path / "shuffled")
    build(shuffled.home, 3, 5)
    with duckdb.connect(shuffled.home.star_db) as connection:
        connection.execute(
            "create or replace table marts.mart_orders as from marts.mart_orders order by net_amount desc"
        )
    third = shuffled.publish(FIRST, "run", WINDOWS)
    assert checksums(third) == checksums(folders[0])
    assert checksums(folders[0]).keys() == checksums(folders[1]).keys()
    assert not set(checksums(folders[0]).values()) & set(checksums(folders[1]).values())


def test_equal_rows_do_not_cancel_out_in_a_checksum(tmp_path: Path) -> None:
    seen = set()
    for copies in (0, 2, 4):
        published = publication(tmp_path / str(copies))
        build(published.home, 3)
        with duckdb.connect(published.home.star_db) as connection:
            connection.execute(f"insert into marts.mart_orders select 'twin', 1 from range({copies})")
        seen.add(checksums(published.publish(FIRST, "run", WINDOWS))["marts.mart_orders"])
    assert len(seen) == 3


def test_an_open_reader_keeps_its_version_and_the_next_reader_gets_the_new_one(tmp_path: Path) -> None:
    published = publication(tmp_path)
    publish(published, FIRST, "run-1", 3)
    with duckdb.connect((published.current / "cx360.duckdb").resolve(), read_only=True) as reader:
        publish(published, SECOND, "run-2", 4)
        assert reader.execute("select net_amount from star.fct_orders").fetchall() == [(3,)]
        assert current_amounts(published) == [4]


def test_current_is_a_relative_symlink_so_that_the_folder_can_be_moved(tmp_path: Path) -> None:
    published = publication(tmp_path / "here")
    publish(published, FIRST, "run-1", 3)
    assert published.current.readlink() == Path("versions/2026-01-05-run-1")
    (tmp_path / "here").rename(tmp_path / "there")
    assert current_amounts(publication(tmp_path / "there")) == [3]


def test_a_publication_does_not_change_the_files_of_earlier_versions(tmp_path: Path) -> None:
    published = publication(tmp_path)
    first = publish(published, FIRST, "run-1", 3)
    before = contents(first)
    second = publish(published, SECOND, "run-2", 4)
    assert contents(first) == before
    assert second != first


def test_a_failed_publication_leaves_the_previous_version(tmp_path: Path) -> None:
    published = publication(tmp_path)
    first = publish(published, FIRST, "run-1", 3)
    before = contents(first)
    published.home.star_db.write_bytes(b"no database")
    with pytest.raises(PipelineError, match="Version 2026-01-06-run-2 could not be written"):
        published.publish(SECOND, "run-2", WINDOWS)
    assert current_amounts(published) == [3]
    assert contents(first) == before


def test_the_next_publication_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    published = publication(tmp_path)
    first = publish(published, FIRST, "run-1", 3)
    versions = published.home.published / "versions"
    (versions / ".new-2026-01-06-run-2" / "parquet").mkdir(parents=True)  # killed while writing it
    (versions / ".new-2026-01-06-run-2" / "cx360.duckdb").write_bytes(b"half a file")
    (versions / ".old-2026-01-04-run-0" / "parquet").mkdir(parents=True)  # killed while removing it
    (published.home.published / ".current.new").symlink_to("versions/2026-01-06-run-3")
    assert current_amounts(published) == [3]
    publish(published, SECOND, "run-3", 4)
    assert current_amounts(published) == [4]
    assert sorted(path.name for path in versions.iterdir()) == [first.name, "2026-01-06-run-3"]
    assert sorted(path.name for path in published.home.published.iterdir()) == ["current", "versions"]


def test_a_publication_killed_before_it_moved_the_pointer_is_finished(tmp_path: Path) -> None:
    published = publication(tmp_path)
    first = publish(published, FIRST, "run-1", 3)
    second = publish(published, SECOND, "run-2", 4)
    published.current.unlink()
    published.current.symlink_to(f"versions/{first.name}")  # as if killed before pointing at the second
    assert current_amounts(published) == [3]
    [note] = published.settle_versions()
    assert second.name in note
    assert current_amounts(published) == [4]
    assert first.is_dir()


def test_the_versions_of_seven_days_and_four_weeks_are_kept(tmp_path: Path) -> None:
    published = publication(tmp_path)
    first = publish(published, SECOND - timedelta(days=59), "old", 3)
    versions = published.home.published / "versions"
    for number, back in enumerate(range(58, 0, -1), start=2):  # 58 more nights, published as the first one was
        day = SECOND - timedelta(days=back)
        shutil.copytree(first, versions / f"{day}-old")
        manifest = json.loads((first / "manifest.json").read_text("utf-8")) | {
            "version": f"{day}-old",
            "number": number,
            "as_of_date": day.isoformat(),
        }
        (versions / f"{day}-old" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    published.current.unlink()
    published.current.symlink_to("versions/2026-01-05-old")
    age(published, hours=2)
    publish(published, SECOND, "new", 3)
    assert sorted(path.name for path in versions.iterdir()) == [
        "2025-12-21-old",  # the Sundays of the two weeks before
        "2025-12-28-old",
        "2025-12-31-old",
        "2026-01-01-old",
        "2026-01-02-old",
        "2026-01-03-old",
        "2026-01-04-old",
        "2026-01-05-old",
        "2026-01-06-new",
    ]


def test_older_versions_of_a_day_are_removed_after_the_grace_period_of_readers(tmp_path: Path) -> None:
    published = publication(tmp_path, daily_versions=2, weekly_versions=0)
    for day in (FIRST, SECOND):
        for run in ("a", "b"):
            publish(published, day, f"run-{run}", 3)
    versions = published.home.published / "versions"
    assert len(list(versions.iterdir())) == 4
    age(published, hours=2)
    publish(published, SECOND, "run-c", 3)
    # a reader may have resolved the version that was just replaced and not opened it yet
    assert sorted(path.name for path in versions.iterdir()) == [
        "2026-01-05-run-b",
        "2026-01-06-run-b",
        "2026-01-06-run-c",
    ]


def test_the_order_of_versions_does_not_depend_on_the_clock(tmp_path: Path) -> None:
    published = publication(tmp_path)
    names = []
    for number, hours in enumerate((0, -9000, 9000), start=1):  # written now, in a year, and a year ago
        names.append(publish(published, FIRST, f"run-{number}", number).name)
        age(published, hours=hours)
        assert current_amounts(published) == [number]
    assert [version.name for version in published.versions()] == names[::-1]
    publish(published, FIRST, "run-4", 4)
    assert current_amounts(published) == [4]


def test_the_current_version_stays_even_if_its_as_of_date_is_older(tmp_path: Path) -> None:
    published = publication(tmp_path, daily_versions=1, weekly_versions=0)
    publish(published, SECOND, "run-1", 3)
    publish(published, FIRST, "run-2", 4)
    assert current_amounts(published) == [4]


def test_rows_that_are_only_in_the_write_ahead_log_are_published(tmp_path: Path) -> None:
    published = publication(tmp_path)
    build(published.home, 3)
    with duckdb.connect(published.home.star_db) as connection:
        connection.execute("pragma disable_checkpoint_on_shutdown")
        connection.execute("insert into star.fct_orders values ('late', 5)")
    log = published.home.star_db.with_name("cx360.duckdb.wal")
    assert log.stat().st_size > 0
    folder = published.publish(FIRST, "run-1", WINDOWS)
    assert current_amounts(published) == [3, 5]
    assert not log.exists()
    assert not (folder / "cx360.duckdb.wal").exists()
