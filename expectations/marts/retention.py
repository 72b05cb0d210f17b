"""Rules that the retention marts must pass before they are published."""

from __future__ import annotations

from expectations.rules import between, moves_by_share, never
from expectations.suite import MartSuite, ProfileRule


def _revenue_of_ended_months(revenue_type: str) -> tuple[ProfileRule, ...]:
    """Months that had ended in the published version hardly change: only late rows change them."""
    ended = (
        f"filter (where revenue_type = '{revenue_type}' and period_type = 'month'"
        " and last_day(period_start_date) < getvariable('ended_by'))"
    )
    return moves_by_share(
        f"{revenue_type}_revenue",
        f"the revenue of {revenue_type} in the months that had ended",
        f"sum(closing_amount) {ended}",
        base=f"sum(closing_customer_count) {ended}",
        limit="revenue_change",
    )


RETENTION_COHORTS = MartSuite(
    mart="mart_retention_cohorts",
    rules=(
        *between("retention_rate", 0, 1),
        *between("previous_month_rate", 0),
        *between("age_months", 0),
        *between("cohort_customer_count", 1),
        *never(
            "overfull", "active_customer_count > cohort_customer_count", "more customers are retained than there were"
        ),
        *never(
            "short_start",
            "age_months = 0 and active_customer_count <> cohort_customer_count",
            "not every customer of a cohort is active at age 0",
        ),
    ),
)

RETENTION_BY_SEGMENT_STAGE = MartSuite(
    mart="mart_retention_by_segment_stage",
    rules=(
        *between("logo_retention_rate", 0, 1),
        *between("gross_revenue_retention_rate", 0, 1),
        *between("net_revenue_retention_rate", 0),
        *between("base_customer_count", 0),
        *between("base_revenue_amount", 0),
        *never(
            "gross_above_net",
            "gross_revenue_retention_rate > net_revenue_retention_rate",
            "more revenue is kept than retained",
        ),
        *never(
            "baseless",
            "logo_retention_rate is not null and base_customer_count = 0",
            "a rate has no customers in its base",
        ),
        *never(
            "early_churn", "not is_complete and churned_customer_count > 0", "customers churn before the period ends"
        ),
    ),
)

REVENUE_BRIDGE = MartSuite(
    mart="mart_revenue_bridge",
    movements=(*_revenue_of_ended_months("orders"), *_revenue_of_ended_months("subscriptions")),
    rules=(
        *between("expansion_amount", 0),
        *between("contraction_amount", 0),
        *between("opening_customer_count", 0),
        *between("closing_customer_count", 0),
        *never(
            "broken",
            "opening_amount + new_amount + reactivated_amount + expansion_amount + transferred_in_amount"
            " - contraction_amount - churned_amount - open_amount - transferred_out_amount <> closing_amount",
            "the bridge does not close",
        ),
        *never(
            "early_churn", "not is_complete and churned_customer_count > 0", "customers churn before the period ends"
        ),
    ),
)

EARNED_GROWTH = MartSuite(
    mart="mart_earned_growth",
    rules=(
        *between("unknown_reason_rate", 0, 1),
        *between("net_revenue_retention_rate", 0),
        *between("growth_rate", -1),
        *between("base_revenue_amount", 0),
        *between("new_revenue_amount", 0),
        *never(
            "inverted_bounds",
            "low_earned_growth_rate > high_earned_growth_rate",
            "the bounds of earned growth are inverted",
        ),
        *never(
            "unfinished",
            "growth_rate is not null and not (is_complete and is_base_complete)",
            "a year has a growth rate before it is complete",
        ),
    ),
)
