"""The site of a version: added after publication, checked with it, and never in its way."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestration.base.errors import PipelineError
from orchestration.publication.backup import back_up, read_backup, restore
from orchestration.publication.publication import Publication
from orchestration.publication.sites import add_site
from orchestration.publication.versions import Version
from tests.unit.publication.publications import FIRST, publication, publish


@pytest.fixture
def published(tmp_path: Path) -> Publication:
    made = publication(tmp_path / "home")
    publish(made, FIRST, "run-1", 3)
    return made


def current(published: Publication) -> Version:
    version = published.version()
    assert version
    return version


def write(folder: Path, text: str = "figures") -> None:
    (folder / "index.html").write_text(text, encoding="utf-8")
    (folder / "mail").mkdir()
    (folder / "mail" / "brief.txt").write_text(text, encoding="utf-8")


def test_a_version_with_a_site_is_whole_and_one_without_too(published: Publication) -> None:
    assert list(current(published).damage()) == []
    folder = add_site(published, current(published), write)
    assert (folder / "index.html").read_text(encoding="utf-8") == "figures"
    assert list(current(published).damage()) == []
    assert published.damaged() == []


@pytest.mark.parametrize("name", ["index.html", "mail/brief.txt"])
def test_a_changed_page_is_found_and_the_version_is_still_read(published: Publication, name: str) -> None:
    folder = add_site(published, current(published), write)
    (folder / name).write_text("altered", encoding="utf-8")
    [found] = current(published).damage()
    assert found.startswith(str(folder / name))
    assert published.damaged() == []


def test_a_foreign_page_and_a_lost_list_are_found(published: Publication) -> None:
    folder = add_site(published, current(published), write)
    (folder / "added.html").write_text("", encoding="utf-8")
    assert [str(folder / "added.html") in line for line in current(published).damage()] == [True]
    (folder / "checksums.json").unlink()
    assert any(str(folder / "index.html") in line for line in current(published).damage())


def test_a_site_that_cannot_be_made_leaves_the_version_without_one(published: Publication) -> None:
    def fail(folder: Path) -> None:
        write(folder)
        raise OSError(28, "No space left on device")

    with pytest.raises(PipelineError, match=r"is published without it.*cx360 site"):
        add_site(published, current(published), fail)
    assert not current(published).site.exists()
    assert [path.name for path in published.folder.iterdir()] == [current(published).name]


def test_a_second_site_takes_the_place_of_the_first(published: Publication) -> None:
    add_site(published, current(published), write)
    folder = add_site(published, current(published), lambda folder: write(folder, "again"))
    assert (folder / "index.html").read_text(encoding="utf-8") == "again"
    assert list(current(published).damage()) == []


def test_what_a_killed_process_left_of_a_site_is_removed(published: Publication) -> None:
    leftover = published.folder / f".new-site-{current(published).name}"
    leftover.mkdir()
    write(leftover)
    published.settle_versions()
    assert not leftover.exists()


def test_a_backup_has_the_site(published: Publication, tmp_path: Path) -> None:
    add_site(published, current(published), write)
    backup = back_up(published.home, published, tmp_path / "backups")
    shutil.rmtree(published.home.root)
    restore(published.home, read_backup(backup.folder))
    assert (current(published).site / "index.html").is_file()
    assert list(current(published).damage()) == []
