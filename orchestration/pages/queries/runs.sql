-- One row per run, the newest first: how it ended.
select
    run_id,
    outcome,
    version,
    failed_step,
    started_at,
    ended_at,
    as_of_date,
    check_count,
    warning_count,
    failed_count
from quality.quality_runs
order by started_at desc
limit 14
