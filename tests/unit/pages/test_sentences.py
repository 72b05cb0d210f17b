"""The findings that pages say, computed from the figures."""

from __future__ import annotations

from datetime import date

import pytest

from orchestration.pages import sentences
from orchestration.pages.charts import Point
from orchestration.pages.words import percent

SUPPORT = Point("support", 0, -23.4, 23.4, 32)
USE = Point("use", 41, 30, 52, 120)


def test_a_figure_is_said_with_its_interval_and_base() -> None:
    assert sentences.based(SUPPORT, "answer") == "support: 0 (−23 to 23), 32 answers"
    assert sentences.based(Point("renewal", 1, base=1), "answer") == "renewal: 1, 1 answer"


@pytest.mark.parametrize(
    ("difference", "p_value", "told"),
    [
        (4.25, 0.2, "+4.2 since Q3 2025; no significant change"),
        (-12, 0.0004, "−12.0 since Q3 2025; significant (adjusted p < 0.001)"),
        (-12, 0.049, "−12.0 since Q3 2025; significant (adjusted p = 0.049)"),
        (-12, 0.05, "−12.0 since Q3 2025; no significant change"),
        (3, None, "+3.0 since Q3 2025; significance unknown"),
        (0.01, 0.99, "0.0 since Q3 2025; no significant change"),
        (None, None, "no comparison with Q3 2025"),
    ],
)
def test_a_change_is_called_significant_only_below_the_limit(
    difference: float | None, p_value: float | None, told: str
) -> None:
    assert sentences.change(difference, p_value, "Q3 2025") == told


def test_the_extremes_say_whether_their_intervals_overlap() -> None:
    assert sentences.extremes([SUPPORT, USE], "answer") == (
        "Lowest is support: 0 (−23 to 23), 32 answers; highest is use: 41 (30 to 52), 120 answers."
        " Their intervals do not overlap."
    )
    wide = Point("use", 41, 10, 70, 12)
    assert sentences.extremes([SUPPORT, wide], "answer").endswith("Their intervals overlap.")


def test_one_group_has_no_extremes_and_none_is_said_to_be_missing() -> None:
    assert sentences.extremes([SUPPORT], "answer") == "support: 0 (−23 to 23), 32 answers."
    hidden = Point("support", None)
    assert sentences.extremes([hidden], "answer") == "No group has a base that is large enough to be shown."


def test_the_latest_period_is_the_last_complete_one() -> None:
    points = [
        Point("Q3 2025", 0.5, 0.4, 0.6, 40),
        Point("Q4 2025", 0.6, 0.5, 0.7, 50),
        Point("Q1 2026", 0.9, 0.7, 1.0, 12, is_complete=False),
    ]
    told = "Q4 2025: 60.0\u202f% (50.0\u202f% to 70.0\u202f%), 50 answers. Q1 2026 is not complete."
    assert sentences.latest(points, "answer", percent) == told
    assert sentences.latest(points[2:], "answer").startswith("No period is complete yet.")


def test_a_period_that_has_begun_is_named_with_the_day_of_its_figures() -> None:
    begun = Point("Q1 2026", 0.9, is_complete=False)
    assert sentences.incomplete([SUPPORT, begun, begun], date(2026, 1, 31)) == [
        "Q1 2026: begun, not complete (figures up to 2026-01-31); drawn hollow or paler."
    ]
    assert sentences.incomplete([SUPPORT], date(2026, 1, 31)) == []


def test_groups_that_are_not_drawn_are_counted() -> None:
    [told] = sentences.left_out(10_000, 12, "segment", 10)
    assert told == "9,988 segments are not drawn: smaller than those shown, or a base below 10."
    [told] = sentences.left_out(13, 12, "segment", 10)
    assert told.startswith("1 segment is not drawn")
    assert sentences.left_out(12, 12, "segment", 10) == []


def test_the_largest_part_is_said_with_its_share() -> None:
    points = [Point("a", 75, 60, 90), Point("b", 25, 20, 30)]
    assert sentences.largest(points, "value") == "a has 75 (60 to 90), 75\u202f% of the value shown."
    assert sentences.largest([Point("a", 0)], "value") == "No value to show."
