"""What a person sees and does of published versions."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from orchestration.base.paths import Home
from orchestration.cli.main import main
from orchestration.publication.history import History
from orchestration.runs.lock import hold
from tests.unit.publication.publications import FIRST, SECOND, build, publication, publish

HELD = (
    "On hold: 2026-01-06, because the version 2026-01-06-run-2 that took them was withdrawn. Fix the cause, then: "
    "cx360 release --deployment demo"
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The demo's home, with two published versions."""
    monkeypatch.setenv("CX360_HOME", str(tmp_path))
    found = Home.of("demo")
    for run, day in (("run-1", FIRST), ("run-2", SECOND)):
        publish(publication(found.root), day, run, 3)
    return found


def cx360(*arguments: str) -> tuple[int, list[str]]:
    answer = CliRunner().invoke(main, arguments)
    return answer.exit_code, answer.output.splitlines()


@pytest.mark.usefixtures("home")
def test_versions_are_listed_with_the_current_one_and_those_withdrawn() -> None:
    cx360("rollback")
    code, [_, second, first] = cx360("versions")
    assert code == 0
    assert second.split()[:2] == ["2026-01-06-run-2", "2026-01-06"]
    assert "  withdrawn 20" in second
    assert first.split()[:2] == ["2026-01-05-run-1", "2026-01-05"]
    assert first.endswith("current")


def test_before_the_first_publication_the_list_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CX360_HOME", str(tmp_path))
    assert cx360("versions") == (0, ["Nothing is published yet for deployment 'demo'."])


@pytest.mark.usefixtures("home")
def test_a_rollback_names_the_current_version_and_the_load_dates_on_hold() -> None:
    code, lines = cx360("rollback", "--version", "2026-01-06-run-2")
    assert code == 0
    assert lines == [
        "Withdrawn   2026-01-06-run-2",
        "Current     2026-01-05-run-1, as of 2026-01-05",
        HELD,
    ]


def test_a_withdrawal_is_recorded_in_the_history(home: Home) -> None:
    build(home, 3)
    with duckdb.connect(home.star_db) as connection:
        connection.execute("create schema quality")
        connection.execute(
            """
            create table quality.quality_runs as select 'run-3' as run_id, 'published' as outcome,
                '2026-01-06-run-3' as version, timestamp '2026-01-06' as started_at,
                0 as check_count, 0 as warning_count, 0 as failed_count
            """
        )
    windows = {"load_dates": [], "taken_load_dates": [], "published_at": "2026-01-06T02:00:00"}
    publication(home.root).publish(SECOND, "run-3", windows)
    cx360("rollback")
    with duckdb.connect(History(home).file, read_only=True) as connection:
        assert connection.execute("select run_id, outcome from quality_runs").fetchall() == [("run-3", "withdrawn")]


@pytest.mark.usefixtures("home")
def test_released_load_dates_are_named() -> None:
    cx360("rollback")
    assert cx360("release", "--date", "2026-01-06")[1][0] == "Released    2026-01-06"
    assert cx360("release") == (0, ["No load date is on hold."])


@pytest.mark.usefixtures("home")
def test_a_load_date_that_is_not_held_cannot_be_released() -> None:
    cx360("rollback")
    code, [line] = cx360("release", "--date", "2026-01-05")
    assert code == 1
    assert line == "2026-01-05 is not on hold in deployment 'demo'. On hold: 2026-01-06."


@pytest.mark.parametrize("command", ["rollback", "release"])
def test_nothing_is_changed_while_a_run_is_under_way(home: Home, command: str) -> None:
    with hold(home):
        code, [line] = cx360(command)
    assert code == 1
    assert "Another run of 'demo' is under way" in line
    assert publication(home.root).holds.load_dates() == []
    assert date.fromisoformat(publication(home.root).current.resolve().name[:10]) == SECOND
