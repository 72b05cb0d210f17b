"""How far a long step is, in words: rows, pace, and the time that is left."""

from __future__ import annotations

import time
from datetime import date, timedelta

import pytest

from orchestration.base.progress import Pace

HISTORY = date(2025, 12, 31)
DAYS = [HISTORY + timedelta(days=place) for place in range(1, 31)]


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock: what stands in it is the time."""
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    return clock


def test_the_time_that_is_left_is_that_of_the_days_and_not_of_the_history(now: list[float]) -> None:
    pace = Pace(HISTORY, started=0.0)
    pace.begin(31, 0)
    now[0] = 1000.0
    pace.move(5_000_000, [HISTORY])
    assert pace.seconds_left is None
    assert pace.told() == "5,000,000 rows, 5,000 rows/s, 1 of 31 load dates"
    now[0] = 1020.0
    pace.move(40_000, DAYS[:5])
    assert pace.told() == "5,040,000 rows, 4,941 rows/s, 6 of 31 load dates, about 1 min left"
    now[0] = 1040.0
    pace.move(200_000, DAYS[5:30])
    assert pace.told() == "5,240,000 rows, 5,038 rows/s, 31 of 31 load dates"


def test_the_time_that_is_left_of_one_long_load_date_is_by_what_has_come_of_it(now: list[float]) -> None:
    pace = Pace(HISTORY, started=0.0)
    pace.begin(1, 0)
    now[0] = 100.0
    pace.move(400_000, [], 0.25)
    assert pace.told() == "400,000 rows, 4,000 rows/s, 25%, about 5 min left"
    now[0] = 400.0
    pace.move(1_200_000, [HISTORY])
    assert pace.told() == "1,600,000 rows, 4,000 rows/s"


def test_a_day_that_has_half_come_counts_half(now: list[float]) -> None:
    pace = Pace(HISTORY, started=0.0)
    pace.begin(4, 0)
    now[0] = 10.0
    pace.move(1_000, DAYS[:1])
    now[0] = 15.0
    pace.move(500, [], 0.5)
    # the other half, and two more days
    assert pace.seconds_left == 5 + 2 * 10
    assert "1 of 4 load dates, 50% of the next one" in pace.told()
