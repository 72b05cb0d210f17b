"""The page of lifetime value: what customers are worth, and where the value lies."""

from __future__ import annotations

from functools import partial

from orchestration.pages import charts, parts
from orchestration.pages.charts import Point
from orchestration.pages.page import Page
from orchestration.pages.parts import Chart, Figure, Section, Table
from orchestration.pages.sentences import extremes, largest, left_out
from orchestration.pages.source import Source
from orchestration.pages.topics import forecasts
from orchestration.pages.topics.common import name_of, points_table
from orchestration.pages.words import counted, money

CUSTOMERS = "marts.mart_customer_lifetime_value"


def totals(source: Source) -> Section | None:
    """Return the value of all customers."""
    if not source.has(CUSTOMERS):
        return None
    [total] = source.rows("value_total")
    if total["customer_count"] < source.minimum_base:
        return None
    in_money = partial(money, currency=source.currency)
    figures = [
        Figure(
            "residual_value_amount",
            "Value to come",
            in_money(total["residual_value_amount"]),
            f"{CUSTOMERS}.residual_value_amount",
            parts.exact(total["residual_value_amount"]),
            f"{in_money(total['residual_low'])} to {in_money(total['residual_high'])}",
            f"margin forecast of {counted(total['forecast_count'], 'customer')}",
        ),
        Figure(
            "historic_value_amount",
            "Historic value",
            in_money(total["historic_value_amount"]),
            f"{CUSTOMERS}.historic_value_amount",
            parts.exact(total["historic_value_amount"]),
            base=f"margin of {counted(total['buyer_count'], 'buyer')}, all counted",
        ),
        Figure(
            "revenue_amount",
            "Revenue so far",
            in_money(total["revenue_amount"]),
            f"{CUSTOMERS}.revenue_amount",
            parts.exact(total["revenue_amount"]),
            base=f"of {counted(total['buyer_count'], 'buyer')}, all counted",
        ),
    ]
    lead = (
        "Value to come is the discounted margin that forecasts expect in the coming year. Its interval is that of"
        " another draw of such customers; how far forecasts were off is shown below."
    )
    return Section("All customers", figures, lead)


def where(source: Source) -> Section | None:
    """Return where the value to come lies: segments, lifecycle stages, tiers."""
    if not source.has(CUSTOMERS):
        return None
    charted = [
        *_by(source, "value_by_segment", "segment", "Segments"),
        *_by(source, "value_by_lifecycle", "lifecycle stage", "Lifecycle stages"),
    ]
    return Section("Where the value lies", [*charted, _tiers(source)]) if charted else None


def _by(source: Source, query: str, noun: str, title: str) -> list[Chart]:
    rows = source.rows(query)
    shown = [row for row in rows if row["forecast_count"] >= source.minimum_base]
    if not shown:
        return []
    notes = left_out(rows[0]["group_count"], len(shown), noun, source.minimum_base)
    in_money = partial(money, currency=source.currency)

    def points(column: str, prefix: str) -> list[Point]:
        return [
            Point(name_of(row), row[column], row[f"{prefix}_low"], row[f"{prefix}_high"], row["forecast_count"])
            for row in shown
        ]

    totals, means = points("residual_value_amount", "residual"), points("mean_amount", "mean")
    headings = (noun.capitalize(), "Customers with a forecast", source.currency, "95 % interval")
    return [
        Chart(
            f"{title}: value to come",
            partial(charts.bars, totals, title=source.currency),
            largest(totals, "value to come", in_money),
            points_table(f"{query}_total", f"Value to come by {noun}", headings, totals),
            f"{CUSTOMERS}.residual_value_amount",
            notes,
        ),
        Chart(
            f"{title}: value to come per customer",
            partial(charts.dots, means, title=f"{source.currency} per customer"),
            extremes(means, "customer", in_money),
            points_table(f"{query}_mean", f"Value to come per customer by {noun}", headings, means),
            "marts.mart_clv_by_segment_stage.mean_residual_value_amount",
            notes,
        ),
    ]


def _tiers(source: Source) -> Table:
    rows = [row for row in source.rows("value_tiers") if row["customer_count"] >= source.minimum_base]
    return Table(
        "value_tiers",
        "Value tiers: ranges of the forecast value of a customer, which move with every night",
        ("Tier", "Customers", "From", "To", "Value to come", "Share"),
        [
            [
                parts.code(row["value_tier"]),
                parts.figure(row["customer_count"]),
                parts.amount(row["lowest_amount"], source.currency),
                parts.amount(row["highest_amount"], source.currency),
                parts.amount(row["residual_value_amount"], source.currency),
                parts.share(row["share_rate"]),
            ]
            for row in rows
        ],
    )


PAGE = Page(
    "value",
    "Lifetime value",
    "What are our customers worth, where does the value lie, and can the forecasts be trusted?",
    (totals, where, forecasts.honesty),
)
