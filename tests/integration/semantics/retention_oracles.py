"""Figures of retention, growth and contracts."""

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


_YEAR_SEGMENT = {"year": "year_start_date", "segment": "segment"}
_MOVEMENTS = (
    *(f"{name}_customer_count" for name in ("opening", "new", "reactivated", "expanded", "contracted", "churned")),
    *(f"{name}_customer_count" for name in ("open", "transferred_in", "transferred_out", "closing")),
    *(f"{name}_amount" for name in ("opening", "new", "reactivated", "expansion", "contraction", "churned", "open")),
    *(f"{name}_amount" for name in ("transferred_in", "transferred_out", "closing")),
)
_RATED = "case when is_complete and is_base_complete then {} end"


_MOVEMENTS = (
    *(f"{name}_customer_count" for name in ("opening", "new", "reactivated", "expanded", "contracted", "churned")),
    *(f"{name}_customer_count" for name in ("open", "transferred_in", "transferred_out", "closing")),
    *(f"{name}_amount" for name in ("opening", "new", "reactivated", "expansion", "contraction", "churned", "open")),
    *(f"{name}_amount" for name in ("transferred_in", "transferred_out", "closing")),
)
_RATED = "case when is_complete and is_base_complete then {} end"


def _retention(mart: str, prefix: str) -> Oracle:
    counts = ("stage_customer", "stage_buyer", "base_customer", "retained_customer", "churned_customer")
    more = ("open_customer", "new_customer", "reactivated_customer")
    amounts = ("base_revenue", "kept_revenue", "retained_revenue", "new_revenue", "reactivated_revenue")
    rates = ("purchase", "logo_retention", "gross_revenue_retention", "net_revenue_retention")
    return Oracle(
        mart,
        {**_MONTH_SEGMENT, "lifecycle_stage": "lifecycle_stage"},
        {
            **prefixed(prefix, *(f"{name}_count" for name in (*counts, *more))),
            **prefixed(prefix, *(f"{name}_amount" for name in amounts)),
            **prefixed(prefix, *(f"{name}_rate" for name in rates)),
            f"{prefix}period_customer_count": "active_customer_count",
            f"rated_{prefix}base_customer_count": _RATED.format("base_customer_count"),
            f"rated_{prefix}stage_customer_count": _RATED.format("stage_customer_count"),
        },
    )


def _growth(mart: str, prefix: str) -> Oracle:
    reasons = ("earned_revenue_amount", "bought_revenue_amount", "unknown_reason_revenue_amount")
    rates = ("unknown_reason_rate", "growth_rate", "low_earned_growth_rate", "high_earned_growth_rate")
    yearly = ("base_customer_count", *(f"{name}_revenue_amount" for name in ("base", "retained", "reactivated", "new")))
    return Oracle(
        mart,
        _YEAR_SEGMENT,
        {
            **prefixed(prefix, *reasons, *rates, "low_earned_growth_ratio", "high_earned_growth_ratio"),
            **prefixed(f"{prefix}yearly_", *yearly, "net_revenue_retention_rate"),
            f"rated_{prefix}yearly_base_customer_count": _RATED.format("base_customer_count"),
        },
    )


RETENTION = {
    "cohorts": Oracle(
        "marts.mart_retention_cohorts",
        {
            **_MONTH_SEGMENT,
            "age_months": "age_months",
            "cohort_month_start_date": "cohort_month_start_date",
        },
        {
            **same("cohort_customer_count", "cumulative_revenue_amount", "retention_rate", "previous_month_rate"),
            **same("revenue_retention_rate", "previous_month_revenue_rate"),
            "cohort_active_customer_count": "active_customer_count",
            "cohort_previous_active_customer_count": "previous_active_customer_count",
            "cohort_first_revenue_amount": "cohort_revenue_amount",
            "cohort_month_revenue_amount": "revenue_amount",
            "cohort_previous_revenue_amount": "previous_revenue_amount",
            "rated_cohort_customer_count": "case when is_complete then cohort_customer_count end",
        },
    ),
    "retention": _retention("marts.mart_retention_by_segment_stage", ""),
    "retention of subscriptions": _retention("marts.mart_subscription_retention", "subscription_"),
    "bridge": Oracle("marts.mart_revenue_bridge", _MONTH_SEGMENT, prefixed("bridge_", *_MOVEMENTS)),
    "bridge of subscriptions": Oracle(
        "marts.mart_subscription_bridge", _MONTH_SEGMENT, prefixed("subscription_bridge_", *_MOVEMENTS)
    ),
    "yearly bridge": Oracle("marts.mart_revenue_bridge_yearly", _YEAR_SEGMENT, prefixed("yearly_bridge_", *_MOVEMENTS)),
    "yearly bridge of subscriptions": Oracle(
        "marts.mart_subscription_bridge_yearly", _YEAR_SEGMENT, prefixed("yearly_subscription_bridge_", *_MOVEMENTS)
    ),
    "growth": _growth("marts.mart_earned_growth", ""),
    "growth of subscriptions": _growth("marts.mart_subscription_growth", "subscription_"),
    "contracts": Oracle(
        "marts.mart_contract_survival",
        {"plan": "plan", "segment": "segment", "period_number": "period_number"},
        same("due_count", "renewed_count", "lost_count", "renewal_rate"),
    ),
}
