-- One row per system and table, the largest ones: rows delivered, landed and in quarantine over all loads.
select
    system,
    table_name,
    count(*) as load_count,
    max(load_date) as last_load_date,
    sum(source_row_count) as source_row_count,
    sum(landed_row_count) as landed_row_count,
    sum(quarantined_row_count) as quarantined_row_count,
    bool_and(is_reconciled) as is_reconciled,
    count(*) over () as group_count
from quality.quality_landing_reconciliation
group by system, table_name
order by system, table_name
limit 60
