-- One row per touchpoint over the last twelve complete months, the one with most contacts first.
select
    names.touchpoint_name,
    names.owner_department,
    sum(scores.contact_count) as contact_count,
    sum(scores.known_contact_count) / nullif(sum(scores.contact_count), 0) as known_contact_rate,
    sum(scores.delivered_count) as delivered_count,
    sum(scores.responded_count) / nullif(sum(scores.delivered_count), 0) as response_rate,
    sum(scores.nps_answer_count) as nps_answer_count,
    case
        when sum(scores.nps_answer_count) >= $minimum_base
            then 100 * sum(scores.nps_sum) / sum(scores.nps_answer_count)
    end as nps
from marts.mart_touchpoints as scores
inner join star.dim_touchpoints as names on scores.touchpoint = names.touchpoint
where
    scores.is_complete
    and scores.month_start_date > (
        select max(month_start_date) - to_months(12) from marts.mart_touchpoints where is_complete
    )
group by names.touchpoint_name, names.owner_department
having sum(scores.contact_count) >= $minimum_base
order by contact_count desc, names.touchpoint_name
limit $most_groups
