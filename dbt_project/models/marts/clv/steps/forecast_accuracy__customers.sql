with

purchases as (

    select * from {{ ref('forecast_accuracy__purchases') }}

),

contracts as (

    select * from {{ ref('forecast_accuracy__contracts') }}

),

dates as (

    select * from {{ ref('dim_dates') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

{{ backtest_lengths() }},

days as (

    select
        lengths.cut_off,
        lengths.outcome_days,
        cast(
            dates.date_day - to_days(cast(lengths.outcome_days as integer)) as date
        ) as cut_off_date
    from lengths
    inner join dates
        on dates.is_as_of

),

-- customers with purchases, with contracts, or both
forecast as (

    select
        coalesce(purchases.cut_off, contracts.cut_off) as cut_off,
        coalesce(purchases.customer_id, contracts.customer_id) as customer_id,
        purchases.decile,
        purchases.expected_orders,
        purchases.naive_orders,
        purchases.no_order_probability,
        purchases.order_count,
        purchases.expected_revenue,
        purchases.revenue_amount,
        purchases.expected_margin,
        purchases.margin_amount,
        contracts.contract_count,
        contracts.expected_lost_contracts,
        contracts.lost_contract_count,
        contracts.contract_brier_sum
    from purchases
    full join contracts
        on purchases.cut_off = contracts.cut_off
        and purchases.customer_id = contracts.customer_id

),

counted_orders as (

    select
        customer_id,
        ordered_date,
        lag(ordered_date) over (
            partition by customer_id
            order by ordered_date
        ) as previous_ordered_date
    from orders
    where is_counted

),

ordered as (

    select
        days.cut_off,
        counted_orders.customer_id,
        min(counted_orders.ordered_date) as first_ordered_date,
        max(counted_orders.ordered_date) as last_ordered_date,
        max(counted_orders.ordered_date) filter (
            where
            {{ ends_a_lapse(
                'counted_orders.previous_ordered_date', 'counted_orders.ordered_date'
            ) }}
        ) as won_back_date
    from counted_orders
    inner join days
        on counted_orders.ordered_date < days.cut_off_date
    group by days.cut_off, counted_orders.customer_id

),

-- segment and lifecycle stage are those of the cut-off, as the forecast knew them
final as (

    select
        -- grain
        days.cut_off_date,
        forecast.customer_id,

        -- attributes
        days.outcome_days,
        customers.segment,
        {{ lifecycle_stage(
            days_between('ordered.first_ordered_date', 'days.cut_off_date'),
            days_between('ordered.last_ordered_date', 'days.cut_off_date'),
            days_between('ordered.won_back_date', 'days.cut_off_date')
        ) }} as lifecycle_stage,
        coalesce(forecast.decile, 0) as decile,

        -- measures
        forecast.expected_orders,
        forecast.naive_orders,
        forecast.order_count,
        forecast.no_order_probability,
        cast(forecast.order_count = 0 as integer) as without_order_count,
        forecast.expected_revenue,
        forecast.revenue_amount,
        forecast.expected_margin,
        forecast.margin_amount,
        forecast.contract_count,
        forecast.expected_lost_contracts,
        forecast.lost_contract_count,
        forecast.contract_brier_sum

    from forecast
    inner join days
        on forecast.cut_off = days.cut_off
    inner join customers
        on forecast.customer_id = customers.customer_id
        and {{ start_of_day('days.cut_off_date') }} >= customers.valid_from
        and {{ start_of_day('days.cut_off_date') }} < customers.valid_to
    left join ordered
        on forecast.cut_off = ordered.cut_off
        and forecast.customer_id = ordered.customer_id

)

select * from final
