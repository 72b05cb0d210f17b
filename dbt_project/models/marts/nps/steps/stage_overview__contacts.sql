with

periods as (

    select * from {{ ref('experience_scores__periods') }}

),

interactions as (

    select * from {{ ref('fct_interactions') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

touchpoints as (

    select * from {{ ref('dim_touchpoints') }}

),

-- the first contact decides: the order that follows it is the earliest one that follows any
customer_months as (

    select
        interactions.customer_id,
        customers.segment,
        touchpoints.journey_stage,
        {{ month_start('interactions.occurred_date') }} as month_start_date,
        count(*) as contact_count,
        min(interactions.occurred_date) as first_contact_date
    from interactions
    left join customers
        on interactions.customer_key = customers.customer_key
    inner join touchpoints
        on interactions.touchpoint_key = touchpoints.touchpoint_key
    where touchpoints.journey_stage is not null
    group by
        interactions.customer_id,
        customers.segment,
        touchpoints.journey_stage,
        {{ month_start('interactions.occurred_date') }}

),

ordered_days as (

    select
        customer_id,
        ordered_date,
        lag(ordered_date, 1, cast('0001-01-01' as date)) over (
            partition by customer_id
            order by ordered_date
        ) as previous_ordered_date
    from orders
    where
        is_counted
        and customer_id <> {{ unknown_key() }}
    group by customer_id, ordered_date

),

-- the next order is the earliest one of a later day
followed as (

    select
        customer_months.*,
        ordered_days.ordered_date as next_ordered_date
    from customer_months
    left join ordered_days
        on customer_months.customer_id = ordered_days.customer_id
        and customer_months.first_contact_date < ordered_days.ordered_date
        and customer_months.first_contact_date >= ordered_days.previous_ordered_date

),

-- a customer counts in a period with the first month in it: that whose previous month with a
-- contact lies before the period
chained as (

    select
        *,
        lag(month_start_date, 1, cast('0001-01-01' as date)) over (
            partition by customer_id, segment, journey_stage
            order by month_start_date
        ) as previous_month_date
    from followed

),

-- customers with the same months are counted before periods are formed
counted as (

    select
        segment,
        journey_stage,
        month_start_date,
        previous_month_date,
        sum(contact_count) as contact_count,
        count(*) filter (
            where customer_id <> {{ unknown_key() }}
        ) as customer_count,
        count(*) filter (
            where
            customer_id <> {{ unknown_key() }}
            and {{ days_between('first_contact_date', 'next_ordered_date') }}
            <= {{ var('value_horizon_days') }}
        ) as repurchased_count
    from chained
    group by segment, journey_stage, month_start_date, previous_month_date

),

placed as (

    select
        periods.period_type,
        periods.period_start_date,
        counted.*,
        counted.previous_month_date < periods.period_start_date as is_first_month
    from counted
    inner join periods
        on counted.month_start_date >= periods.period_start_date
        and counted.month_start_date <= periods.period_end_date

),

final as (

    select
        -- grain
        period_type,
        period_start_date,
        segment,
        journey_stage,

        -- measures
        cast(sum(contact_count) as bigint) as contact_count,
        cast(
            coalesce(sum(customer_count) filter (where is_first_month), 0) as bigint
        ) as contacted_customer_count,
        cast(
            coalesce(sum(repurchased_count) filter (where is_first_month), 0) as bigint
        ) as repurchased_customer_count

    from placed
    group by period_type, period_start_date, segment, journey_stage

)

select * from final
