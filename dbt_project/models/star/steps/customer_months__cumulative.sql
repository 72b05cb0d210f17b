with

customers as (

    select * from {{ ref('dim_customers') }}

),

identities as (

    select * from {{ ref('map_customer_identities') }}

),

dates as (

    select * from {{ ref('dim_dates') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

refunds as (

    select * from {{ ref('fct_refunds') }}

),

answers as (

    select * from {{ ref('fct_survey_answers') }}

),

interactions as (

    select * from {{ ref('fct_interactions') }}

),

as_of as (

    select date_day as as_of_date
    from dates
    where is_as_of

),

-- a month is observed at its end, the running month at the as-of date
months as (

    select
        dates.month_start_date,
        min(
            least(
                cast(dates.month_start_date + interval 1 month as date),
                as_of.as_of_date
            )
        ) as observed_date
    from dates
    inner join as_of
        on dates.date_day < as_of.as_of_date
    group by dates.month_start_date

),

sightings as (

    select
        customer_id,
        first_load_date as seen_date
    from identities

    union all

    select
        customer_id,
        {{ local_date('registered_at') }} as seen_date
    from customers

    union all

    select
        customer_id,
        ordered_date as seen_date
    from orders

    union all

    select
        customer_id,
        answered_date as seen_date
    from answers

    union all

    select
        customer_id,
        occurred_date as seen_date
    from interactions

    union all

    select
        customer_id,
        refunded_date as seen_date
    from refunds
    where is_counted

),

first_months as (

    select
        customer_id,
        {{ month_start('min(seen_date)') }} as first_month_start_date
    from sightings
    where customer_id <> {{ unknown_key() }}
    group by customer_id

),

counted_orders as (

    select orders.*
    from orders
    inner join as_of
        on orders.ordered_date < as_of.as_of_date
    where orders.is_counted

),

followed_orders as (

    select
        *,
        {{ month_start('ordered_date') }} as month_start_date,
        lag(ordered_date) over (
            partition by customer_id
            order by ordered_at, order_key
        ) as previous_ordered_date
    from counted_orders

),

order_months as (

    select
        customer_id,
        month_start_date,
        count(*) as order_count,
        count(*) - count(margin_amount) as unknown_margin_count,
        sum(net_amount) as net_amount,
        sum(margin_amount) as margin_amount,
        min(ordered_date) as first_ordered_date,
        max(ordered_date) as last_ordered_date,
        max(ordered_date) filter (
            where {{ ends_a_lapse('previous_ordered_date', 'ordered_date') }}
        ) as won_back_date
    from followed_orders
    group by customer_id, month_start_date

),

-- a refund that is dated before its order lowers the month of the order
counted_refunds as (

    select
        refunds.customer_id,
        refunds.refund_amount,
        refunds.returned_cost_amount,
        {{ month_start('refunds.refunded_date') }} as month_start_date
    from refunds
    inner join as_of
        on refunds.refunded_date < as_of.as_of_date
    left join counted_orders
        on refunds.order_key = counted_orders.order_key
    where
        refunds.is_counted
        and (refunds.is_of_customer or counted_orders.order_key is not null)

),

refund_months as (

    select
        customer_id,
        month_start_date,
        count(*) - count(returned_cost_amount) as unknown_margin_count,
        sum(refund_amount) as refunded_amount,
        sum(refund_amount - returned_cost_amount) as refunded_margin_amount
    from counted_refunds
    group by customer_id, month_start_date

),

nps_answers as (

    select
        answers.customer_id,
        answers.nps_band,
        {{ month_start('answers.answered_date') }} as month_start_date,
        row_number() over (
            partition by answers.customer_id, {{ month_start('answers.answered_date') }}
            order by answers.answered_at desc, answers.survey_answer_key desc
        ) as recency
    from answers
    inner join as_of
        on answers.answered_date < as_of.as_of_date
    where answers.nps_band is not null

),

nps_months as (

    select
        customer_id,
        month_start_date,
        nps_band
    from nps_answers
    where recency = 1

),

interaction_months as (

    select
        interactions.customer_id,
        {{ month_start('interactions.occurred_date') }} as month_start_date,
        count(*) as interaction_count
    from interactions
    inner join as_of
        on interactions.occurred_date < as_of.as_of_date
    group by interactions.customer_id, {{ month_start('interactions.occurred_date') }}

),

customer_months as (

    select
        first_months.customer_id,
        months.month_start_date,
        months.observed_date
    from first_months
    inner join months
        on first_months.first_month_start_date <= months.month_start_date

),

measured as (

    select
        customer_months.*,
        coalesce(order_months.order_count, 0) as order_count,
        coalesce(interaction_months.interaction_count, 0) as interaction_count,
        coalesce(order_months.net_amount, 0)
        - coalesce(refund_months.refunded_amount, 0) as revenue_amount,
        case
            when
                coalesce(order_months.unknown_margin_count, 0) = 0
                and coalesce(refund_months.unknown_margin_count, 0) = 0
                then
                    coalesce(order_months.margin_amount, 0)
                    - coalesce(refund_months.refunded_margin_amount, 0)
        end as margin_amount,
        nps_months.nps_band,
        order_months.first_ordered_date,
        order_months.last_ordered_date,
        order_months.won_back_date
    from customer_months
    left join order_months
        on customer_months.customer_id = order_months.customer_id
        and customer_months.month_start_date = order_months.month_start_date
    left join refund_months
        on customer_months.customer_id = refund_months.customer_id
        and customer_months.month_start_date = refund_months.month_start_date
    left join nps_months
        on customer_months.customer_id = nps_months.customer_id
        and customer_months.month_start_date = nps_months.month_start_date
    left join interaction_months
        on customer_months.customer_id = interaction_months.customer_id
        and customer_months.month_start_date = interaction_months.month_start_date

),

remembered as (

    select
        customer_id,
        month_start_date,
        observed_date,
        order_count,
        interaction_count,
        revenue_amount,
        margin_amount,
        {{ last_known('nps_band', 'history') }} as latest_nps_band,
        sum(order_count) over history as cumulative_order_count,
        sum(revenue_amount) over history as cumulative_revenue_amount,
        min(first_ordered_date) over history as first_ordered_date,
        max(last_ordered_date) over history as last_ordered_date,
        max(won_back_date) over history as won_back_date
    from measured
    window history as (
        partition by customer_id
        order by month_start_date
        rows between unbounded preceding and current row
    )

),

dated as (

    select
        *,
        {{ days_between('first_ordered_date', 'observed_date') }} as days_since_first,
        {{ days_between('last_ordered_date', 'observed_date') }} as days_since_last,
        {{ days_between('won_back_date', 'observed_date') }} as days_since_won_back,
        {{ start_of_day('observed_date') }} as observed_at
    from remembered

),

staged as (

    select
        *,
        {{ lifecycle_stage(
            'days_since_first', 'days_since_last', 'days_since_won_back'
        ) }} as lifecycle_stage
    from dated

),

final as (

    select
        -- ids
        months.customer_id,
        months.month_start_date,
        coalesce(customers.customer_key, {{ unknown_key() }}) as customer_key,

        -- attributes
        coalesce(customers.segment, 'unknown') as segment,
        months.lifecycle_stage,
        {{ is_active_stage('months.lifecycle_stage') }} as is_active,
        months.latest_nps_band,

        -- measures
        months.order_count,
        months.interaction_count,
        cast(months.revenue_amount as decimal(18, 2)) as revenue_amount,
        cast(months.margin_amount as decimal(18, 2)) as margin_amount,
        cast(months.cumulative_order_count as bigint) as cumulative_order_count,
        cast(months.cumulative_revenue_amount as decimal(18, 2))
            as cumulative_revenue_amount,

        -- times
        months.first_ordered_date,
        months.last_ordered_date,
        months.won_back_date

    from staged as months
    left join customers
        on months.customer_id = customers.customer_id
        and months.observed_at > customers.valid_from
        and months.observed_at <= customers.valid_to

)

select * from final
