with

interactions as (

    select * from {{ ref('fct_interactions') }}
    where journey_id is not null

),

orders as (

    select * from {{ ref('fct_orders') }}

),

cases as (

    select * from {{ ref('fct_cases') }}

),

channels as (

    select * from {{ ref('dim_channels') }}

),

journey_stages as (

    select * from {{ ref('dim_journey_stages') }}

),

followed as (

    select
        *,
        lag(channel_key) over contacts as from_channel_key,
        lag(occurred_at) over contacts as previous_in_journey_at
    from interactions
    window contacts as (
        partition by customer_id, journey_id
        order by occurred_at, interaction_key
    )

),

-- the contact's case decides, else the order of the journey
transitions as (

    select
        from_channels.channel as from_channel,
        to_channels.channel as to_channel,
        journey_stages.journey_stage,
        followed.is_same_issue_repeat,
        {{ minutes_between('followed.previous_in_journey_at', 'followed.occurred_at') }}
        / 60 as gap_hours,
        case
            when cases.case_key is not null then not cases.is_open
            when orders.order_key is not null then {{ is_kept_order('orders') }}
        end as is_success
    from followed
    inner join channels as from_channels
        on followed.from_channel_key = from_channels.channel_key
    inner join channels as to_channels
        on followed.channel_key = to_channels.channel_key
    inner join journey_stages
        on followed.journey_stage_key = journey_stages.journey_stage_key
    left join cases
        on followed.case_key = cases.case_key
    left join orders
        on followed.journey_id = orders.order_key

),

counted as (

    select
        from_channel,
        to_channel,
        journey_stage,
        count(*) as contact_count,
        count(*) filter (where is_same_issue_repeat) as same_issue_repeat_count,
        count(is_success) as outcome_count,
        count(*) filter (where is_success) as success_count,
        median(gap_hours) as median_gap_hours
    from transitions
    group by from_channel, to_channel, journey_stage

),

gaps as (

    select channels.channel
    from channels
    left join counted
        on channels.channel in (counted.from_channel, counted.to_channel)
    where
        counted.from_channel is null
        and channels.channel not in ('unknown', 'not_applicable')

),

listed as (

    select
        from_channel,
        to_channel,
        journey_stage,
        false as is_gap,
        contact_count,
        same_issue_repeat_count,
        outcome_count,
        success_count,
        median_gap_hours
    from counted

    union all

    select
        channel as from_channel,
        'not_applicable' as to_channel,
        'not_applicable' as journey_stage,
        true as is_gap,
        0 as contact_count,
        0 as same_issue_repeat_count,
        0 as outcome_count,
        0 as success_count,
        null as median_gap_hours
    from gaps

),

-- the contacts that stayed on the channel are the yardstick of those that left it
compared as (

    select
        *,
        sum(contact_count) over channel_stages as from_contact_count,
        coalesce(sum(outcome_count) filter (where to_channel = from_channel)
            over channel_stages, 0) as stayed_outcome_count,
        coalesce(sum(success_count) filter (where to_channel = from_channel)
            over channel_stages, 0) as stayed_success_count
    from listed
    window channel_stages as (partition by from_channel, journey_stage)

),

with_base_status as (

    select
        *,
        {{ base_status('outcome_count') }} as base_status,
        {{ base_status(
            'case when to_channel = from_channel then 0'
            ~ ' else least(outcome_count, stayed_outcome_count) end'
        ) }} as difference_base_status
    from compared

),

final as (

    select
        -- grain
        from_channel,
        to_channel,
        journey_stage,

        -- attributes
        is_gap,
        from_channel <> to_channel and not is_gap as is_switch,
        base_status,
        difference_base_status,

        -- measures
        contact_count,
        {{ rate('contact_count', 'from_contact_count') }} as transition_rate,
        cast(median_gap_hours as decimal(18, 2)) as median_gap_hours,
        same_issue_repeat_count,
        outcome_count,
        success_count,
        {{ where_shown(rate('success_count', 'outcome_count'), 'decimal(9, 6)') }}
            as success_rate,
        {{ where_shown(share_low('success_count', 'outcome_count'), 'decimal(9, 6)') }}
            as success_rate_low,
        {{ where_shown(share_high('success_count', 'outcome_count'), 'decimal(9, 6)') }}
            as success_rate_high,
        cast(stayed_outcome_count as bigint) as stayed_outcome_count,
        cast(stayed_success_count as bigint) as stayed_success_count,
        {{ where_shown(
            share_difference(
                'success_count', 'outcome_count',
                'stayed_success_count', 'stayed_outcome_count'
            ),
            'decimal(9, 6)',
            'difference_base_status'
        ) }} as success_rate_difference,
        {{ where_shown(
            share_difference_low(
                'success_count', 'outcome_count',
                'stayed_success_count', 'stayed_outcome_count'
            ),
            'decimal(9, 6)',
            'difference_base_status'
        ) }} as success_rate_difference_low,
        {{ where_shown(
            share_difference_high(
                'success_count', 'outcome_count',
                'stayed_success_count', 'stayed_outcome_count'
            ),
            'decimal(9, 6)',
            'difference_base_status'
        ) }} as success_rate_difference_high

    from with_base_status

)

select * from final
