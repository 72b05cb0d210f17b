"""Whether a part of the build may go on from what is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.base.paths import Home
from orchestration.warehouse.built import Built


@pytest.fixture
def built(tmp_path: Path) -> Built:
    home = Home(tmp_path)
    home.work_db.parent.mkdir()
    home.work_db.touch()
    home.star_db.touch()
    return Built(home)


def test_nothing_goes_on_from_a_warehouse_of_which_nothing_is_known(built: Built) -> None:
    assert not built.begin(after="marts", stamp="a")


def test_a_part_goes_on_after_the_one_that_must_have_ended_last(built: Built) -> None:
    built.end("marts", "a")
    assert built.begin(after="marts", stamp="a")
    built.end("star", "a")
    assert built.begin(after="star", stamp="a")


def test_a_part_that_did_not_end_leaves_nothing_to_go_on_from(built: Built) -> None:
    built.end("marts", "a")
    assert built.begin(after="marts", stamp="a")
    assert not built.begin(after="marts", stamp="a")


def test_a_star_without_its_marts_leaves_nothing_to_go_on_from(built: Built) -> None:
    built.end("star", "a")
    assert not built.begin(after="marts", stamp="a")


def test_another_project_leaves_nothing_to_go_on_from(built: Built) -> None:
    built.end("marts", "a")
    assert not built.begin(after="marts", stamp="b")


def test_a_warehouse_that_was_removed_leaves_nothing_to_go_on_from(built: Built) -> None:
    built.end("marts", "a")
    built.home.star_db.unlink()
    assert not built.begin(after="marts", stamp="a")
