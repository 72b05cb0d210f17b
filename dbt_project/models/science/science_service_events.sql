with

units as (

    select * from {{ ref('science_service_units') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

answers as (

    select * from {{ ref('fct_survey_answers') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

channels as (

    select * from {{ ref('dim_channels') }}

),

as_of as (

    select date_day as as_of_date
    from {{ ref('dim_dates') }}
    where is_as_of

),

-- keys are hashes, so the first in their order are a sample that is the same every time
sampled as (

    select
        *,
        row_number() over (
            partition by service_event
            order by unit_key
        ) as place
    from units

),

ordered as (

    select
        customer_id,
        ordered_at,
        net_amount,
        row_number() over by_time as order_count,
        min(ordered_at) over (partition by customer_id) as first_ordered_at,
        lead(ordered_at) over by_time as next_ordered_at,
        lead(net_amount) over by_time as next_amount
    from orders
    where
        is_counted
        and customer_id <> {{ unknown_key() }}
    window by_time as (
        partition by customer_id
        order by ordered_at, order_key
    )

),

-- from one order of a customer to the next; the first begins before all orders
spans as (

    select
        customer_id,
        ordered_at as starts_at,
        coalesce(next_ordered_at, cast('9999-12-31' as timestamp)) as ends_at,
        order_count,
        first_ordered_at,
        net_amount,
        next_ordered_at,
        next_amount
    from ordered

    union all

    select
        customer_id,
        cast('0001-01-01' as timestamp) as starts_at,
        ordered_at as ends_at,
        0 as order_count,
        null as first_ordered_at,
        null as net_amount,
        ordered_at as next_ordered_at,
        net_amount as next_amount
    from ordered
    where order_count = 1

),

scored as (

    select
        customer_id,
        answered_at,
        answer_value,
        lag(answered_at, 1, cast('0001-01-01' as timestamp)) over (
            partition by customer_id
            order by answered_at, survey_answer_key
        ) as previous_answered_at
    from answers
    where
        metric = 'nps'
        and is_valid
        and customer_id <> {{ unknown_key() }}

),

followed as (

    select
        sampled.*,
        customers.segment,
        channels.channel,
        before.order_count as earlier_order_count,
        before.first_ordered_at,
        before.net_amount,
        -- an order that was placed before the customer could know of the event says nothing of it
        coalesce(before.order_count, 0) = coalesce(after.order_count, 0)
            as is_next_order_later,
        after.next_ordered_at,
        after.next_amount,
        scored.answered_at,
        scored.answer_value,
        {{ days_between(local_date('sampled.happened_at'), 'as_of.as_of_date') }}
        >= {{ var('value_horizon_days') }} as is_horizon_over
    from sampled
    cross join as_of
    left join customers
        on sampled.customer_key = customers.customer_key
    left join channels
        on sampled.channel_key = channels.channel_key
    left join spans as before
        on sampled.customer_id = before.customer_id
        and sampled.began_at >= before.starts_at
        and sampled.began_at < before.ends_at
    left join spans as after
        on sampled.customer_id = after.customer_id
        and sampled.happened_at >= after.starts_at
        and sampled.happened_at < after.ends_at
    left join scored
        on sampled.customer_id = scored.customer_id
        and sampled.happened_at < scored.answered_at
        and sampled.happened_at >= scored.previous_answered_at
    where sampled.place <= 200000

),

final as (

    select
        -- ids
        service_event,
        unit_key,
        customer_id,

        -- attributes
        is_exposed,
        coalesce(segment, 'unknown') as segment,
        coalesce(channel, 'unknown') as channel,
        {{ month_start(local_date('began_at')) }} as month_start_date,

        -- what was known before
        coalesce(earlier_order_count, 0) as earlier_order_count,
        coalesce(
            {{ days_between(local_date('first_ordered_at'), local_date('began_at')) }}, 0
        ) as tenure_days,
        case when net_amount > 0 then net_amount end as latest_order_amount,

        -- what came after
        case
            when is_next_order_later and next_amount > 0 and {{ days_between(
                local_date('happened_at'), local_date('next_ordered_at')
            ) }} <= {{ var('value_horizon_days') }}
                then next_amount
        end as next_order_amount,
        case
            when is_next_order_later and is_horizon_over
                then coalesce({{ days_between(
                    local_date('happened_at'), local_date('next_ordered_at')
                ) }} > {{ var('value_horizon_days') }}, true)
        end as is_without_next_order,
        case
            when {{ days_between(
                local_date('happened_at'), local_date('answered_at')
            ) }} <= {{ var('value_horizon_days') }}
                then answer_value
        end as next_nps_answer

    from followed

)

select * from final
