"""Figures of customer value, forecasts, orders and service."""

from __future__ import annotations

from tests.integration.semantics.oracle import Oracle, prefixed, same

_MONTH_SEGMENT = {"month": "month_start_date", "segment": "segment"}
_YEAR_SEGMENT = {"year": "year_start_date", "segment": "segment"}
_MOVEMENTS = (
    *(f"{name}_customer_count" for name in ("opening", "new", "reactivated", "expanded", "contracted", "churned")),
    *(f"{name}_customer_count" for name in ("open", "transferred_in", "transferred_out", "closing")),
    *(f"{name}_amount" for name in ("opening", "new", "reactivated", "expansion", "contraction", "churned", "open")),
    *(f"{name}_amount" for name in ("transferred_in", "transferred_out", "closing")),
)
_RATED = "case when is_complete and is_base_complete then {} end"


CUSTOMERS = {
    "value groups": Oracle(
        "marts.mart_clv_by_segment_stage",
        {"segment": "segment", "lifecycle_stage": "lifecycle_stage", "value_tier": "value_tier"},
        same("top_decile_amount", "top_decile_share_rate"),
    ),
    "values": Oracle(
        "marts.mart_clv_by_segment_stage",
        {"segment": "segment", "lifecycle_stage": "lifecycle_stage", "value_tier": "value_tier"},
        same(
            *("forecast_count", "historic_value_amount", "expected_orders", "expected_margin_amount"),
            *("residual_value_amount", "mean_residual_value_amount"),
        ),
    ),
    "values of customers": Oracle(
        "marts.mart_customer_lifetime_value",
        {"segment": "segment", "lifecycle_stage": "lifecycle_stage"},
        {
            "lifetime_revenue_amount": "sum(revenue_amount)",
            "lifetime_margin_amount": "sum(margin_amount)",
            "purchase_residual_amount": "sum(purchase_residual_amount)",
            "contract_residual_amount": "sum(contract_residual_amount)",
        },
        is_summed=True,
    ),
    # money is rounded in each row, so a rate made of it has fewer digits
    "forecasts": Oracle(
        "marts.mart_forecast_accuracy",
        {
            "cut_off_date": "cut_off_date",
            "segment": "segment",
            "lifecycle_stage": "lifecycle_stage",
            "decile": "decile",
        },
        {
            **prefixed("backtest_", "forecast_count", "expected_orders", "order_count", "contract_count"),
            **prefixed("backtest_", "expected_revenue_amount", "revenue_amount", "naive_orders"),
            **prefixed("backtest_", "expected_margin_amount", "margin_amount"),
            **same("squared_error_sum", "naive_squared_error_sum", "expected_without_order", "without_order_count"),
            **same("brier_sum", "expected_lost_contracts", "lost_contract_count"),
            **same("without_order_rate", "brier_score", "lost_contract_rate"),
            "order_error_rate": "order_error_rate::decimal(18, 4)",
            "naive_error_rate": "naive_error_rate::decimal(18, 4)",
            "revenue_error_rate": "revenue_error_rate::decimal(18, 2)",
            "margin_error_rate": "margin_error_rate::decimal(18, 2)",
        },
    ),
    "forecasts of all customers": Oracle(
        "marts.mart_forecast_accuracy_total",
        {"cut_off_date": "cut_off_date"},
        {
            name: f"{name}::decimal(18, 3)"
            for name in ("error_per_customer", "naive_error_per_customer", "revenue_error_rate", "margin_error_rate")
        },
    ),
    "customer months": Oracle(
        "star.fct_customer_months",
        {**_MONTH_SEGMENT, "lifecycle_stage": "lifecycle_stage"},
        {
            "revenue_amount": "sum(revenue_amount)",
            "margin_amount": "sum(margin_amount)",
            "customer_count": "count(*)",
            "active_customer_count": "count(*) filter (where is_active)",
        },
        is_summed=True,
    ),
    "customer row": Oracle(
        "marts.mart_customer_360",
        {"value_tier": "value_tier", "current_lifecycle_stage": "lifecycle_stage"},
        {"contact_count_90_days": "sum(contact_count_90_days)"},
        is_summed=True,
    ),
    "orders": Oracle(
        "star.fct_orders join star.dim_customers using (customer_key) join star.dim_channels using (channel_key)",
        {"month": "date_trunc('month', ordered_date)", "segment": "segment", "channel": "channel"},
        {
            "order_count": "count(*) filter (where is_counted)",
            "order_value_amount": "sum(net_amount) filter (where is_counted)",
            "late_delivery_count": "count(*) filter (where is_delivered_late)",
            "promised_delivery_count": "count(is_delivered_late)",
            "late_delivery_rate": """case when count(is_delivered_late) >= 10 then
                count(*) filter (where is_delivered_late) / count(is_delivered_late) end""",
        },
        is_summed=True,
    ),
    "refunds": Oracle(
        "star.fct_refunds join star.dim_customers using (customer_key)",
        {"month": "date_trunc('month', refunded_date)", "segment": "segment", "refund_type": "refund_type"},
        {"refund_amount": "sum(refund_amount) filter (where is_counted)"},
        is_summed=True,
    ),
    "cases": Oracle(
        "star.fct_cases join star.dim_customers using (customer_key) join star.dim_touchpoints using (touchpoint_key)",
        {"quarter": "date_trunc('quarter', opened_date)", "segment": "segment", "journey_stage": "journey_stage"},
        {
            "case_count": "count(*)",
            "open_case_count": "count(*) filter (where is_open)",
            "resolved_case_count": "count(*) filter (where not is_open)",
            "first_contact_resolution_count": "count(*) filter (where is_first_contact_resolution)",
            "first_contact_resolution_rate": """case when count(*) filter (where not is_open) >= 10 then
                count(*) filter (where is_first_contact_resolution) / count(*) filter (where not is_open) end""",
            "hours_to_first_response": "avg(hours_to_first_response)",
            "hours_to_resolution": "avg(hours_to_resolution)",
        },
        is_summed=True,
    ),
    "contacts": Oracle(
        """star.fct_interactions join star.dim_current_customers using (customer_id)
        join star.dim_channels using (channel_key)""",
        {"year": "date_trunc('year', occurred_date)", "current_segment": "segment", "channel": "channel"},
        {"contact_count": "count(*)"},
        is_summed=True,
    ),
}
