"""The page of the journey: which events between order and next order are associated with what customers do later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby

from orchestration.pages import charts, parts
from orchestration.pages.charts import Point
from orchestration.pages.page import Page
from orchestration.pages.parts import Chart, Figure, Section, Table
from orchestration.pages.sentences import interval
from orchestration.pages.source import Row, Source
from orchestration.pages.words import Number, counted, number, percent

MOMENTS = "marts.mart_moments_of_truth"
AXES = {
    "next_order_value": "log of the amount",
    "no_next_order": "share without an order",
    "next_nps_answer": "points",
}


def moments(source: Source) -> Section | None:
    """Return the moments of truth of each outcome."""
    rows = source.rows("moments_of_truth") if source.has(MOMENTS) else []
    found = [_outcome(list(group)) for _, group in groupby(rows, lambda row: row["later_outcome"])]
    lead = (
        "Orders and cases with the event against those without it, adjusted for who the customers are and what they had"
        " bought before. Associations, not causes. The plain difference compares different customers."
    )
    return Section("Moments of truth", found, lead) if found else None


def largest(source: Source) -> Section | None:
    """Return the largest significant moment of truth of each outcome, for the brief."""
    rows = source.rows("moments_of_truth") if source.has(MOMENTS) else []
    found = [
        Figure(
            f"moment_{row['later_outcome']}",
            f"{row['event_name']}: {row['outcome_name'].lower()}",
            _form(row)(row["adjusted_difference"]),
            f"{MOMENTS}.adjusted_difference",
            parts.exact(row["adjusted_difference"]),
            f"{_form(row)(row['adjusted_difference_low'])} to {_form(row)(row['adjusted_difference_high'])}",
            f"{counted(row['event_count'], 'time')} in twelve months",
        )
        for row in rows
        if row["moment_rank"] == 1 and row["is_significant_adjusted"]
    ]
    lead = "The event with the largest adjusted difference times frequency, of each outcome. Associations, not causes."
    return Section("Moments of truth", found, lead) if found else None


def _form(row: Row) -> Callable[[Number | None], str]:
    """How a difference of this outcome is written."""
    return percent if row["later_outcome"] == "no_next_order" else partial(number, digits=2)


def _outcome(rows: Sequence[Row]) -> Chart:
    first = rows[0]
    form = _form(first)
    points = [
        Point(
            row["event_name"],
            row["adjusted_difference"],
            row["adjusted_difference_low"],
            row["adjusted_difference_high"],
            row["event_count"],
        )
        for row in rows
    ]
    said = "significant" if first["is_significant_adjusted"] else "not significant"
    sentence = (
        f"{first['event_name']}: {interval(points[0].value, points[0].low, points[0].high, form)},"
        f" {counted(first['event_count'], 'time')} in twelve months; {said} after adjustment for all comparisons."
    )
    table = Table(
        f"moments_{first['later_outcome']}",
        first["outcome_name"],
        ("Event", "Times", "Adjusted", "95 % interval", "Adjusted p", "Times × difference", "Plain"),
        [
            [
                parts.name(row["event_name"]),
                parts.figure(row["event_count"]),
                parts.figure(row["adjusted_difference"], 3),
                parts.between(point.low, point.high, 3),
                parts.figure(row["adjusted_p_value"], 3),
                parts.figure(row["total_difference"]),
                parts.figure(row["naive_difference"], 3),
            ]
            for row, point in zip(rows, points, strict=True)
        ],
    )
    return Chart(
        first["outcome_name"],
        partial(charts.dots, points, title=AXES[first["later_outcome"]], form="~f", reference=0),
        sentence,
        table,
        f"{MOMENTS}.adjusted_difference",
    )


PAGE = Page(
    "journeys",
    "Journeys",
    "Which events between order and next order matter most?",
    (moments,),
)
