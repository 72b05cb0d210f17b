"""Rules that mart_customer_360 must pass before it is published."""

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
        *never("too_many_open", "open_case_count > case_count", "more open cases than cases"),
        *never("shared", "customer_id is null", "a row has no customer"),
    ),
    movements=falls_by_share("customer_count", "customers", "count(*)", base="count(*)", limit="customer_loss"),
)
