"""What readers find under ``published/``, before, during and after a publication."""

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
    """Every file of a folder: its bytes, and when it was written."""
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


def checksums(place: Path) -> dict[str, str]:
    manifest = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
    return {table: facts["checksum"] for table, facts in manifest["tables"].items()}


def test_before_the_first_publication_there_is_no_manifest(tmp_path: Path) -> None:
    assert publication(tmp_path).manifest() is None


def test_a_version_holds_the_whole_file_with_its_constraints_and_comments(tmp_path: Path) -> None:
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


def test_a_version_is_written_for_drivers_that_are_older_than_ours(tmp_path: Path) -> None:
    file = publish(publication(tmp_path), FIRST, "run-1", 3) / "cx360.duckdb"
    # the storage version stands behind the check sum and the magic bytes; 64 is what DuckDB 1.0 writes
    assert int.from_bytes(file.read_bytes()[12:20], "little") == 64


def test_the_marts_and_only_they_are_there_as_parquet_too(tmp_path: Path) -> None:
    place = publish(publication(tmp_path), FIRST, "run-1", 3, 5)
    (parquet,) = (place / "parquet").iterdir()
    assert parquet.name == "mart_orders.parquet"
    assert sorted(pq.read_table(parquet)["net_amount"].to_pylist()) == [3, 5]


def test_the_manifest_says_what_the_version_holds(tmp_path: Path) -> None:
    published = publication(tmp_path)
    place = publish(published, FIRST, "0123456789", 3, 5)
    manifest = published.manifest()
    assert manifest is not None
    assert place.name == manifest["version"] == "2026-01-05-01234567"
    assert (manifest["as_of_date"], manifest["run_id"], manifest["deployment"]) == ("2026-01-05", "0123456789", "demo")
    assert {table: facts["row_count"] for table, facts in manifest["tables"].items()} == {
        "star.fct_orders": 2,
        "marts.mart_orders": 2,
    }


def test_a_checksum_depends_on_every_value_and_not_on_the_order_of_the_rows(tmp_path: Path) -> None:
    places = [
        publish(publication(tmp_path / str(n)), FIRST, "run", *amounts) for n, amounts in enumerate([(3, 5), (3, 6)])
    ]
    shuffled = publication(tmp_path / "shuffled")
    build(shuffled.home, 3, 5)
    with duckdb.connect(shuffled.home.star_db) as connection:
        connection.execute(
            "create or replace table marts.mart_orders as from marts.mart_orders order by net_amount desc"
        )
    third = shuffled.publish(FIRST, "run", WINDOWS)
    assert checksums(third) == checksums(places[0])
    assert checksums(places[0]).keys() == checksums(places[1]).keys()
    assert not set(checksums(places[0]).values()) & set(checksums(places[1]).values())


def test_equal_rows_do_not_cancel_out_in_a_checksum(tmp_path: Path) -> None:
    seen = set()
    for copies in (0, 2, 4):
        published = publication(tmp_path / str(copies))
        build(published.home, 3)
        with duckdb.connect(published.home.star_db) as connection:
            connection.execute(f"insert into marts.mart_orders select 'twin', 1 from range({copies})")
        seen.add(checksums(published.publish(FIRST, "run", WINDOWS))["marts.mart_orders"])
    assert len(seen) == 3


def test_a_reader_keeps_the_version_it_opened_and_the_next_one_gets_the_new_one(tmp_path: Path) -> None:
    published = publication(tmp_path)
    publish(published, FIRST, "run-1", 3)
    with duckdb.connect((published.current / "cx360.duckdb").resolve(), read_only=True) as reader:
        publish(published, SECOND, "run-2", 4)
        assert reader.execute("select net_amount from star.fct_orders").fetchall() == [(3,)]
        assert current_amounts(published) == [4]


def test_current_is_a_relative_link_so_that_the_folder_can_be_moved(tmp_path: Path) -> None:
    published = publication(tmp_path / "here")
    publish(published, FIRST, "run-1", 3)
    assert published.current.readlink() == Path("versions/2026-01-05-run-1")
    (tmp_path / "here").rename(tmp_path / "there")
    assert current_amounts(publication(tmp_path / "there")) == [3]


def test_a_publication_never_touches_the_files_of_the_versions_before(tmp_path: Path) -> None:
    published = publication(tmp_path)
    first = publish(published, FIRST, "run-1", 3)
    before = contents(first)
    second = publish(published, SECOND, "run-2", 4)
    assert contents(first) == before
    assert second != first


def test_a_failed_publication_leaves_the_version_before_in_place(tmp_path: Path) -> None:
    published = publication(tmp_path)
    first = publish(published, FIRST, "run-1", 3)
    before = contents(first)
    published.home.star_db.write_bytes(b"no database")
    with pytest.raises(PipelineError, match="Version 2026-01-06-run-2 could not be written"):
        published.publish(SECOND, "run-2", WINDOWS)
    assert current_amounts(published) == [3]
    assert contents(first) == before


def test_what_a_killed_publication_left_is_cleared_by_the_next_one(tmp_path: Path) -> None:
    published = publication(tmp_path)
    first = publish(published, FIRST, "run-1", 3)
    versions = published.home.published / "versions"
    (versions / ".new-2026-01-06-run-2" / "parquet").mkdir(parents=True)  # killed while copying
    (versions / ".new-2026-01-06-run-2" / "cx360.duckdb").write_bytes(b"half a file")
    (versions / ".old-2026-01-04-run-0" / "parquet").mkdir(parents=True)  # killed while removing it
    (published.home.published / ".current.new").symlink_to("versions/2026-01-06-run-3")
    assert current_amounts(published) == [3]
    publish(published, SECOND, "run-3", 4)
    assert current_amounts(published) == [4]
    assert sorted(path.name for path in versions.iterdir()) == [first.name, "2026-01-06-run-3"]
    assert sorted(path.name for path in published.home.published.iterdir()) == ["current", "versions"]


def test_a_version_that_current_never_pointed_at_is_removed(tmp_path: Path) -> None:
    published = publication(tmp_path)
    first = publish(published, FIRST, "run-1", 3)
    never = publish(published, SECOND, "run-2", 4)
    published.current.unlink()
    published.current.symlink_to(f"versions/{first.name}")  # as if killed before pointing at the second
    published.settle()
    assert not never.exists()
    assert publish(published, SECOND, "run-3", 5).is_dir()
    assert current_amounts(published) == [5]


def test_a_first_version_that_current_never_pointed_at_is_removed(tmp_path: Path) -> None:
    published = publication(tmp_path)
    publish(published, FIRST, "run-1", 3)
    published.current.unlink()
    published.settle()
    assert published.versions() == []


def test_seven_days_and_four_weeks_stay(tmp_path: Path) -> None:
    published = publication(tmp_path)
    first = publish(published, SECOND - timedelta(days=59), "old", 3)
    versions = published.home.published / "versions"
    for number, back in enumerate(range(58, 0, -1), start=2):  # 58 more nights, published as the first one was
        day = SECOND - timedelta(days=back)
        shutil.copytree(first, versions / f"{day}-old")
        manifest = json.loads((first / "manifest.json").read_text("utf-8")) | {
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


def test_of_a_day_the_newest_version_stays_once_no_reader_can_be_on_its_way_to_the_others(tmp_path: Path) -> None:
    published = publication(tmp_path, daily_versions=2, weekly_versions=0)
    for day in (FIRST, SECOND):
        for run in ("a", "b"):
            publish(published, day, f"run-{run}", 3)
    versions = published.home.published / "versions"
    assert len(list(versions.iterdir())) == 4
    age(published, hours=2)
    publish(published, SECOND, "run-c", 3)
    # the last one was just replaced: a reader may have looked it up and not opened it yet
    assert sorted(path.name for path in versions.iterdir()) == [
        "2026-01-05-run-b",
        "2026-01-06-run-b",
        "2026-01-06-run-c",
    ]


def test_versions_follow_each_other_whatever_the_clock_says(tmp_path: Path) -> None:
    published = publication(tmp_path)
    names = []
    for place, hours in enumerate((0, -9000, 9000), start=1):  # written now, in a year, and a year ago
        names.append(publish(published, FIRST, f"run-{place}", place).name)
        age(published, hours=hours)
        assert current_amounts(published) == [place]
    assert [version.name for version in published.versions()] == names[::-1]
    publish(published, FIRST, "run-4", 4)
    assert current_amounts(published) == [4]


def test_the_current_version_stays_even_if_older_than_the_others(tmp_path: Path) -> None:
    published = publication(tmp_path, daily_versions=1, weekly_versions=0)
    publish(published, SECOND, "run-1", 3)
    publish(published, FIRST, "run-2", 4)
    assert current_amounts(published) == [4]
