-- One row per plan (the largest ones) and renewal number: the share of contracts still running after it, over segments.
{% from 'scores.sql' import share_low, share_high %}
with

due as (
    select
        plan,
        period_number,
        sum(due_count) as due_count,
        sum(renewed_count) as renewed_count
    from marts.mart_contract_survival
    group by plan, period_number
),

plans as (
    select
        plan,
        max(due_count) as largest_count,
        count(*) over () as group_count
    from due
    group by plan
    order by largest_count desc, plan
    limit 4
)

select
    due.plan,
    due.period_number,
    due.due_count,
    plans.group_count,
    1.0 * due.renewed_count / due.due_count as renewal_rate,
    {{ share_low('due.renewed_count', 'due.due_count') }} as renewal_rate_low,
    {{ share_high('due.renewed_count', 'due.due_count') }} as renewal_rate_high
from due
inner join plans on due.plan = plans.plan
where due.due_count >= $minimum_base and due.period_number <= 24
order by plans.largest_count desc, due.plan, due.period_number
