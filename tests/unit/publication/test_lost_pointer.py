"""A lost or wrong ``current`` and damaged versions: nothing is deleted, readers get the newest whole version."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from orchestration.base.state import DamagedStateError
from orchestration.publication.publication import Publication
from tests.unit.publication.publications import FIRST, SECOND, age, current_amounts, publication, publish

OLD, NEW = "2026-01-05-run-1", "2026-01-06-run-2"
THIRD = SECOND + timedelta(days=1)


@pytest.fixture
def published(tmp_path: Path) -> Publication:
    """Two versions with the amounts 3 and 4."""
    two = publication(tmp_path / "demo")
    publish(two, FIRST, "run-1", 3)
    publish(two, SECOND, "run-2", 4)
    return two


def names(published: Publication) -> list[str]:
    return sorted(path.name for path in (published.home.published / "versions").iterdir())


def folder_of(published: Publication, name: str) -> Path:
    return published.home.published / "versions" / name


def lose(published: Publication) -> None:
    published.current.unlink()


def dangle(published: Publication) -> None:
    lose(published)
    published.current.symlink_to("versions/2026-01-09-gone")


def leave_the_home(published: Publication) -> None:
    elsewhere = published.home.root.parent / "elsewhere" / "versions" / NEW
    shutil.copytree(folder_of(published, NEW), elsewhere)
    lose(published)
    published.current.symlink_to(elsewhere)


def be_a_folder(published: Publication) -> None:
    lose(published)
    shutil.copytree(folder_of(published, NEW), published.current)


def be_an_empty_folder(published: Publication) -> None:
    lose(published)
    published.current.mkdir()


def be_a_file(published: Publication) -> None:
    lose(published)
    published.current.write_text("versions/2026-01-06-run-2", "utf-8")


def be_older(published: Publication) -> None:
    lose(published)
    published.current.symlink_to(f"versions/{OLD}")


@pytest.mark.parametrize("damage", [lose, dangle, leave_the_home, be_a_folder, be_an_empty_folder, be_a_file, be_older])
def test_current_points_at_the_newest_version_again_and_nothing_is_deleted(
    published: Publication, damage: Callable[[Publication], None]
) -> None:
    damage(published)
    assert published.version() is not None
    notes = published.settle_versions()
    assert any(NEW in note for note in notes)
    assert published.current.readlink() == Path("versions") / NEW
    assert current_amounts(published) == [4]
    assert names(published) == [OLD, NEW]
    assert published.settle_versions() == []
    publish(published, THIRD, "run-3", 5)
    assert names(published) == [OLD, NEW, "2026-01-07-run-3"]


def test_a_withdrawn_version_does_not_come_back_when_current_is_lost(published: Publication) -> None:
    published.withdraw()
    lose(published)
    published.settle_versions()
    assert current_amounts(published) == [3]
    assert names(published) == [OLD, NEW]


def test_a_folder_in_place_of_current_with_the_only_copy_of_a_version_becomes_that_version(
    published: Publication,
) -> None:
    lose(published)
    folder_of(published, NEW).rename(published.current)
    [aside, *_] = published.settle_versions()
    assert NEW in aside
    assert current_amounts(published) == [4]
    assert names(published) == [OLD, NEW]


def test_a_copy_in_place_of_current_is_kept_aside(published: Publication) -> None:
    be_a_folder(published)
    (published.current / "note.txt").write_text("mine", "utf-8")
    published.settle_versions()
    assert (published.home.published / "current-set-aside-1" / "note.txt").read_text("utf-8") == "mine"


def cut(folder: Path) -> None:
    (folder / "manifest.json").write_text((folder / "manifest.json").read_text("utf-8")[:40], "utf-8")


def without_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def without_number(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    del manifest["number"]
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")


def binary(folder: Path) -> None:
    (folder / "manifest.json").write_bytes(b"\xff\xfe\x00")


def without_database(folder: Path) -> None:
    (folder / "cx360.duckdb").unlink()


def cut_database(folder: Path) -> None:
    content = (folder / "cx360.duckdb").read_bytes()
    (folder / "cx360.duckdb").write_bytes(content[:-1])


def without_parquet(folder: Path) -> None:
    shutil.rmtree(folder / "parquet")


DAMAGES = [
    (cut, "manifest.json is damaged"),
    (without_manifest, "manifest.json cannot be read"),
    (without_number, "number: Field required"),
    (binary, "manifest.json is damaged"),
    (without_database, "cx360.duckdb is missing"),
    (cut_database, "bytes instead of"),
    (without_parquet, "fct_orders.parquet is missing"),
]


@pytest.mark.parametrize(("damage", "reason"), DAMAGES)
def test_readers_get_the_version_before_a_damaged_one_which_stays(
    published: Publication, damage: Callable[[Path], None], reason: str
) -> None:
    damage(folder_of(published, NEW))
    notes = published.settle_versions()
    assert any(NEW in note and reason in note for note in notes)
    assert current_amounts(published) == [3]
    publish(published, THIRD, "run-3", 5)
    assert current_amounts(published) == [5]
    assert names(published) == [OLD, NEW, "2026-01-07-run-3"]
    assert [version.name for version in published.damaged()] == [NEW]


@pytest.mark.parametrize(("damage", "reason"), [DAMAGES[0], DAMAGES[4]])
def test_an_old_damaged_version_stops_no_night_and_is_never_pruned(
    tmp_path: Path, damage: Callable[[Path], None], reason: str
) -> None:
    published = publication(tmp_path, daily_versions=1, weekly_versions=0)
    publish(published, FIRST, "run-1", 3)
    publish(published, SECOND, "run-2", 4)
    damage(folder_of(published, OLD))
    age(published, hours=2)
    publish(published, THIRD, "run-3", 5)
    assert current_amounts(published) == [5]
    assert OLD in names(published)
    assert [reason in version.reason for version in published.damaged()] == [True]


def test_a_repaired_version_is_older_than_the_ones_published_since(published: Publication) -> None:
    manifest = folder_of(published, NEW) / "manifest.json"
    before = manifest.read_text("utf-8")
    cut(manifest.parent)
    publish(published, THIRD, "run-3", 5)
    manifest.write_text(before, "utf-8")
    published.settle_versions()
    assert [version.name for version in published.versions()] == ["2026-01-07-run-3", NEW, OLD]
    assert current_amounts(published) == [5]


def test_a_copy_of_a_version_under_another_name_is_not_used(published: Publication) -> None:
    shutil.copytree(folder_of(published, OLD), folder_of(published, f"{OLD}-copy"))
    published.settle_versions()
    assert current_amounts(published) == [4]
    assert [version.reason for version in published.damaged()] == [f"it is a copy of version {OLD}"]


def test_without_a_whole_version_the_run_stops_and_names_each_one_and_the_remedy(published: Publication) -> None:
    cut(folder_of(published, OLD))
    without_database(folder_of(published, NEW))
    with pytest.raises(DamagedStateError) as error:
        published.settle_versions()
    message = str(error.value)
    assert all(fact in message for fact in (OLD, NEW, "manifest.json is damaged", "cx360 restore"))
    assert names(published) == [OLD, NEW]
    assert published.current.is_symlink()


def test_a_dangling_link_without_any_version_stops_the_run(published: Publication) -> None:
    shutil.rmtree(folder_of(published, OLD))
    shutil.rmtree(folder_of(published, NEW))
    with pytest.raises(DamagedStateError, match="cx360 restore"):
        published.settle_versions()


def test_files_that_others_left_among_the_versions_are_ignored(published: Publication) -> None:
    (folder_of(published, ".DS_Store")).write_text("", "utf-8")
    (folder_of(published, "readme.txt")).write_text("", "utf-8")
    (folder_of(published, ".snapshot")).mkdir()
    assert published.settle_versions() == []
    assert names(published) == [".DS_Store", ".snapshot", OLD, NEW, "readme.txt"]


def test_verification_finds_a_changed_byte_of_a_version(published: Publication) -> None:
    [new, old] = published.versions()
    assert [*new.damage(), *old.damage()] == []
    content = bytearray(old.database.read_bytes())
    content[-1] ^= 1
    old.database.write_bytes(content)
    (new.folder / "extra.parquet").write_bytes(b"foreign")
    assert published.settle_versions() == []
    [changed] = old.damage()
    [foreign] = new.damage()
    assert "cx360.duckdb has another content" in changed
    assert "extra.parquet does not belong there" in foreign


def test_a_version_from_before_files_had_checksums_is_whole_and_compared_by_its_tables(published: Publication) -> None:
    manifest = folder_of(published, OLD) / "manifest.json"
    facts = json.loads(manifest.read_text("utf-8"))
    del facts["files"]
    manifest.write_text(json.dumps(facts), "utf-8")
    [_, old] = published.versions()
    assert [*old.damage()] == []
    facts["tables"]["marts.mart_orders"]["checksum"] = "1"
    manifest.write_text(json.dumps(facts), "utf-8")
    [_, old] = published.versions()
    [found] = old.damage()
    assert "marts.mart_orders differs" in found
