"""The page of the journey: where it goes on or ends, how contacts are settled, and which events weigh most later."""

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


def stages(source: Source) -> Section | None:
    """Return how many entries of each stage went on, before and after the purchase apart."""
    rows = source.rows("journey_stages") if source.has("marts.mart_journey_stages") else []
    found = [
        Table(
            f"journey_stages_{'after' if is_after else 'before'}",
            "From the purchase on" if is_after else "Before and with the purchase",
            ("Stage", "Entries", "Went on", "Share", "Ended without", "Contacts"),
            [
                [
                    parts.name(row["stage_name"]),
                    parts.figure(row["entered_count"]),
                    parts.figure(row["mature_converted_count"]),
                    parts.share(row["conversion_rate"]),
                    parts.figure(row["dropped_count"]),
                    parts.figure(row["contact_count"]),
                ]
                for row in group
            ],
        )
        for is_after, group in groupby(rows, lambda row: row["is_post_purchase"])
    ]
    lead = (
        "Entries of the last twelve complete months, of known customers. Stages before and after the purchase never"
        " share a rate, and only entries that are old enough are in one. A contact belongs to the order that follows"
        " it, so before the purchase most entries go on."
    )
    return Section("Stages", found, lead) if found else None


def first_contact(source: Source) -> Section | None:
    """Return which cases were settled at the first contact."""
    rows = source.rows("first_contact") if source.has("marts.mart_first_contact") else []
    table = Table(
        "first_contact",
        "Cases opened in the last twelve complete months, by reason",
        ("Reason", "Cases", "Resolved", "At first contact", "Came again", "Reopened", "Handed over"),
        [
            [
                parts.code(row["reason"]),
                parts.figure(row["case_count"]),
                parts.figure(row["resolved_count"]),
                parts.share(row["first_contact_rate"]),
                parts.figure(row["repeated_count"]),
                parts.figure(row["reopened_count"]),
                parts.figure(row["handed_over_count"] if row["known_handover_count"] else None),
            ]
            for row in rows
        ],
    )
    return Section("Settled at the first contact", [table]) if rows else None


def channels(source: Source) -> Section | None:
    """Return the most frequent changes of channel and how they ended."""
    rows = source.rows("channel_switches") if source.has("marts.mart_channel_transitions") else []
    table = Table(
        "channel_switches",
        "Contacts on another channel than the contact before in the same journey",
        ("From", "To", "Contacts", "Same issue again", "Known outcome", "Ended well"),
        [
            [
                parts.name(row["from_name"]),
                parts.name(row["to_name"]),
                parts.figure(row["contact_count"]),
                parts.figure(row["same_issue_repeat_count"]),
                parts.figure(row["outcome_count"]),
                parts.share(row["success_rate"]),
            ]
            for row in rows
        ],
    )
    return Section("Changes of channel", [table]) if rows else None


def touchpoints(source: Source) -> Section | None:
    """Return traffic and feedback of each touchpoint."""
    rows = source.rows("touchpoints") if source.has("marts.mart_touchpoints") else []
    table = Table(
        "touchpoints",
        "Touchpoints with most contacts in the last twelve complete months",
        ("Touchpoint", "Department", "Contacts", "Customer known", "Invitations", "Answered", "NPS answers", "NPS"),
        [
            [
                parts.name(row["touchpoint_name"]),
                parts.code(row["owner_department"]),
                parts.figure(row["contact_count"]),
                parts.share(row["known_contact_rate"]),
                parts.figure(row["delivered_count"]),
                parts.share(row["response_rate"]),
                parts.figure(row["nps_answer_count"]),
                parts.figure(row["nps"]),
            ]
            for row in rows
        ],
    )
    return Section("Touchpoints", [table]) if rows else None


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
    "Where does the journey go on, how are contacts settled, and which events weigh most later?",
    (moments, stages, first_contact, channels, touchpoints),
)
