"""Rules that the lifetime value marts must pass before they are published."""

from __future__ import annotations

from expectations.rules import between, moves_by_share, never
from expectations.suite import MartSuite, ProfileRule


def finite(*columns: str) -> tuple[ProfileRule, ...]:
    """No value of the columns is infinite or NaN."""
    return tuple(
        rule
        for column in columns
        for rule in never(f"{column}_infinite", f"not isfinite(cast({column} as double))", f"{column} is not finite")
    )


CUSTOMER_LIFETIME_VALUE = MartSuite(
    mart="mart_customer_lifetime_value",
    rules=(
        *between("order_count", 0),
        *between("tenure_days", 0),
        *between("days_since_last_order", 0),
        *between("alive_probability", 0, 1),
        *between("no_order_probability", 0, 1),
        *between("no_renewal_probability", 0, 1),
        *between("churn_probability", 0, 1),
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
        *never("time_travel", "first_order_date > last_order_date", "the first order is later than the last"),
        *never("fit_ahead", "fit_date > as_of_date", "a fit is later than the as-of date"),
    ),
    movements=moves_by_share(
        "residual_value",
        "the value to come of all customers",
        "sum(residual_value_amount)",
        base="count(residual_value_amount)",
        limit="residual_value_change",
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
        *never(
            "degenerate_in_use",
            "is_in_use and (least(r, alpha, a, b, p, v) <= 0 or q <= 1)",
            "a fit in use has invalid parameters",
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
