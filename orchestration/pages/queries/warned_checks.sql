-- One row per check of this run that did not pass.
select table_name, check_name, status
from quality.quality_checks
where run_id = $run_id and status <> 'passed'
order by table_name, check_name
limit 50
