-- One row per severity and result of the rules of the gates in this run.
select
    severity,
    status,
    count(*) as rule_count,
    sum(evaluated_count) as evaluated_count,
    sum(unexpected_count) as unexpected_count
from quality.quality_rule_results
where run_id = $run_id
group by severity, status
order by severity, status
