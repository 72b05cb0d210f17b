"""The page of the survey programme: who answers, who is asked too often, and where nobody is asked."""

from __future__ import annotations

from orchestration.pages import parts
from orchestration.pages.charts import Point
from orchestration.pages.page import Page
from orchestration.pages.parts import Cell, Chart, Figure, Section, Table
from orchestration.pages.source import Source
from orchestration.pages.topics.common import Measure, compared, followed, period_points
from orchestration.pages.words import counted, month, percent

HEALTH = "marts.mart_survey_health"
RESPONSE = Measure("answered", "invitation", "~%", percent, 1, is_share=True)


def headline(source: Source) -> Section | None:
    """Return the response rate of the last complete month."""
    rows = source.rows("survey_months") if source.has(HEALTH) else []
    last = next((row for row in reversed(rows) if row["is_complete"]), None)
    if last is None:
        return None
    figure = Figure(
        "response_rate",
        f"Response to surveys, {month(last['period'])}",
        percent(last["value"]),
        f"{HEALTH}.response_rate",
        parts.exact(last["value"]),
        f"{percent(last['low'])} to {percent(last['high'])}",
        counted(last["base"], "delivered invitation"),
    )
    return Section("Last complete month", [figure])


def response(source: Source) -> Section | None:
    """Return the response rate over time and by survey."""
    if not source.has(HEALTH):
        return None
    found: list[Chart] = followed(
        source,
        period_points(source.rows("survey_months"), month),
        RESPONSE,
        name="survey_months",
        title="Response to all surveys",
        definition=f"{HEALTH}.response_rate",
        notes=("Answers may still come, so the rate of the last weeks rises.",),
    )
    rows = source.rows("survey_response")
    if rows:
        when = "The last three complete months" if rows[0]["is_complete"] else "The last month"
        found += compared(
            source,
            rows,
            RESPONSE,
            name="survey_response",
            title="Response by survey",
            noun="survey",
            definition=f"{HEALTH}.response_rate",
            when=when,
        )
    return Section("Who answers", found) if found else None


def fatigue(source: Source) -> Section | None:
    """Return how often people are asked again within the deployment's limit, and which questions they skip."""
    if not source.has(HEALTH):
        return None
    points = [
        Point(
            month(row["period"]),
            row["repeat_ask_rate"],
            row["repeat_low"],
            row["repeat_high"],
            row["ask_count"],
            is_complete=row["is_complete"],
        )
        for row in source.rows("survey_months")
        if row["ask_count"] >= source.minimum_base
    ]
    measure = Measure("asked again too soon", "request", "~%", percent, 1, is_share=True)
    found = followed(
        source,
        points,
        measure,
        name="survey_repeats",
        title="Asked again too soon",
        definition=f"{HEALTH}.repeat_ask_rate",
    )
    rows = [row for row in source.rows("survey_response") if row["base"] >= source.minimum_base]
    table = Table(
        "survey_load",
        "Load and skipped questions by survey, in the same months as above",
        ("Survey", "Type", "Invited", "Delivered", "Asked again too soon", "Questions skipped"),
        [
            [
                parts.name(row["group_name"]),
                parts.code(row["survey_type"]),
                parts.figure(row["invited_count"]),
                parts.figure(row["base"]),
                parts.share(row["repeat_ask_rate"]),
                parts.share(row["skip_rate"]),
            ]
            for row in rows
        ],
    )
    return Section("Fatigue", [*found, table]) if rows else None


def blind_spots(source: Source) -> Section | None:
    """Return the stages of the journey with contacts and without answers."""
    if not source.has("marts.mart_survey_blind_spots"):
        return None
    rows = source.rows("blind_spots")
    blind = [row["group_name"] for row in rows if row["contact_count"] and not row["response_count"]]
    lead = (
        f"Contacts but no answer in twelve months: {', '.join(blind)}."
        if blind
        else "Every stage with contacts has answers in the last twelve months."
    )
    table = Table(
        "blind_spots",
        "Contacts, delivered invitations and responses of the last twelve months, in the order of the journey",
        ("Journey stage", "Contacts", "Delivered", "Responses", "Finding"),
        [
            [
                parts.name(row["group_name"]),
                *(_count(row[f"{name}_count"], source.minimum_base) for name in ("contact", "delivered", "response")),
                Cell("blind" if row["group_name"] in blind else ""),
            ]
            for row in rows
        ],
    )
    return Section("Blind spots", [table], lead)


def _count(value: int, minimum_base: int) -> Cell:
    return Cell(f"under {minimum_base}", is_number=True) if 0 < value < minimum_base else parts.figure(value)


PAGE = Page(
    "surveys",
    "Surveys",
    "Who answers, whom do we ask too often, and where do we not ask at all?",
    (headline, response, fatigue, blind_spots),
)
