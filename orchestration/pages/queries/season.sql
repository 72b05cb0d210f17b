-- One row per calendar month: its pace of purchases beside that of an average month.
select
    month_number,
    seasonal_index,
    own_weight,
    actual_order_count
from marts.mart_clv_season
order by month_number
