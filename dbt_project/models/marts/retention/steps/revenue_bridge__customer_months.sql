with

customer_months as (

    select * from {{ ref('customer_months__cumulative') }}

),

subscriptions as (

    select * from {{ ref('fct_subscriptions') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

as_of as (

    select date_day as as_of_date
    from {{ ref('dim_dates') }}
    where is_as_of

),

months as (

    select
        period_start_date as month_start_date,
        {{ start_of_day('observed_date') }} as observed_at
    from {{ ref('revenue_bridge__periods') }}
    where period_type = 'month'

),

periods as (

    select
        subscriptions.*,
        {{ month_start('subscriptions.started_date') }} as month_start_date,
        -- an early renewal ends the contract period that it renews
        coalesce(
            least(subscriptions.ends_at, subscriptions.renewed_at),
            subscriptions.ends_at
        ) as over_at
    from subscriptions
    inner join as_of
        on subscriptions.started_date < as_of.as_of_date
    where subscriptions.customer_id <> {{ unknown_key() }}

),

subscribers as (

    select
        customer_id,
        min(month_start_date) as first_month_start_date
    from periods
    group by customer_id

),

subscriber_months as (

    select
        subscribers.*,
        months.*
    from subscribers
    inner join months
        on subscribers.first_month_start_date <= months.month_start_date

),

running_contracts as (

    select
        subscriber_months.customer_id,
        subscriber_months.month_start_date,
        sum(periods.monthly_amount) as revenue_amount
    from subscriber_months
    inner join periods
        on subscriber_months.customer_id = periods.customer_id
        and subscriber_months.observed_at > periods.started_at
        and subscriber_months.observed_at <= periods.over_at
    group by subscriber_months.customer_id, subscriber_months.month_start_date

),

revenue as (

    select
        'orders' as revenue_type,
        customer_id,
        month_start_date,
        segment,
        lifecycle_stage,
        first_ordered_date < month_start_date as has_history,
        revenue_amount
    from customer_months

    union all

    select
        'subscriptions' as revenue_type,
        subscriber_months.customer_id,
        subscriber_months.month_start_date,
        coalesce(customers.segment, 'unknown') as segment,
        coalesce(customer_months.lifecycle_stage, 'prospect') as lifecycle_stage,
        subscriber_months.first_month_start_date < subscriber_months.month_start_date
            as has_history,
        coalesce(running_contracts.revenue_amount, 0) as revenue_amount
    from subscriber_months
    left join running_contracts
        on subscriber_months.customer_id = running_contracts.customer_id
        and subscriber_months.month_start_date = running_contracts.month_start_date
    left join customer_months
        on subscriber_months.customer_id = customer_months.customer_id
        and subscriber_months.month_start_date = customer_months.month_start_date
    left join customers
        on subscriber_months.customer_id = customers.customer_id
        and subscriber_months.observed_at > customers.valid_from
        and subscriber_months.observed_at <= customers.valid_to

),

final as (

    select
        -- grain
        revenue_type,
        customer_id,
        month_start_date,

        -- attributes
        segment,
        lifecycle_stage,
        coalesce(has_history, false) as has_history,

        -- measures
        cast(revenue_amount as decimal(18, 2)) as revenue_amount

    from revenue

)

select * from final
