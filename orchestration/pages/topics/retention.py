"""The page of retention: who buys again, what revenue stays, where it comes from and goes."""

from __future__ import annotations

from functools import partial

from orchestration.pages import charts, parts
from orchestration.pages.charts import Point
from orchestration.pages.page import Page
from orchestration.pages.parts import Cell, Chart, Figure, Section, Table
from orchestration.pages.sentences import left_out
from orchestration.pages.source import Row, Source
from orchestration.pages.topics.common import Measure, compared, followed, period_points
from orchestration.pages.words import counted, money, month, percent

CUSTOMERS_KEPT = Measure("share kept", "customer", "~%", percent, 1, is_share=True)
REVENUE_KEPT = Measure("revenue kept", "customer", "~%", percent, 1, is_share=True, reference=1)
FLOWS = ("new", "reactivated", "expansion", "contraction", "churned")
LOST = {"contraction", "churned"}


def headline(source: Source) -> Section | None:
    """Return the figures of the last complete month."""
    rows = _months(source)
    last = next((row for row in reversed(rows) if row["is_complete"]), None)
    if last is None:
        return None
    before = _before(last)
    figures = [
        Figure(
            "logo_retention_rate",
            f"Customers kept, {month(last['period'])}",
            percent(last["value"]),
            "marts.mart_retention_by_segment_stage.logo_retention_rate",
            parts.exact(last["value"]),
            f"{percent(last['low'])} to {percent(last['high'])}",
            f"of {counted(last['base'], 'buyer')} {before}",
        ),
        Figure(
            "net_revenue_retention_rate",
            f"Net revenue retention, {month(last['period'])}",
            percent(last["net_rate"]),
            "marts.mart_retention_by_segment_stage.net_revenue_retention_rate",
            parts.exact(last["net_rate"]),
            base=f"of {money(last['base_revenue_amount'], source.currency)} {before}, all counted",
        ),
        Figure(
            "gross_revenue_retention_rate",
            f"Gross revenue retention, {month(last['period'])}",
            percent(last["gross_rate"]),
            "marts.mart_retention_by_segment_stage.gross_revenue_retention_rate",
            parts.exact(last["gross_rate"]),
            base="without what customers bought more",
        ),
    ]
    return Section("Last complete month", figures)


def _months(source: Source) -> list[Row]:
    if not source.has("marts.mart_retention_by_segment_stage"):
        return []
    return source.rows("retention_months", mart="mart_retention_by_segment_stage")


def _before(row: Row) -> str:
    """Return the period that a month is compared with, in words."""
    length, distance = (f"{row[name]} months" for name in ("period_months", "distance_months"))
    return f"in the {length} that ended {distance} earlier"


def kept(source: Source) -> Section | None:
    """Return customers kept over time and by group."""
    found = over_time(source)
    if not found:
        return None
    for column, dimension, noun, order in (
        ("segment", "dim_segments", "segment", "base desc"),
        ("lifecycle_stage", "dim_lifecycle_stages", "lifecycle stage", "any_value(dim.stage_order) nulls last"),
    ):
        groups = source.rows("retention_groups", column=column, dimension=dimension, order=order)
        if groups:
            found += compared(
                source,
                groups,
                CUSTOMERS_KEPT,
                name=f"retention_by_{column}",
                title=f"Customers kept by {noun}",
                noun=noun,
                definition="marts.mart_retention_by_segment_stage.logo_retention_rate",
                when=month(groups[0]["period"]),
            )
    return Section("Who buys again", found)


def over_time(source: Source) -> list[Chart]:
    """Return customers kept over months: of orders, and of subscriptions."""
    found: list[Chart] = []
    if rows := _months(source):
        found += followed(
            source,
            period_points(rows, month),
            CUSTOMERS_KEPT,
            name="retention_months",
            title="Customers kept, orders",
            definition="marts.mart_retention_by_segment_stage.logo_retention_rate",
            notes=(f"Buyers {_before(rows[-1])}; a month that has not ended still gains orders.",),
        )
    if source.has("marts.mart_subscription_retention"):
        found += followed(
            source,
            period_points(source.rows("retention_months", mart="mart_subscription_retention"), month),
            CUSTOMERS_KEPT,
            name="subscription_months",
            title="Customers kept, subscriptions",
            definition="marts.mart_subscription_retention.logo_retention_rate",
        )
    return found


def revenue(source: Source) -> Section | None:
    """Return where revenue came from and went: the bridges, and the growth of a year."""
    found: list[Chart] = []
    for name, title, mart, period in (
        ("bridge_year", "Revenue of the last complete year, orders", "mart_revenue_bridge_yearly", "year_start_date"),
        ("bridge_month", "Revenue of the last complete month, orders", "mart_revenue_bridge", "month_start_date"),
        ("bridge_contracts", "Subscriptions, last complete month", "mart_subscription_bridge", "month_start_date"),
    ):
        if source.has(f"marts.{mart}"):
            found += _bridge(source, name, title, mart, period)
    if source.has("marts.mart_earned_growth") and (rows := source.rows("growth")):
        found += compared(
            source,
            rows,
            REVENUE_KEPT,
            name="growth",
            title="Net revenue retention of a year, by segment",
            noun="segment",
            definition="marts.mart_earned_growth.net_revenue_retention_rate",
            when=str(rows[0]["period"].year),
        )
    return Section("What revenue stays", found) if found else None


def _bridge(source: Source, name: str, title: str, mart: str, period: str) -> list[Chart]:
    rows = source.rows("bridge", mart=mart, period=period)
    if not rows:
        return []
    [row] = rows
    in_money = partial(money, currency=source.currency)
    when = str(row["period"].year) if period == "year_start_date" else month(row["period"])
    flows = [
        (flow, (-1 if flow in LOST else 1) * row[f"{flow}_amount"], row[f"{flow}_customer_count"]) for flow in FLOWS
    ]
    shown = [flow for flow in flows if flow[2] >= source.minimum_base]
    points = [Point(flow, value, base=count) for flow, value, count in shown]
    sentence = (
        f"{when}: from {in_money(row['opening_amount'])} to {in_money(row['closing_amount'])};"
        f" {counted(row['new_customer_count'], 'new customer')},"
        f" {counted(row['churned_customer_count'], 'lost customer')}"
        f" of {counted(row['opening_customer_count'], 'customer')}."
    )
    ends = [
        [Cell(end), parts.figure(row[f"{end}_customer_count"]), parts.amount(row[f"{end}_amount"], source.currency)]
        for end in ("opening", "closing")
    ]
    body = [
        ends[0],
        *([Cell(flow), parts.figure(count), parts.amount(value, source.currency)] for flow, value, count in shown),
        ends[1],
    ]
    return [
        Chart(
            title,
            partial(charts.bars, points, title=source.currency),
            sentence,
            Table(name, f"{title}, {when}", ("Flow", "Customers", "Revenue"), body),
            f"marts.{mart}.closing_amount",
            (
                "Every cent is counted, so there is no interval. In brackets: customers.",
                *left_out(len(flows), len(shown), "flow", source.minimum_base),
            ),
        )
    ]


def cohorts(source: Source) -> Section | None:
    """Return how many customers of each month ordered again, by months since the first order."""
    rows = source.rows("cohorts") if source.has("marts.mart_retention_cohorts") else []
    if not rows:
        return None
    cells = {(row["cohort"], row["age_months"]): row for row in rows}
    months = sorted({row["cohort"] for row in rows})
    sizes = {row["cohort"]: row["base"] for row in rows}
    chart = _first_months(source, rows)
    table = Table(
        "cohorts",
        "Share of the customers of a month who ordered in a later month, by months since the first order",
        ("First order", "Customers", *(str(age) for age in range(1, 13))),
        [
            [
                Cell(month(cohort)),
                parts.figure(sizes[cohort]),
                *(
                    parts.share(cells[cohort, age]["value"]) if (cohort, age) in cells else Cell("", is_number=True)
                    for age in range(1, 13)
                ),
            ]
            for cohort in months
        ],
    )
    return Section("Cohorts", [*chart, table])


def _first_months(source: Source, rows: list[Row]) -> list[Chart]:
    first = [{**row, "period": row["cohort"], "is_complete": True} for row in rows if row["age_months"] == 1]
    return followed(
        source,
        period_points(first, month),
        CUSTOMERS_KEPT,
        name="cohorts_first_month",
        title="Ordered again in the month after the first order",
        definition="marts.mart_retention_cohorts.retention_rate",
    )


PAGE = Page(
    "retention",
    "Retention",
    "Who stays, what revenue stays, and where does it go?",
    (headline, kept, revenue, cohorts),
)
