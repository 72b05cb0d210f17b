-- One row per measure and tier, the best first: its range and its buyers.
select
    measure,
    tier,
    lowest_value,
    highest_value,
    customer_count
from marts.mart_rfm_tiers
order by list_position(['recency', 'frequency', 'monetary'], measure), tier desc
