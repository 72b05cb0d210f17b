"""What the retention marts must meet before they are shown."""

from __future__ import annotations

from expectations.rules import between, never
from expectations.suite import MartSuite

RETENTION_COHORTS = MartSuite(
    mart="mart_retention_cohorts",
    rules=(
        *between("retention_rate", 0, 1),
        *between("age_months", 0),
        *between("cohort_customer_count", 1),
        *never(
            "overfull", "active_customer_count > cohort_customer_count", "more customers are retained than there were"
        ),
        *never(
            "short_start",
            "age_months = 0 and active_customer_count <> cohort_customer_count",
            "a cohort starts incomplete",
        ),
    ),
)
