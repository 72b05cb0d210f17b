"""Rules that the retention marts must pass before they are published."""

from __future__ import annotations

from expectations.movements import parts_move_by_share
from expectations.rules import between, never
from expectations.suite import MartSuite, ProfileRule


def _revenue_of_ended_months(figure: str, label: str) -> tuple[ProfileRule, ...]:
    """Months that had ended in the published version hardly change: only late rows change them."""
    ended = "last_day(month_start_date) < getvariable('ended_by')"
    return parts_move_by_share(
        figure,
        f"the revenue of {label} in the months that had ended, without the month and segment that changed most",
        part="month_start_date || ' ' || segment",
        sql="closing_amount",
        where=ended,
        base=f"sum(closing_customer_count) filter (where {ended})",
        limit="revenue_change",
    )


def _rate(
    column: str, status: str, rated: str, at_least: float = 0, at_most: float | None = 1
) -> tuple[ProfileRule, ...]:
    """A rate lies on its scale and between its limits, and is null exactly where a suppressed base or period says so.

    Args:
        column: the rate; its limits have ``_low`` and ``_high`` behind the name.
        status: the column with the base status of the rate.
        rated: SQL condition of rows whose period and base are complete.
        at_least: the lowest possible rate; it has no limits where the bootstrap sees nothing but it.
        at_most: the highest possible rate, or None.
    """
    low, high = f"{column}_low", f"{column}_high"
    return (
        *between(column, at_least, at_most),
        *between(low, at_least, at_most),
        *between(high, at_least, at_most),
        *never(
            f"outside_{column}",
            # both are rounded to six places
            f"{column} < {low} - 0.000001 or {column} > {high} + 0.000001",
            f"{column} lies outside its interval",
        ),
        *never(
            f"unlimited_{column}",
            f"{column} > {at_least} + 0.000001 and ({low} is null or {high} is null)",
            f"{column} has no interval",
        ),
        *never(
            f"suppressed_{column}",
            f"({column} is null) <> ({status} = 'suppressed' or not ({rated}))"
            f" or ({column} is null and coalesce({low}, {high}) is not null)",
            f"a suppressed or incomplete row shows {column}, or another row shows none",
        ),
    )


_COMPARABLE = "is_complete and is_base_complete"

RETENTION_COHORTS = MartSuite(
    mart="mart_retention_cohorts",
    rules=(
        *_rate("retention_rate", "base_status", "is_complete"),
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


def _retention(mart: str) -> MartSuite:
    """The rules of retention by segment and lifecycle stage, of orders or subscriptions."""
    return MartSuite(
        mart=mart,
        rules=(
            *_rate("purchase_rate", "stage_base_status", _COMPARABLE),
            *_rate("logo_retention_rate", "base_status", _COMPARABLE),
            *_rate("gross_revenue_retention_rate", "base_status", _COMPARABLE),
            *_rate("net_revenue_retention_rate", "base_status", _COMPARABLE, at_most=None),
            *between("base_customer_count", 0),
            *between("base_revenue_amount", 0),
            *never(
                "gross_above_net",
                "gross_revenue_retention_rate > net_revenue_retention_rate",
                "more revenue is kept than retained",
            ),
            *never(
                "early_churn",
                "not is_complete and churned_customer_count > 0",
                "customers churn before the period ends",
            ),
        ),
    )


RETENTION_BY_SEGMENT_STAGE = _retention("mart_retention_by_segment_stage")

SUBSCRIPTION_RETENTION = _retention("mart_subscription_retention")


def _bridge(mart: str, movements: tuple[ProfileRule, ...] = ()) -> MartSuite:
    """The rules of a revenue bridge, by month or by year."""
    return MartSuite(
        mart=mart,
        movements=movements,
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
                "early_churn",
                "not is_complete and churned_customer_count > 0",
                "customers churn before the period ends",
            ),
        ),
    )


REVENUE_BRIDGE = _bridge("mart_revenue_bridge", _revenue_of_ended_months("orders_revenue", "orders"))

REVENUE_BRIDGE_YEARLY = _bridge("mart_revenue_bridge_yearly")

SUBSCRIPTION_BRIDGE = _bridge(
    "mart_subscription_bridge", _revenue_of_ended_months("subscriptions_revenue", "subscriptions")
)

SUBSCRIPTION_BRIDGE_YEARLY = _bridge("mart_subscription_bridge_yearly")

CONTRACT_SURVIVAL = MartSuite(
    mart="mart_contract_survival",
    rules=(
        *between("renewal_rate", 0, 1),
        *between("survival_probability", 0, 1),
        *between("period_number", 1),
        *between("due_count", 1),
        *never("overfull", "renewed_count + lost_count <> due_count", "a renewal due neither came nor failed"),
        *never(
            "outside",
            "not (survival_probability between survival_probability_low and survival_probability_high)",
            "a survival lies outside its interval",
        ),
        *never(
            "above_the_rate",
            "survival_probability > renewal_rate + 0.000001",
            "more contracts survive all renewals than this one",
        ),
    ),
)


def _growth(mart: str) -> MartSuite:
    """The rules of growth by year and segment."""
    return MartSuite(
        mart=mart,
        rules=(
            *between("unknown_reason_rate", 0, 1),
            *_rate("net_revenue_retention_rate", "base_status", _COMPARABLE, at_most=None),
            *_rate("growth_rate", "base_status", _COMPARABLE, at_least=-1, at_most=None),
            *_rate("low_earned_growth_rate", "base_status", _COMPARABLE, at_least=-1, at_most=None),
            *_rate("high_earned_growth_rate", "base_status", _COMPARABLE, at_least=-1, at_most=None),
            *between("base_revenue_amount", 0),
            *between("new_revenue_amount", 0),
            *never(
                "inverted_bounds",
                "low_earned_growth_rate > high_earned_growth_rate",
                "the bounds of earned growth are inverted",
            ),
        ),
    )


EARNED_GROWTH = _growth("mart_earned_growth")

SUBSCRIPTION_GROWTH = _growth("mart_subscription_growth")
