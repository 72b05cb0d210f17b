"""Rules that the lifetime value marts must pass before they are published."""

from __future__ import annotations

from expectations.movements import MINIMUM_BASE, moves_by_share
from expectations.rules import between, never
from expectations.suite import MartSuite, ProfileRule


def finite(*columns: str) -> tuple[ProfileRule, ...]:
    """No value of the columns is infinite or NaN."""
    return tuple(
        rule
        for column in columns
        for rule in never(f"{column}_infinite", f"not isfinite(cast({column} as double))", f"{column} is not finite")
    )


# one order of this share of the revenue moves the value to come of all customers by about as much as may pass
COMPARED_SHARE = 0.1
DOMINANT_SHARE = 0.25
_LARGEST_SHARE = "max(abs(revenue_amount)) / sum(abs(revenue_amount))"


def no_dominant_customer() -> tuple[ProfileRule, ...]:
    """No customer has more than a quarter of the revenue so far: one order would then move all forecasts."""
    return (
        ProfileRule(
            "largest_revenue_share",
            "customer {largest_customer} has {largest_revenue_share} of the revenue so far: margin rates and spend"
            " forecasts of all customers depend on their orders, and the movement of the value to come is not judged."
            " Check the orders in fct_orders; a wrong amount is corrected by delivering the order again",
            at_most=DOMINANT_SHARE,
            severity="warn",
            figures={
                "largest_customer": "arg_max(customer_id, abs(revenue_amount))",
                "largest_revenue_share": f"if(count(*) >= {MINIMUM_BASE}, round({_LARGEST_SHARE}, 4), null)",
            },
        ),
    )


CUSTOMER_LIFETIME_VALUE = MartSuite(
    mart="mart_customer_lifetime_value",
    rules=(
        *between("order_count", 0),
        *between("tenure_days", 0),
        *between("days_since_last_order", 0),
        *between("alive_probability", 0, 1),
        *between("no_order_probability", 0, 1),
        *between("contract_loss_probability", 0, 1),
        *between("customer_loss_probability", 0, 1),
        *between("margin_rate", 0, 1),
        *between("expected_orders", 0),
        *between("expected_margin_amount", 0),
        *between("residual_value_amount", 0),
        *finite("historic_value_amount", "expected_orders", "expected_margin_amount", "residual_value_amount"),
        *never(
            "unexplained",
            "(historic_value_amount is null) <> (no_value_reason is not null)",
            "a value is missing without a reason, or has a reason beside it",
        ),
        *never(
            "unforeseen",
            "(residual_value_amount is null) <> (no_forecast_reason is not null)",
            "a forecast is missing without a reason, or has a reason beside it",
        ),
        *never(
            "unattributed",
            "residual_value_amount is not null and purchase_model = 'none' and contract_model = 'none'",
            "a forecast has no model",
        ),
        *never(
            "lost_without_renewal",
            "contract_loss_probability > 0 and contract_renewal_status <> 'due'",
            "a contract without a renewal in the horizon is lost",
        ),
        *never("time_travel", "first_order_date > last_order_date", "the first order is later than the last"),
        *no_dominant_customer(),
        *never("fit_ahead", "fit_date > as_of_date", "a fit is later than the as-of date"),
    ),
    movements=moves_by_share(
        "residual_value",
        "the value to come of all customers",
        "sum(residual_value_amount)",
        base="count(residual_value_amount)",
        limit="residual_value_change",
        unless=f"{_LARGEST_SHARE} > {COMPARED_SHARE}",
    ),
)

CLV_BY_SEGMENT_STAGE = MartSuite(
    mart="mart_clv_by_segment_stage",
    rules=(
        *between("customer_count", 1),
        *between("expected_orders", 0),
        *between("residual_value_amount", 0),
        *between("residual_value_share_rate", 0, 1),
        *between("top_decile_share_rate", 0, 1),
    ),
)

CLV_VALUE_TIERS = MartSuite(
    mart="mart_clv_value_tiers",
    rules=(
        *between("lowest_amount", 0),
        *never("reversed", "highest_amount < lowest_amount", "the highest amount of a tier is below its lowest"),
    ),
)

CLV_MODEL_QUALITY = MartSuite(
    mart="mart_clv_model_quality",
    rules=(
        *between("holdout_error_rate", -1),
        *finite("log_likelihood", "holdout_expected", "holdout_error_rate"),
        *never(
            "unstated",
            "not is_chosen and refusal_reason is null and model in ('gamma_gamma', 'sbg')",
            "the only fit of a population was not chosen, without a reason",
        ),
        *between("error_per_customer", 0),
        *never(
            "degenerate_in_use",
            "is_in_use and (least(r, alpha, a, b, p, v) <= 0 or q <= 1)",
            "a fit in use has invalid parameters",
        ),
        *never(
            "worse_than_naive",
            "is_chosen and method <> 'pooled_mean' and remark is null"
            " and error_per_customer >= naive_error_per_customer",
            "a chosen fit predicts the holdout no better than the rate of the period before",
        ),
    ),
)

CLV_CALIBRATION = MartSuite(
    mart="mart_clv_calibration",
    rules=(
        *between("decile", 1, 10),
        *between("customer_count", 1),
        *between("expected_orders", 0),
    ),
)

CLV_SEASON = MartSuite(
    mart="mart_clv_season",
    rules=(
        *between("month_number", 1, 12),
        *between("seasonal_index", 0),
        *between("own_weight", 0, 1),
    ),
)

_ACCURACY = (
    *between("expected_orders", 0),
    *between("order_error_rate", -1),
    *between("brier_score", 0, 1),
    *between("without_order_rate", 0, 1),
    *finite("expected_orders", "expected_revenue_amount", "expected_margin_amount", "expected_lost_contracts"),
    *never(
        "more_lost_than_run",
        "lost_contract_count > contract_count or expected_lost_contracts > contract_count",
        "more contracts are lost than ran",
    ),
)

FORECAST_ACCURACY = MartSuite(mart="mart_forecast_accuracy", rules=(*_ACCURACY, *between("decile", 0, 10)))

FORECAST_ACCURACY_TOTAL = MartSuite(
    mart="mart_forecast_accuracy_total",
    rules=(
        *_ACCURACY,
        *never(
            "look_ahead",
            "cut_off_date + outcome_days <> getvariable('as_of_date')",
            "a forecast is compared with other days than those from its cut-off to the as-of date",
        ),
    ),
)
