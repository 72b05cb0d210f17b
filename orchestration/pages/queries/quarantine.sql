-- One row per system, table and broken rule: rejected rows over all loads.
select
    system,
    table_name,
    broken_rule,
    sum(row_count) as row_count,
    max(load_date) as last_load_date,
    count(*) over () as group_count
from quality.quality_quarantine
group by system, table_name, broken_rule
order by row_count desc, system, table_name, broken_rule
limit 30
