"""What the lifetime value marts must meet before they are shown."""

from __future__ import annotations

from expectations.rules import between, never
from expectations.suite import MartSuite

CUSTOMER_LIFETIME_VALUE = MartSuite(
    mart="mart_customer_lifetime_value",
    rules=(
        *between("order_count", 0),
        *between("tenure_days", 0),
        *between("days_since_last_order", 0),
        *never("infinite", "not isfinite(cast(historic_value_amount as double))", "the value is no finite figure"),
        *never(
            "unexplained",
            "(historic_value_amount is null) <> (no_value_reason is not null)",
            "a value is missing without a reason, or has one beside it",
        ),
        *never("time_travel", "first_order_date > last_order_date", "the first order is later than the last"),
    ),
)
