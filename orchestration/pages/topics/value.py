"""The page of lifetime value: what customers are worth, where the value lies, and how well forecasts came true."""

from __future__ import annotations

from functools import partial

from orchestration.pages import charts, parts
from orchestration.pages.charts import Point
from orchestration.pages.page import Page
from orchestration.pages.parts import Chart, Figure, Section, Table
from orchestration.pages.sentences import extremes, interval, largest, left_out
from orchestration.pages.source import Source
from orchestration.pages.topics.common import name_of, points_table
from orchestration.pages.words import counted, label, money, number, percent

CUSTOMERS = "marts.mart_customer_lifetime_value"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


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


def honesty(source: Source) -> Section | None:
    """Return how earlier forecasts came true, and the pace of the year."""
    found = [chart for build in (_accuracy, _calibration, _season, _contracts) if (chart := build(source))]
    lead = "The models are fitted as they would have been in the past, and their forecasts compared with what came."
    return Section("How far forecasts can be trusted", found, lead) if found else None


def _accuracy(source: Source) -> Chart | None:
    rows = source.rows("forecast_accuracy") if source.has("marts.mart_forecast_accuracy_total") else []
    rows = [row for row in rows if row["order_error_rate"] is not None]
    if not rows:
        return None
    points = [
        Point(
            f"{row['outcome_days']} days",
            row["order_error_rate"],
            row["order_error_rate_low"],
            row["order_error_rate_high"],
            row["forecast_count"],
        )
        for row in rows
    ]
    first, naive = points[0], rows[0]["naive_error_rate"]
    covers = first.low is not None and first.high is not None and first.low <= 0 <= first.high
    sentence = (
        f"Over {first.label} the orders expected differed from those that came by"
        f" {interval(first.value, first.low, first.high, percent)};"
        f" {'the interval contains 0' if covers else 'more than chance explains'}."
        f" The naive yardstick: {percent(naive)}."
    )
    table = Table(
        "forecast_accuracy",
        "Orders expected and orders that came",
        ("Horizon", "Customers", "Expected", "Came", "Error", "95 % interval", "Naive error"),
        [
            [
                parts.name(point.label),
                parts.figure(row["forecast_count"]),
                parts.figure(row["expected_orders"]),
                parts.figure(row["order_count"]),
                parts.share(row["order_error_rate"]),
                parts.between(point.low, point.high, 1, is_share=True),
                parts.share(row["naive_error_rate"]),
            ]
            for row, point in zip(rows, points, strict=True)
        ],
    )
    drawing = partial(charts.dots, points, title="(expected − came) ÷ came", form=".0%", reference=0)
    return Chart(
        "Error of the forecasts",
        drawing,
        sentence,
        table,
        "marts.mart_forecast_accuracy_total.order_error_rate",
    )


def _calibration(source: Source) -> Chart | None:
    rows = source.rows("calibration") if source.has("marts.mart_clv_calibration") else []
    if not rows:
        return None
    points = [
        Point(str(row["decile"]), row[f"mean_{which}_orders"], base=row["customer_count"], series=which)
        for which in ("expected", "actual")
        for row in rows
    ]
    top = max(rows, key=lambda row: row["decile"])
    sentence = (
        f"Customers in decile {top['decile']} were expected to order {number(top['mean_expected_orders'], 2)} times and"
        f" ordered {number(top['mean_actual_orders'], 2)} times ({counted(top['customer_count'], 'customer')})."
    )
    table = Table(
        "calibration",
        "Expected and actual orders per customer in the holdout, by decile of expected orders",
        ("Decile", "Customers", "Expected", "Actual"),
        [
            [
                parts.name(row["decile"]),
                parts.figure(row["customer_count"]),
                parts.figure(row["mean_expected_orders"], 2),
                parts.figure(row["mean_actual_orders"], 2),
            ]
            for row in rows
        ],
    )
    base = f"{min(row['customer_count'] for row in rows)} to {max(row['customer_count'] for row in rows)}"
    drawing = partial(
        charts.lines, points, title="orders per customer", form=",.1f", x_title=f"decile ({base} customers each)"
    )
    return Chart(
        "Expected and actual, from the least to the most active",
        drawing,
        sentence,
        table,
        "marts.mart_clv_calibration.mean_actual_orders",
        ("Counts of the holdout; they have no interval.",),
    )


def _season(source: Source) -> Chart | None:
    rows = source.rows("season") if source.has("marts.mart_clv_season") else []
    if not rows:
        return None
    points = [
        Point(MONTHS[row["month_number"] - 1], row["seasonal_index"], base=row["actual_order_count"]) for row in rows
    ]
    high = max(points, key=lambda point: point.value or 0)
    sentence = f"{high.label} has {number(high.value, 2)} times the orders of an average month of the year."
    table = Table(
        "season",
        "Seasonal index of purchases",
        ("Month", "Orders", "Index", "Own weight"),
        [
            [
                parts.name(point.label),
                parts.figure(row["actual_order_count"]),
                parts.figure(row["seasonal_index"], 3),
                parts.share(row["own_weight"], 0),
            ]
            for row, point in zip(rows, points, strict=True)
        ],
    )
    drawing = partial(charts.over_time, points, title="index", form=".2f", base_title="orders", reference=1)
    return Chart(
        "Pace of the year",
        drawing,
        sentence,
        table,
        "marts.mart_clv_season.seasonal_index",
        ("Months of all whole years together; each is drawn towards 1 as far as chance explains it.",),
    )


def _contracts(source: Source) -> Chart | None:
    rows = source.rows("contract_survival") if source.has("marts.mart_contract_survival") else []
    if not rows:
        return None
    points = [
        Point(
            str(row["period_number"]),
            row["renewal_rate"],
            row["renewal_rate_low"],
            row["renewal_rate_high"],
            row["due_count"],
            series=label(row["plan"]),
        )
        for row in rows
    ]
    firsts = list({point.series: point for point in reversed(points)}.values())[::-1]
    plans = [Point(p.series, p.value, p.low, p.high, p.base) for p in firsts]
    table = Table(
        "contract_survival",
        "Contracts renewed, by plan and number of the renewal",
        ("Plan", "Renewal", "Contracts due", "Renewed", "95 % interval"),
        [
            [
                parts.name(point.series),
                parts.figure(int(point.label)),
                parts.figure(point.base),
                parts.share(point.value),
                parts.between(point.low, point.high, 1, is_share=True),
            ]
            for point in points
        ],
    )
    drawing = partial(charts.lines, points, title="renewed", form=".0%", x_title="number of the renewal")
    return Chart(
        "Contracts renewed",
        drawing,
        f"At the first renewal shown. {extremes(plans, 'contract', percent)}",
        table,
        "marts.mart_contract_survival.renewal_rate",
        left_out(rows[0]["group_count"], len(plans), "plan", source.minimum_base),
    )


PAGE = Page(
    "value",
    "Lifetime value",
    "What are our customers worth, where does the value lie, and can the forecasts be trusted?",
    (totals, where, honesty),
)
