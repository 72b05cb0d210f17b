"""The page of customers, as aggregates only: lifecycle stages, tiers, and customers at risk."""

from __future__ import annotations

from functools import partial

from orchestration.pages import charts, parts
from orchestration.pages.charts import Point
from orchestration.pages.page import Page
from orchestration.pages.parts import Cell, Chart, Figure, Section, Table
from orchestration.pages.sentences import incomplete, largest, left_out
from orchestration.pages.source import Source
from orchestration.pages.words import clean, counted, label, money, month, number

STAGES = ("prospect", "new", "active", "at_risk", "lapsed", "won_back")
MEASURES = {"recency": "days since the last order", "frequency": "orders", "monetary": "revenue"}


def risk(source: Source) -> Section | None:
    """Return how many customers are at risk, and what forecasts still expect from them."""
    if not source.has("marts.mart_customer_lifetime_value"):
        return None
    [row] = source.rows("customers_at_risk")
    base = f"of {counted(row['buyer_count'], 'buyer')}"
    table = "marts.mart_customer_lifetime_value"
    figures = [
        Figure(
            "at_risk_count",
            "Customers at risk",
            number(row["at_risk_count"]),
            f"{table}.lifecycle_stage",
            row["at_risk_count"],
            base=f"{base}, by days since the last order",
        ),
        Figure(
            "likely_lost_count",
            "Customers more likely lost than not",
            number(row["likely_lost_count"]),
            f"{table}.customer_loss_probability",
            row["likely_lost_count"],
            base=f"of {counted(row['forecast_count'], 'customer')} with a forecast",
        ),
    ]
    shown = [figure for figure in figures if int(str(figure.value)) >= source.minimum_base or figure.value == 0]
    if row["stake_forecast_count"] >= source.minimum_base:
        shown.append(
            Figure(
                "stake_amount",
                "Value at stake",
                money(row["stake_amount"], source.currency),
                f"{table}.residual_value_amount",
                parts.exact(row["stake_amount"]),
                f"{money(row['stake_low'], source.currency)} to {money(row['stake_high'], source.currency)}",
                f"to come from {counted(row['stake_forecast_count'], 'customer')} at risk",
            )
        )
    return Section("At risk", shown) if shown else None


def lifecycle(source: Source) -> Section | None:
    """Return customers by lifecycle stage: over time, and by segment now."""
    if not source.has("marts.mart_lifecycle_overview"):
        return None
    rows = source.rows("lifecycle_months")
    if not rows:
        return None
    points = [
        Point(
            month(row["month_start_date"]),
            row["customer_count"],
            is_complete=row["is_complete"],
            series=clean(row["stage_name"]),
        )
        for row in rows
    ]
    last = points[-1].label
    now = [Point(point.series, point.value) for point in points if point.label == last]
    total = sum(int(point.value or 0) for point in now)
    chart = Chart(
        "Customers by lifecycle stage",
        partial(charts.stacked, points, title="customers"),
        f"{last}, {counted(total, 'customer')}: {largest(now, 'customers')}",
        Table(
            "lifecycle_months",
            "Customers by month and lifecycle stage",
            ("Month", "Lifecycle stage", "Customers", "Complete"),
            [
                [
                    parts.name(point.label),
                    parts.name(point.series),
                    parts.figure(point.value),
                    parts.name("yes" if point.is_complete else "no"),
                ]
                for point in points
            ],
        ),
        "marts.mart_lifecycle_overview.customer_count",
        (*incomplete(points, source.as_of_date), "All customers are counted, so there is no interval."),
    )
    return Section("Lifecycle", [chart, *_loss(source), *_by_segment(source)])


def _loss(source: Source) -> list[Chart]:
    rows = source.rows("loss_probability") if source.has("marts.mart_customer_360") else []
    if not rows:
        return []
    points = [Point(f"{row['tenth'] * 10} to {row['tenth'] * 10 + 10}\u202f%", row["customer_count"]) for row in rows]
    likely = [row for row in rows if row["tenth"] >= 5]
    count, value = (sum(row[name] or 0 for row in likely) for name in ("customer_count", "residual_value_amount"))
    return [
        Chart(
            "Customers by probability of loss",
            partial(charts.bars, points, title="customers", color=1),
            f"{counted(count, 'customer')} are more likely than not to be lost; forecasts expect"
            f" {money(value, source.currency)} from them.",
            Table(
                "loss_probability",
                "Customers by probability of no order and no running contract within the forecast",
                ("Probability", "Customers", "Value to come"),
                [
                    [
                        parts.name(point.label),
                        parts.figure(row["customer_count"]),
                        parts.amount(row["residual_value_amount"], source.currency),
                    ]
                    for point, row in zip(points, rows, strict=True)
                ],
            ),
            "marts.mart_customer_360.customer_loss_probability",
            ("Counts of forecasts, so there is no interval.",),
        )
    ]


def _by_segment(source: Source) -> list[Table]:
    rows = source.rows("lifecycle_by_segment") if source.has("marts.mart_customer_360") else []
    segments = {row["segment_name"]: row["segment_count"] for row in rows}
    drawn = {name: count for name, count in segments.items() if count >= source.minimum_base}
    if not drawn:
        return []
    cells = {(row["segment_name"], row["lifecycle_stage"]): row["customer_count"] for row in rows}
    shown = partial(_count, minimum_base=source.minimum_base)
    return [
        Table(
            "lifecycle_by_segment",
            "Customers by segment and lifecycle stage now",
            ("Segment", "Customers", *(label(stage).capitalize() for stage in STAGES)),
            [
                [
                    parts.name(clean(name)),
                    parts.figure(count),
                    *(shown(cells.get((name, stage), 0)) for stage in STAGES),
                ]
                for name, count in drawn.items()
            ],
            " ".join(left_out(rows[0]["group_count"], len(drawn), "segment", source.minimum_base)),
        )
    ]


def _count(value: int, minimum_base: int) -> Cell:
    """Return a count of customers; one below the minimum base only as that."""
    return Cell(f"under {minimum_base}", is_number=True) if 0 < value < minimum_base else parts.figure(value)


def tiers(source: Source) -> Section | None:
    """Return the tiers of recency, frequency and revenue."""
    rows = source.rows("rfm_tiers") if source.has("marts.mart_rfm_tiers") else []
    shown = [row for row in rows if row["customer_count"] >= source.minimum_base]
    if not shown:
        return None
    table = Table(
        "rfm_tiers",
        "Fifths of all buyers; 5 is best. Tiers are relative: they move when other customers order",
        ("Measure", "Tier", "Buyers", "From", "To"),
        [
            [
                parts.name(MEASURES[row["measure"]]),
                parts.figure(row["tier"]),
                parts.figure(row["customer_count"]),
                Cell(number(row["lowest_value"]), parts.exact(row["lowest_value"]), is_number=True),
                Cell(number(row["highest_value"]), parts.exact(row["highest_value"]), is_number=True),
            ]
            for row in shown
        ],
    )
    return Section("Recency, frequency, revenue", [table])


PAGE = Page(
    "customers",
    "Customers",
    "Who are our customers, where do they stand, and how many are at risk? Numbers of customers only.",
    (risk, lifecycle, tiers),
)
