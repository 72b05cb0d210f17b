with

cases as (

    select * from {{ ref('fct_cases') }}

),

touchpoints as (

    select * from {{ ref('dim_touchpoints') }}

),

channels as (

    select * from {{ ref('dim_channels') }}

),

as_of as (

    select date_day as as_of_date
    from {{ ref('dim_dates') }}
    where is_as_of

),

followed as (

    select
        *,
        case
            when customer_id <> {{ unknown_key() }} and reason <> 'unknown'
                then lead(opened_at) over (
                    partition by customer_id, reason
                    order by opened_at, case_key
                )
        end as next_opened_at
    from cases

),

-- what has not happened by the as-of date is censored there; a time that runs backwards is
-- left out
placed as (

    select
        {{ month_start('followed.opened_date') }} as month_start_date,
        followed.reason,
        channels.channel,
        touchpoints.owner_department,
        as_of.as_of_date,
        followed.is_open,
        followed.is_first_contact_resolution,
        followed.reopen_count > 0 as is_reopened,
        followed.handover_count,
        coalesce(followed.handover_count > 0, false) as is_handed_over,
        coalesce(
            followed.is_first_contact_resolution
            and followed.next_opened_at
            <= followed.resolved_at + interval {{ var('first_contact_days') }} day,
            false
        ) as is_repeated,
        followed.hours_to_first_response is not null as is_responded,
        coalesce(
            followed.hours_to_first_response,
            followed.hours_to_resolution,
            {{ hours_between('followed.opened_at', start_of_day('as_of.as_of_date')) }}
        ) as response_hours,
        coalesce(
            followed.hours_to_resolution,
            {{ hours_between('followed.opened_at', start_of_day('as_of.as_of_date')) }}
        ) as resolution_hours
    from followed
    cross join as_of
    left join touchpoints
        on followed.touchpoint_key = touchpoints.touchpoint_key
    left join channels
        on followed.channel_key = channels.channel_key

),

response_times as (

    {{ survival_quantiles(
        'placed',
        ['month_start_date', 'reason', 'channel', 'owner_department'],
        'case when response_hours >= 0 then response_hours end',
        'is_responded',
        {'median_response_hours': 0.5},
    ) }}

),

resolution_times as (

    {{ survival_quantiles(
        'placed',
        ['month_start_date', 'reason', 'channel', 'owner_department'],
        'case when resolution_hours >= 0 then resolution_hours end',
        'not is_open',
        {'median_resolution_hours': 0.5},
    ) }}

),

counted as (

    select
        month_start_date,
        reason,
        channel,
        owner_department,
        as_of_date,
        count(*) as case_count,
        count(*) filter (where not is_open) as resolved_count,
        count(*) filter (where is_open) as open_count,
        count(*) filter (where is_first_contact_resolution) as first_contact_count,
        count(*) filter (
            where
            not is_open
            and not is_handed_over
        ) as first_level_count,
        count(*) filter (
            where
            is_first_contact_resolution
            and not is_handed_over
        ) as first_level_first_contact_count,
        count(*) filter (where is_repeated) as repeated_count,
        count(*) filter (where is_reopened) as reopened_count,
        count(*) filter (where is_handed_over) as handed_over_count,
        count(handover_count) as known_handover_count
    from placed
    group by month_start_date, reason, channel, owner_department, as_of_date

),

with_base_status as (

    select
        *,
        {{ base_status('resolved_count') }} as base_status
    from counted

),

final as (

    select
        -- grain
        counts.month_start_date,
        counts.reason,
        counts.channel,
        counts.owner_department,

        -- attributes
        last_day(counts.month_start_date) < counts.as_of_date as is_complete,
        counts.base_status,

        -- measures
        counts.case_count,
        counts.resolved_count,
        counts.open_count,
        counts.first_contact_count,
        {{ where_shown(
            rate('counts.first_contact_count', 'counts.resolved_count'),
            'decimal(9, 6)',
            'counts.base_status'
        ) }} as first_contact_rate,
        {{ where_shown(
            share_low('counts.first_contact_count', 'counts.resolved_count'),
            'decimal(9, 6)',
            'counts.base_status'
        ) }} as first_contact_rate_low,
        {{ where_shown(
            share_high('counts.first_contact_count', 'counts.resolved_count'),
            'decimal(9, 6)',
            'counts.base_status'
        ) }} as first_contact_rate_high,
        counts.first_level_count,
        counts.first_level_first_contact_count,
        {{ where_shown(
            rate('counts.first_level_first_contact_count', 'counts.first_level_count'),
            'decimal(9, 6)',
            'counts.base_status'
        ) }} as net_first_contact_rate,
        counts.repeated_count,
        {{ where_shown(
            rate(
                '(counts.first_contact_count - counts.repeated_count)',
                'counts.resolved_count'
            ),
            'decimal(9, 6)',
            'counts.base_status'
        ) }} as lasting_first_contact_rate,
        counts.reopened_count,
        counts.handed_over_count,
        counts.known_handover_count,
        {{ where_shown(
            'response_times.median_response_hours',
            'decimal(18, 2)',
            'counts.base_status'
        ) }} as median_response_hours,
        {{ where_shown(
            'resolution_times.median_resolution_hours',
            'decimal(18, 2)',
            'counts.base_status'
        ) }} as median_resolution_hours

    from with_base_status as counts
    left join response_times
        on counts.month_start_date = response_times.month_start_date
        and counts.reason = response_times.reason
        and counts.channel = response_times.channel
        and counts.owner_department = response_times.owner_department
    left join resolution_times
        on counts.month_start_date = resolution_times.month_start_date
        and counts.reason = resolution_times.reason
        and counts.channel = resolution_times.channel
        and counts.owner_department = resolution_times.owner_department

)

select * from final
