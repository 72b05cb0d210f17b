-- One row: how many tables have nothing for the newest load date.
with

tables as (
    select system, table_name, max(load_date) as last_load_date
    from quality.quality_landing_reconciliation
    group by system, table_name
)

select
    count(*) as table_count,
    max(last_load_date) as last_load_date,
    count(*) filter (where last_load_date < (select max(last_load_date) from tables)) as late_count
from tables
