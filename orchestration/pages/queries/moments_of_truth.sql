-- One row per outcome and event with an adjusted difference, the largest effect times volume first.
select
    moments.*,
    outcomes.label as outcome_name,
    events.label as event_name
from marts.mart_moments_of_truth as moments
inner join star.dim_codes as outcomes on outcomes.column_name = 'later_outcome' and outcomes.code = moments.later_outcome
inner join star.dim_codes as events on events.column_name = 'service_event' and events.code = moments.service_event
where moments.adjusted_difference is not null
order by outcomes.sort_order, moments.moment_rank
