"""The page of scores: NPS over time and by group, what moved it, satisfaction, effort and expectations."""

from __future__ import annotations

from collections.abc import Sequence

from orchestration.pages import parts
from orchestration.pages.page import Page
from orchestration.pages.parts import Cell, Chart, Figure, Section, Table
from orchestration.pages.sentences import SIGNIFICANT_BELOW, change
from orchestration.pages.source import Row, Source
from orchestration.pages.topics.common import EASE, NPS, SHARE, Measure, compared, followed, period_points
from orchestration.pages.words import Number, counted, label, month, number, quarter, signed

CHANGES = "marts.mart_nps_change_quarterly"
SPLITS = {"segment": "segments", "lifecycle": "lifecycle stages", "stage": "journey stages"}


def quarters(source: Source) -> dict[str, list[Row]]:
    """Return the quarters of each survey type, the oldest first."""
    rows = source.rows("nps_quarters") if source.has(CHANGES) else []
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["survey_type"], []).append(row)
    return found


def last_complete(rows: Sequence[Row]) -> Row | None:
    """Return the last complete quarter with a score."""
    return next((row for row in reversed(rows) if row["is_complete"] and row["value"] is not None), None)


def change_of(row: Row) -> str:
    """Return the change of a quarter since the one before, in words."""
    return change(row["change"], row["p_value"], "the quarter before")


def headline(source: Source) -> Section | None:
    """Return the NPS of the last complete quarter, by survey type."""
    figures = [
        Figure(
            f"nps_{survey_type}",
            f"NPS, {label(survey_type)} surveys, {quarter(row['period'])}",
            number(row["value"], 1),
            f"{CHANGES}.nps",
            parts.exact(row["value"]),
            f"{number(row['low'], 1)} to {number(row['high'], 1)}",
            counted(row["base"], "answer"),
            change_of(row),
        )
        for survey_type, rows in quarters(source).items()
        if (row := last_complete(rows))
    ]
    return Section("Last complete quarter", figures) if figures else None


def satisfaction(source: Source) -> Section | None:
    """Return satisfaction and ease of the last complete month, by survey type."""
    figures = []
    for query, name, title, column, measure in (
        ("csat_months", "csat", "Satisfied (CSAT)", "csat_rate", SHARE),
        ("ces_months", "ces", "Ease (CES), 1 to 7", "ces_mean", EASE),
    ):
        table = f"marts.mart_{name}_scores_total"
        rows = source.rows(query) if source.has(table) else []
        for survey_type in dict.fromkeys(row["survey_type"] for row in rows):
            complete = [row for row in rows if row["survey_type"] == survey_type and row["is_complete"]]
            if complete:
                last, before = complete[-1], complete[-2:-1]
                figures.append(
                    Figure(
                        f"{name}_{survey_type}",
                        f"{title}, {label(survey_type)} surveys, {month(last['period'])}",
                        measure.form(last["value"]),
                        f"{table}.{column}",
                        parts.exact(last["value"]),
                        f"{measure.form(last['low'])} to {measure.form(last['high'])}",
                        counted(last["base"], "answer"),
                        *(_beside(last, row, measure) for row in before),
                    )
                )
    return Section("Last complete month", figures) if figures else None


def _beside(row: Row, before: Row, measure: Measure) -> str:
    """Return a month beside the one before; without a test, only whether the intervals overlap."""
    overlaps = row["low"] <= before["high"] and before["low"] <= row["high"]
    finding = "intervals overlap" if overlaps else "intervals do not overlap"
    return f"{measure.form(before['value'])} in {month(before['period'])}; {finding}"


def recommendation(source: Source) -> Section | None:
    """Return NPS over quarters and by group."""
    found = [*over_time(source), *_by_group(source)]
    return Section("Recommendation (NPS)", found) if found else None


def over_time(source: Source) -> list[Chart]:
    """Return NPS over quarters, a chart per survey type."""
    found: list[Chart] = []
    for survey_type, rows in quarters(source).items():
        kind, last = label(survey_type), last_complete(rows)
        found += followed(
            source,
            period_points(rows, quarter),
            NPS,
            name=f"nps_quarters_{survey_type}",
            title=f"NPS by quarter, {kind} surveys",
            definition=f"{CHANGES}.nps",
            finding=f"Change: {change_of(last)}." if last else "",
        )
    return found


def _by_group(source: Source) -> list[Chart]:
    found: list[Chart] = []
    for query, noun, mart in (
        ("nps_by_stage", "journey stage", "stage"),
        ("nps_by_segment", "segment", "segment"),
        ("nps_by_lifecycle", "lifecycle stage", "lifecycle"),
    ):
        if not source.has(f"marts.mart_nps_change_by_{mart}_quarterly"):
            continue
        rows = source.rows(query)
        for survey_type in dict.fromkeys(row["survey_type"] for row in rows):
            own = [row for row in rows if row["survey_type"] == survey_type]
            found += compared(
                source,
                own,
                NPS,
                name=f"{query}_{survey_type}",
                title=f"NPS by {noun}, {label(survey_type)} surveys",
                noun=noun,
                definition=f"marts.mart_nps_change_by_{mart}_quarterly.nps",
                when=quarter(own[0]["period"]),
                notes=_moved(own, source.minimum_base),
            )
    return found


def _moved(rows: Sequence[Row], minimum_base: int) -> list[str]:
    """Return which groups changed significantly, with all comparisons of the family taken into account."""
    shown = [row for row in rows if row["base"] >= minimum_base]
    sure = [row for row in shown if row["p_value"] is not None and row["p_value"] < SIGNIFICANT_BELOW]
    if not sure:
        return ["No group changed significantly since the quarter before (adjusted for the number of groups)."]
    return [f"{row['group_name']}: {change_of(row)}." for row in sure]


def movers(source: Source) -> Section | None:
    """Return how far the mix of groups and their own scores moved NPS in the last complete quarter."""
    rows = []
    for survey_type, periods in quarters(source).items():
        row = last_complete(periods)
        if row is None or row["change"] is None:
            continue
        for split, noun in SPLITS.items():
            mix, rate = row[f"{split}_mix_change"], row[f"{split}_rate_change"]
            if mix is not None and rate is not None:
                rows.append(
                    [
                        Cell(f"{label(survey_type)}, {quarter(row['period'])}"),
                        Cell(noun),
                        Cell(signed(row["change"]), parts.exact(row["change"]), is_number=True),
                        Cell(signed(mix), parts.exact(mix), is_number=True),
                        Cell(signed(rate), parts.exact(rate), is_number=True),
                        Cell(_finding(mix, rate, row["p_value"])),
                    ]
                )
    if not rows:
        return None
    table = Table(
        "movers",
        "Change of NPS since the quarter before, in points",
        ("Surveys", "Split by", "Change", "From the mix", "From the scores", "Finding"),
        rows,
    )
    lead = "The mix changes when other groups answer; the scores change when the same groups answer differently."
    return Section("What moved NPS", [table], lead)


def _finding(mix: Number, rate: Number, p_value: Number | None) -> str:
    moved = "mostly who answered" if abs(float(mix)) > abs(float(rate)) else "mostly how they answered"
    is_sure = p_value is not None and p_value < SIGNIFICANT_BELOW
    return moved if is_sure else f"{moved}; the change is not significant"


def other(source: Source) -> Section | None:
    """Return satisfaction, effort and expectations."""
    found: list[Chart] = []
    for query, measure, title, mart, column in (
        ("csat_months", SHARE, "Satisfied (CSAT)", "csat", "csat_rate"),
        ("ces_months", EASE, "Ease (CES)", "ces", "ces_mean"),
        ("expectation_months", SHARE, "Expectations met or exceeded", "expectation", "met_or_exceeded_rate"),
    ):
        table = f"marts.mart_{mart}_scores_total"
        rows = source.rows(query) if source.has(table) else []
        for survey_type in dict.fromkeys(row["survey_type"] for row in rows):
            own = [row for row in rows if row["survey_type"] == survey_type]
            found += followed(
                source,
                period_points(own, month),
                measure,
                name=f"{query}_{survey_type}",
                title=f"{title}, {label(survey_type)} surveys",
                definition=f"{table}.{column}",
            )
    return Section("Satisfaction, effort, expectations", found) if found else None


def touchpoints(source: Source) -> Section | None:
    """Return satisfaction and effort by touchpoint, in journey order."""
    found: list[Chart] = []
    for query, measure, title, mart, column in (
        ("csat_touchpoints", SHARE, "Satisfied (CSAT) by touchpoint", "csat", "csat_rate"),
        ("ces_touchpoints", EASE, "Ease (CES) by touchpoint", "ces", "ces_mean"),
    ):
        table = f"marts.mart_{mart}_scores"
        rows = source.rows(query) if source.has(table) else []
        found += _touchpoint_chart(source, rows, measure, query, title, f"{table}.{column}")
    return Section("Touchpoints, in the order of the journey", found) if found else None


def _touchpoint_chart(
    source: Source, rows: Sequence[Row], measure: Measure, query: str, title: str, definition: str
) -> list[Chart]:
    if not rows:
        return []
    when = "The last three complete months" if rows[0]["is_complete"] else "The last month"
    return compared(source, rows, measure, name=query, title=title, noun="touchpoint", definition=definition, when=when)


PAGE = Page(
    "scores",
    "Scores",
    "Would customers recommend us, are they satisfied, and was it easy? What changed, and is that more than chance?",
    (headline, recommendation, movers, other, touchpoints),
)
