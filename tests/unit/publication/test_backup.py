"""A backup has everything that cannot be derived; restored on an empty home, every file is equal, also after kills."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.base.errors import PipelineError
from orchestration.base.paths import PROJECT, Home
from orchestration.base.state import DamagedStateError
from orchestration.publication.backup import Backup, back_up, read_backup, restore
from orchestration.publication.publication import Publication
from tests.unit.publication.homes import files_of, filled_home


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with landed, rejected and held units, state, and two versions."""
    return filled_home(tmp_path_factory.mktemp("original") / "demo")


@pytest.fixture(scope="module")
def backup(original: Home, tmp_path_factory: pytest.TempPathFactory) -> Backup:
    return back_up(original, Publication(original), tmp_path_factory.mktemp("backups"))


@pytest.fixture
def copied(backup: Backup, tmp_path: Path) -> Path:
    """A backup that a test may damage."""
    return Path(shutil.copytree(backup.folder, tmp_path / "backup"))


@pytest.fixture
def empty(tmp_path: Path) -> Home:
    return Home(tmp_path / "restored" / "demo")


def test_a_restored_home_has_every_file_and_serves_the_same_version(
    original: Home, backup: Backup, empty: Home
) -> None:
    restore(empty, read_backup(backup.folder))
    assert files_of(empty) == files_of(original)
    assert Publication(empty).current.readlink() == Publication(original).current.readlink()
    assert sorted(path.name for path in empty.root.iterdir()) == ["held", "landing", "published", "quarantine", "state"]


def test_a_backup_leaves_out_what_can_be_derived_and_what_is_damaged(original: Home, tmp_path: Path) -> None:
    home = Home(tmp_path / "demo")
    shutil.copytree(original.root, home.root, symlinks=True)
    for name in ("warehouse/work.duckdb", "dagster/dagster.yaml", "state/run.lock", "published/note.txt"):
        (home.root / name).parent.mkdir(exist_ok=True)
        (home.root / name).write_text("", "utf-8")
    oldest = Publication(home).versions()[-1]
    (oldest.folder / "manifest.json").write_text("{", "utf-8")
    made = back_up(home, Publication(home), tmp_path / "backups")
    assert {name.split("/")[0] for name in made.listing.files} == {
        "held",
        "landing",
        "published",
        "quarantine",
        "state",
    }
    assert not [name for name in made.listing.files if oldest.name in name or "run.lock" in name or "note" in name]
    assert made.listing.version == Publication(home).versions()[0].name
    assert sorted(path.name for path in (tmp_path / "backups").iterdir()) == [made.folder.name]


def test_a_damaged_file_is_not_backed_up_and_earlier_backups_stay(original: Home, tmp_path: Path) -> None:
    home = Home(tmp_path / "demo")
    shutil.copytree(original.root, home.root, symlinks=True)
    part = next(home.landing.rglob("part-*.parquet"))
    part.write_bytes(b"x" * part.stat().st_size)
    with pytest.raises(DamagedStateError, match=rf"{part.name} is damaged.*No backup was made"):
        back_up(home, Publication(home), tmp_path / "backups")
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_backup_into_the_home_itself_is_refused(original: Home) -> None:
    with pytest.raises(PipelineError, match="is in the home that is backed up"):
        back_up(original, Publication(original), original.root / "backups")


def change_byte(folder: Path) -> None:
    part = next((folder / "quarantine").rglob("*.parquet"))
    part.write_bytes(b"x" * part.stat().st_size)


def lose_file(folder: Path) -> None:
    next((folder / "published").rglob("cx360.duckdb")).unlink()


def cut_listing(folder: Path) -> None:
    (folder / "backup.json").write_text((folder / "backup.json").read_text("utf-8")[:-20], "utf-8")


def leave_the_home(folder: Path) -> None:
    listing = json.loads((folder / "backup.json").read_text("utf-8"))
    listing["files"]["landing/../../outside"] = {"bytes": 0, "sha256": ""}
    (folder / "backup.json").write_text(json.dumps(listing), "utf-8")


def of_another_deployment(folder: Path) -> None:
    listing = json.loads((folder / "backup.json").read_text("utf-8"))
    (folder / "backup.json").write_text(json.dumps(listing | {"deployment": "acme"}), "utf-8")


def of_a_newer_version(folder: Path) -> None:
    listing = json.loads((folder / "backup.json").read_text("utf-8"))
    (folder / "backup.json").write_text(json.dumps(listing | {"layout": 99}), "utf-8")


def no_backup(folder: Path) -> None:
    (folder / "inside").mkdir()
    (folder / "backup.json").rename(folder / "inside" / "backup.json")


@pytest.mark.parametrize(
    ("damage", "facts"),
    [
        (change_byte, ["part-00001.parquet is missing or damaged", "another backup"]),
        (lose_file, ["cx360.duckdb is missing or damaged", "another backup"]),
        (cut_listing, ["backup.json is damaged", "another backup"]),
        (leave_the_home, ["backup.json is damaged", "outside of landing"]),
        (of_another_deployment, ["'acme'", "'demo'"]),
        (of_a_newer_version, ["newer version"]),
        (no_backup, ["is not a backup", "contains the backups inside"]),
    ],
)
def test_a_backup_that_cannot_be_restored_leaves_the_home_empty(
    copied: Path, empty: Home, damage: Callable[[Path], None], facts: list[str]
) -> None:
    damage(copied)
    with pytest.raises(PipelineError) as error:
        restore(empty, read_backup(copied))
    assert [fact for fact in facts if fact not in str(error.value)] == []
    assert not [path for path in empty.root.rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", ["landing/crm/x", "state/withdrawn.json", "published/current", "held/x"])
def test_a_home_with_files_is_not_overwritten(backup: Backup, empty: Home, name: str) -> None:
    (empty.root / name).parent.mkdir(parents=True)
    (empty.root / name).write_text("mine", "utf-8")
    with pytest.raises(PipelineError, match=rf"is not empty: it has .*{name}"):
        restore(empty, backup)
    assert (empty.root / name).read_text("utf-8") == "mine"


def test_extracts_and_empty_folders_do_not_prevent_a_restore(original: Home, backup: Backup, empty: Home) -> None:
    (empty.extracts).mkdir(parents=True)
    (empty.extracts / "drop.csv").write_text("", "utf-8")
    (empty.landing / "crm").mkdir(parents=True)
    (empty.state).mkdir()
    (empty.state / "run.lock").write_text("", "utf-8")
    restore(empty, backup)
    assert files_of(empty) == files_of(original)
    assert (empty.extracts / "drop.csv").exists()


@pytest.mark.parametrize("work", ["restore", "publish"])
def test_a_kill_before_any_change_of_files_is_finished_by_the_same_command(tmp_path: Path, work: str) -> None:
    # in its own process: it forks, which a process with other threads should not
    command = [sys.executable, "-m", "tests.unit.publication.killed", work, str(tmp_path)]
    ended = subprocess.run(command, cwd=PROJECT, text=True, capture_output=True, check=False, timeout=600)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    kills = int(ended.stdout.split()[0])
    assert kills >= {"restore": 30, "publish": 9}[work], ended.stdout
