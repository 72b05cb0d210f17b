"""The layout of a home and the permissions of what is written below it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from orchestration.base.errors import PipelineError
from orchestration.base.layout import LAYOUT, layout_of, refuse_unfit, tighten, write_layout
from orchestration.base.paths import Home
from orchestration.base.state import DamagedStateError
from orchestration.runs.lock import hold


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "demo")


def test_a_home_without_a_number_has_layout_1(home: Home) -> None:
    assert layout_of(home) == 1
    write_layout(home)
    assert layout_of(home) == LAYOUT
    refuse_unfit(home)


def test_a_home_of_a_newer_version_is_refused_by_whoever_takes_the_lock(home: Home) -> None:
    home.state.mkdir(parents=True)
    (home.state / "layout.json").write_text('{"layout": 99}', "utf-8")
    with pytest.raises(PipelineError) as error, hold(home):
        pass
    assert all(fact in str(error.value) for fact in ("newer version", "layout 99", "cx360 restore --deployment demo"))


@pytest.mark.parametrize("text", ["", "{", '{"layout": "two"}'])
def test_a_damaged_number_of_the_layout_is_named(home: Home, text: str) -> None:
    home.state.mkdir(parents=True)
    (home.state / "layout.json").write_text(text, "utf-8")
    with pytest.raises(DamagedStateError, match=r"layout\.json is damaged.*"):
        layout_of(home)


def test_an_interrupted_restore_is_refused_with_the_command_that_finishes_it(home: Home) -> None:
    (home.root / ".restore" / "landing").mkdir(parents=True)
    with pytest.raises(PipelineError, match="cx360 restore --deployment demo --from"), hold(home):
        pass
    (home.root / ".restore" / "landing").rmdir()  # an empty folder: the restore had ended
    with hold(home):
        pass


def test_what_is_written_under_the_lock_is_readable_by_its_owner_only(home: Home) -> None:
    before = os.umask(0o002)
    try:
        with hold(home):
            (home.root / "landing" / "new").mkdir(parents=True)
            (home.root / "landing" / "new" / "file").write_text("", "utf-8")
    finally:
        os.umask(before)
    modes = {path.relative_to(home.root).as_posix(): mode(path) for path in home.root.rglob("*")}
    assert modes == {
        "state": "0o700",
        "state/run.lock": "0o600",
        "landing": "0o700",
        "landing/new": "0o700",
        "landing/new/file": "0o600",
    }


def test_an_older_home_is_tightened_once_and_links_and_extracts_stay(home: Home) -> None:
    outside = home.root.parent / "outside"
    for path in (outside, home.landing / "unit" / "part", home.extracts / "drop.csv", home.root / "tool"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", "utf-8")
        path.chmod(0o755 if path.name == "tool" else 0o644)
    (home.landing / "link").symlink_to(outside)
    for folder in (home.root, home.landing, home.landing / "unit", home.extracts):
        folder.chmod(0o755)
    assert tighten(home) == 6
    assert tighten(home) == 0
    assert mode(home.root) == mode(home.landing) == mode(home.landing / "unit") == mode(home.extracts) == "0o700"
    assert (mode(home.landing / "unit" / "part"), mode(home.root / "tool")) == ("0o600", "0o700")
    assert (mode(home.extracts / "drop.csv"), mode(outside)) == ("0o644", "0o644")


def test_others_who_deliver_into_the_extracts_still_reach_them(home: Home) -> None:
    home.extracts.mkdir(parents=True)
    home.extracts.chmod(0o775)
    home.root.chmod(0o755)
    tighten(home)
    assert (mode(home.root), mode(home.extracts)) == ("0o711", "0o775")
