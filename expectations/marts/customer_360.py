"""Rules that mart_customer_360 and mart_rfm_tiers must pass before they are published."""

from __future__ import annotations

from expectations.movements import falls_by_share
from expectations.rules import between, never
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

RFM_TIERS = MartSuite(
    mart="mart_rfm_tiers",
    rules=(
        *between("tier", 1, 5),
        *between("customer_count", 1),
        *never("reversed", "highest_value < lowest_value", "the highest value of a tier is below its lowest"),
    ),
)
