"""Figures of surveys and stages."""

from __future__ import annotations

from tests.integration.semantics.oracle import Oracle, prefixed, same

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


SURVEYS = {
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
}
