"""The part of the page of lifetime value that says how far forecasts can be trusted."""

from __future__ import annotations

from functools import partial

from orchestration.pages import charts, parts
from orchestration.pages.charts import Point
from orchestration.pages.parts import Chart, Section, Table
from orchestration.pages.sentences import extremes, interval, left_out
from orchestration.pages.source import Source
from orchestration.pages.words import counted, label, number, percent

LEAST_IN_TWO_DIGITS = 0.1
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


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
    drawing = partial(charts.dots, points, title="(expected − came) ÷ came", form="~%", reference=0)
    return Chart(
        "Error of the forecasts",
        drawing,
        sentence,
        table,
        "marts.mart_forecast_accuracy_total.order_error_rate",
    )


def _calibration(source: Source) -> Chart | None:
    rows = source.rows("calibration") if source.has("marts.mart_clv_calibration") else []
    if len(rows) < 2:
        return None
    points = [
        Point(str(row["decile"]), row[f"mean_{which}_orders"], base=row["customer_count"], series=which)
        for which in ("expected", "actual")
        for row in rows
    ]
    top = max(rows, key=lambda row: row["decile"])
    digits = 2 if max(row["mean_expected_orders"] for row in rows) > LEAST_IN_TWO_DIGITS else 4
    sentence = (
        f"Customers in decile {top['decile']} were expected to order"
        f" {number(top['mean_expected_orders'], digits)} times"
        f" and ordered {number(top['mean_actual_orders'], digits)} times"
        f" ({counted(top['customer_count'], 'customer')})."
    )
    table = Table(
        "calibration",
        "Expected and actual orders per customer in the holdout, by decile of expected orders",
        ("Decile", "Customers", "Expected", "Actual"),
        [
            [
                parts.name(row["decile"]),
                parts.figure(row["customer_count"]),
                parts.figure(row["mean_expected_orders"], digits),
                parts.figure(row["mean_actual_orders"], digits),
            ]
            for row in rows
        ],
    )
    base = f"{min(row['customer_count'] for row in rows)} to {max(row['customer_count'] for row in rows)}"
    drawing = partial(
        charts.lines, points, title="orders per customer", form=",~f", x_title=f"decile ({base} customers each)"
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
    drawing = partial(charts.lines, points, title="renewed", form="~%", x_title="number of the renewal")
    return Chart(
        "Contracts renewed",
        drawing,
        f"At the first renewal shown. {extremes(plans, 'contract', percent)}",
        table,
        "marts.mart_contract_survival.renewal_rate",
        left_out(rows[0]["group_count"], len(plans), "plan", source.minimum_base),
    )
