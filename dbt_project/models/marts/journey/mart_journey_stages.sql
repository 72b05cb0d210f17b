with

entries as (

    select * from {{ ref('fct_journey_stages') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

journey_stages as (

    select
        *,
        min(stage_order) over (partition by is_post_purchase) as first_stage_order
    from {{ ref('dim_journey_stages') }}

),

as_of as (

    select date_day as as_of_date
    from {{ ref('dim_dates') }}
    where is_as_of

),

-- the last stage of a family is left for no other: it has no time in stage
entered as (

    select
        entries.*,
        {{ month_start('entries.entered_date') }} as month_start_date,
        coalesce(customers.segment, 'unknown') as segment,
        journey_stages.journey_stage,
        journey_stages.first_stage_order,
        as_of.as_of_date,
        entries.stage_outcome = 'converted' as is_converted,
        case
            when entries.stage_outcome = 'converted'
                then {{ days_between(
                    'entries.entered_date', local_date('entries.exited_at')
                ) }}
            when entries.stage_outcome <> 'completed'
                then {{ days_between('entries.entered_date', 'as_of.as_of_date') }}
        end as days_in_stage
    from entries
    cross join as_of
    left join customers
        on entries.customer_key = customers.customer_key
    left join journey_stages
        on entries.journey_stage_key = journey_stages.journey_stage_key

),

stage_times as (

    {{ survival_quantiles(
        'entered',
        ['month_start_date', 'segment', 'journey_stage'],
        'days_in_stage',
        'is_converted',
        {'median_stage_days': 0.5, 'p90_stage_days': 0.9},
    ) }}

),

counted as (

    select
        month_start_date,
        segment,
        journey_stage,
        is_post_purchase,
        stage_order,
        first_stage_order,
        as_of_date,
        count(*) as entered_count,
        count(*) filter (where stage_outcome = 'converted') as converted_count,
        count(*) filter (where stage_outcome = 'completed') as completed_count,
        count(*) filter (where stage_outcome = 'dropped') as dropped_count,
        count(*) filter (where stage_outcome = 'open') as open_count,
        count(*) filter (
            where
            is_mature
            and stage_outcome <> 'completed'
        ) as mature_count,
        count(*) filter (
            where
            is_mature
            and is_converted
        ) as mature_converted_count,
        sum(contact_count) as contact_count
    from entered
    group by
        month_start_date,
        segment,
        journey_stage,
        is_post_purchase,
        stage_order,
        first_stage_order,
        as_of_date

),

with_first_stage as (

    select
        *,
        coalesce(max(case when stage_order = first_stage_order then entered_count end)
            over families, 0) as first_stage_count,
        {{ base_status('mature_count') }} as base_status
    from counted
    window families as (partition by month_start_date, segment, is_post_purchase)

),

final as (

    select
        -- grain
        counts.month_start_date,
        counts.segment,
        counts.journey_stage,

        -- attributes
        counts.is_post_purchase,
        last_day(counts.month_start_date) < counts.as_of_date as is_complete,
        counts.base_status,

        -- measures
        counts.entered_count,
        counts.converted_count,
        counts.completed_count,
        counts.dropped_count,
        counts.open_count,
        counts.mature_count,
        counts.mature_converted_count,
        {{ where_shown(
            rate('counts.mature_converted_count', 'counts.mature_count'),
            'decimal(9, 6)',
            'counts.base_status'
        ) }} as conversion_rate,
        {{ where_shown(
            share_low('counts.mature_converted_count', 'counts.mature_count'),
            'decimal(9, 6)',
            'counts.base_status'
        ) }} as conversion_rate_low,
        {{ where_shown(
            share_high('counts.mature_converted_count', 'counts.mature_count'),
            'decimal(9, 6)',
            'counts.base_status'
        ) }} as conversion_rate_high,
        counts.first_stage_count,
        {{ rate('counts.entered_count', 'counts.first_stage_count') }}
            as first_stage_ratio,
        {{ where_shown(
            'stage_times.median_stage_days', 'integer', 'counts.base_status'
        ) }} as median_stage_days,
        {{ where_shown(
            'stage_times.p90_stage_days', 'integer', 'counts.base_status'
        ) }} as p90_stage_days,
        cast(counts.contact_count as bigint) as contact_count

    from with_first_stage as counts
    left join stage_times
        on counts.month_start_date = stage_times.month_start_date
        and counts.segment = stage_times.segment
        and counts.journey_stage = stage_times.journey_stage

)

select * from final
