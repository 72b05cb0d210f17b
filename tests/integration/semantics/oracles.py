"""For every metric of the semantic layer, independent SQL for the same figure at the grain of its mart or fact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

UNKNOWN = "md5('unknown')"


@dataclass(frozen=True)
class Oracle:
    """Metrics, the names that they are grouped by, and SQL over the published file.

    ``groups`` and ``figures`` are names of the semantic layer with expressions of ``source``; a source of facts is
    summed by its groups.
    """

    source: str
    groups: Mapping[str, str]
    figures: Mapping[str, str]
    is_summed: bool = False
    where: str = "true"

    @property
    def sql(self) -> str:
        """The query whose rows the semantic layer must give: groups, then figures."""
        columns = ", ".join([*self.groups.values(), *self.figures.values()])
        grouped = f" group by {', '.join(self.groups.values())}" if self.is_summed else ""
        return f"select {columns} from {self.source} where {self.where}{grouped}"


def same(*names: str) -> dict[str, str]:
    """Figures that have the name of their column."""
    return {name: name for name in names}


def prefixed(prefix: str, *names: str) -> dict[str, str]:
    """Figures that have a prefix before the name of their column."""
    return {prefix + name: name for name in names}


_SCORE = {"month": "month_start_date", "survey_type": "survey_type", "touchpoint": "touchpoint", "segment": "segment"}
_COUNTS = ("answer_count", "invalid_count", "superseded_count")
_MONTH_SEGMENT = {"month": "month_start_date", "segment": "segment"}
_YEAR_SEGMENT = {"year": "year_start_date", "segment": "segment"}
_MOVEMENTS = (
    *(f"{name}_customer_count" for name in ("opening", "new", "reactivated", "expanded", "contracted", "churned")),
    *(f"{name}_customer_count" for name in ("open", "transferred_in", "transferred_out", "closing")),
    *(f"{name}_amount" for name in ("opening", "new", "reactivated", "expansion", "contraction", "churned", "open")),
    *(f"{name}_amount" for name in ("transferred_in", "transferred_out", "closing")),
)
_RATED = "case when is_complete and is_base_complete then {} end"


def _coverage(metric: str) -> Oracle:
    groups = {"month": "month_start_date", "survey_type": "survey_type"}
    figures = {f"{metric}_coverage_rate": "coverage_rate", f"{metric}_customer_count": "customer_count"}
    return Oracle(f"marts.mart_{metric}_scores_total", groups, figures)


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


ORACLES = {
    "NPS": Oracle(
        "marts.mart_nps_scores",
        _SCORE,
        {**prefixed("nps_", *_COUNTS), **same("promoter_count", "passive_count", "detractor_count", "nps_sum", "nps")},
    ),
    "transactional NPS": Oracle(
        "marts.mart_nps_scores",
        {"month": "month_start_date", "touchpoint": "touchpoint", "segment": "segment"},
        {"transactional_nps": "nps", "transactional_answer_count": "answer_count"},
        where="survey_type = 'transactional'",
    ),
    "CSAT": Oracle(
        "marts.mart_csat_scores", _SCORE, {**prefixed("csat_", *_COUNTS), **same("satisfied_count", "csat_rate")}
    ),
    "effort": Oracle(
        "marts.mart_ces_scores",
        _SCORE,
        {
            **prefixed("ces_", *_COUNTS),
            **same("ces_sum", "ces_mean", "easy_count", "easy_rate", "high_effort_count", "high_effort_rate"),
        },
    ),
    "expectations": Oracle(
        "marts.mart_expectation_scores",
        _SCORE,
        {
            **prefixed("expectation_", *_COUNTS),
            **same("met_or_exceeded_count", "met_or_exceeded_rate", "exceeded_count", "exceeded_rate"),
        },
    ),
    **{f"coverage of {metric}": _coverage(metric) for metric in ("nps", "csat", "ces", "expectation")},
    "change": Oracle(
        "marts.mart_nps_change",
        {"month": "month_start_date", "survey_type": "survey_type"},
        {
            "nps_change": "nps_change",
            "previous_nps": """case when previous_answer_count >= 10 then
                100.0 * (previous_promoter_count - previous_detractor_count) / previous_answer_count end""",
            "previous_nps_answer_count": "previous_answer_count",
        },
        where="previous_answer_count > 0",
    ),
    "lifecycle": Oracle(
        "marts.mart_nps_by_segment_lifecycle",
        {**_MONTH_SEGMENT, "lifecycle_stage": "lifecycle_stage"},
        {"relational_answer_count": "answer_count", "relational_nps_sum": "nps_sum", "relational_nps": "nps"},
    ),
    "weighted": Oracle(
        "marts.mart_nps_weighted",
        {"month": "month_start_date", "survey_type": "survey_type"},
        {
            "weighted_answer_count": "answer_count",
            "active_nps_sum": "nps_sum",
            "weighted_nps": "nps",
            **same("outside_count", "effective_answers", "weighted_nps_sum", "weight_sum", "unweighted_nps"),
        },
    ),
    "stages": Oracle(
        "marts.mart_stage_overview",
        {**_MONTH_SEGMENT, "journey_stage": "journey_stage"},
        {
            **same("contacted_customer_count", "observed_customer_count", "repurchase_rate"),
            "repurchased_customer_count": "if(observed_customer_count > 0, repurchased_customer_count, 0)",
        },
    ),
    "programme": Oracle(
        "marts.mart_survey_health",
        {**_MONTH_SEGMENT, "survey": "survey_key", "survey_name": "survey_name"},
        same(
            *("invited_count", "delivered_count", "responded_count", "uninvited_response_count", "shown_count"),
            *("skipped_count", "ask_count", "asked_customer_count", "repeat_ask_count", "response_rate", "skip_rate"),
            *("repeat_ask_rate", "asks_per_customer"),
        ),
    ),
    "blind spots": Oracle(
        "marts.mart_survey_blind_spots",
        {**_MONTH_SEGMENT, "journey_stage": "journey_stage"},
        {
            "blind_spot_count": "is_blind_spot::int",
            "blind_spot_contact_count": "if(is_blind_spot, contact_count, 0)",
        },
    ),
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
