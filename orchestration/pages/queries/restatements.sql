-- One row per run and mart (the newest ones): figures of ended periods that it changed.
select
    run_id,
    as_of_date,
    mart,
    count(*) as figure_count,
    min(period_end_date) as first_period_end_date,
    max(period_end_date) as last_period_end_date
from quality.quality_restatements
group by run_id, as_of_date, mart
order by as_of_date desc, figure_count desc, mart
limit 30
