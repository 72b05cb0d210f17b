-- One row per change of channel within a journey, over all stages, the most frequent first.
select
    origins.channel_name as from_name,
    targets.channel_name as to_name,
    sum(transitions.contact_count) as contact_count,
    sum(transitions.same_issue_repeat_count) as same_issue_repeat_count,
    sum(transitions.outcome_count) as outcome_count,
    sum(transitions.success_count) / nullif(sum(transitions.outcome_count), 0) as success_rate
from marts.mart_channel_transitions as transitions
inner join star.dim_channels as origins on transitions.from_channel = origins.channel
inner join star.dim_channels as targets on transitions.to_channel = targets.channel
where transitions.is_switch and not transitions.is_gap
group by origins.channel_name, targets.channel_name
having sum(transitions.contact_count) >= $minimum_base
order by contact_count desc, from_name, to_name
limit $most_groups
