"""Progress: the reports of a step, and the count of its rows and load dates."""

from __future__ import annotations

import time

import pytest

from orchestration.base.progress import LOG_EVERY_SECONDS, Pace, Report, listening, part, step


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that shows the time in this list."""
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    return clock


def test_a_step_reports_its_beginning_its_detail_and_its_seconds(now: list[float]) -> None:
    reports: list[Report] = []
    with listening(reports.append), step("star") as progress:
        now[0] = 2.0
        progress.detail("3 of 9")
        now[0] = 5.0
    assert reports == [Report("star"), Report("star", "3 of 9"), Report("star", "3 of 9", 5.0)]


def test_a_step_that_raises_is_reported_as_failed() -> None:
    reports: list[Report] = []
    with pytest.raises(KeyError), listening(reports.append), step("star"):
        raise KeyError
    assert [report.has_failed for report in reports] == [False, True]


def test_a_part_reports_its_seconds_apart_from_the_steps(now: list[float]) -> None:
    reports: list[Report] = []
    with listening(reports.append), part("gates"):
        now[0] = 1.5
    assert [(report.is_part, report.seconds) for report in reports] == [(True, None), (True, 1.5)]


def test_a_long_step_logs_its_detail_every_30_seconds(now: list[float]) -> None:
    logged: list[str] = []
    with step("extract", logged.append) as progress:
        progress.logged_at = 0.0
        for seconds in range(0, 3 * LOG_EVERY_SECONDS, 10):
            now[0] = float(seconds)
            progress.detail(f"at {seconds}")
    assert logged == ["extract: at 30", "extract: at 60"]


def test_pace_shows_rows_rows_per_second_and_load_dates_done_of_all(now: list[float]) -> None:
    shown: list[str] = []
    pace = Pace(shown.append, load_date_count=31, kept_count=2, started=0.0)
    now[0] = 1000.0
    pace.move(5_000_000, 1)
    now[0] = 1020.0
    pace.move(100_000, 5)
    assert shown == [
        "5,000,000 rows, 5,000 rows/s, 3 of 31 load dates",
        "5,100,000 rows, 5,000 rows/s, 8 of 31 load dates",
    ]


def test_pace_of_one_load_date_does_not_count_load_dates(now: list[float]) -> None:
    shown: list[str] = []
    pace = Pace(shown.append, load_date_count=1, started=0.0)
    now[0] = 100.0
    pace.move(400_000, 0)
    assert shown == ["400,000 rows, 4,000 rows/s"]
