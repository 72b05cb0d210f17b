-- One row per reason of the cases of the last twelve complete months, the most frequent first.
select
    reason,
    sum(case_count) as case_count,
    sum(resolved_count) as resolved_count,
    sum(first_contact_count) / nullif(sum(resolved_count), 0) as first_contact_rate,
    sum(repeated_count) as repeated_count,
    sum(reopened_count) as reopened_count,
    sum(handed_over_count) as handed_over_count,
    sum(known_handover_count) as known_handover_count
from marts.mart_first_contact
where
    is_complete
    and month_start_date > (select max(month_start_date) - to_months(12) from marts.mart_first_contact where is_complete)
group by reason
having sum(resolved_count) >= $minimum_base
order by case_count desc, reason
limit $most_groups
