"""What the wide customer row must meet before it is shown."""

from __future__ import annotations

from expectations.rules import between, falls_by_share, never
from expectations.suite import MartSuite

CUSTOMER_360 = MartSuite(
    mart="mart_customer_360",
    rules=(
        *between("latest_nps_answer", 0, 10),
        *between("recency_tier", 1, 5),
        *between("frequency_tier", 1, 5),
        *between("monetary_tier", 1, 5),
        *between("record_count", 1),
        *never("too_many_recent", "contact_count_90_days > contact_count", "more contacts in 90 days than ever"),
        *never("too_many_open", "open_case_count > case_count", "more cases are open than there are"),
        *never("shared", "customer_id is null", "a row is nobody's"),
    ),
    movements=falls_by_share("customer_count", "customers", "count(*)", base="count(*)", limit="customer_loss"),
)
