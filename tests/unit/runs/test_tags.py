"""The tags of a run: its range at leap days, ends of years and changes of the clock."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest

from orchestration.runs.tags import covered_load_dates, range_tags


@pytest.mark.parametrize(
    ("first", "last", "count"),
    [
        (date(2027, 12, 30), date(2028, 1, 2), 4),
        (date(2028, 2, 27), date(2028, 3, 1), 4),
        (date(2027, 2, 27), date(2027, 3, 1), 3),
        (date(2026, 3, 28), date(2026, 3, 30), 3),
    ],
)
def test_the_tags_of_a_range_cover_every_day_once(first: date, last: date, count: int) -> None:
    days = covered_load_dates(range_tags([first, last]))
    assert (days[0], days[-1], len(days)) == (first, last, count)
    assert all(after - before == timedelta(days=1) for before, after in pairwise(days))
