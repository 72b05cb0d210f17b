with

customer_months as (

    select * from {{ ref('fct_customer_months') }}

),

nps as (

    select * from {{ ref('mart_nps_by_segment_lifecycle') }}

),

retention as (

    select * from {{ ref('mart_retention_by_segment_stage') }}

),

value_groups as (

    select * from {{ ref('mart_clv_by_segment_stage') }}

),

as_of as (

    select date_day as as_of_date
    from {{ ref('dim_dates') }}
    where is_as_of

),

customers as (

    select
        month_start_date,
        segment,
        lifecycle_stage,
        count(*) as customer_count
    from customer_months
    group by month_start_date, segment, lifecycle_stage

),

-- the value still to come is forecast as of one day: it stands in the last month with data
residual_values as (

    select
        {{ month_start("as_of_date - interval 1 day") }} as month_start_date,
        segment,
        lifecycle_stage,
        sum(forecast_count) as forecast_count,
        sum(residual_value_amount) as residual_value_amount
    from value_groups
    group by as_of_date, segment, lifecycle_stage

),

-- a group with answers and no customer left in it is a row too
groups as (

    select
        month_start_date,
        segment,
        lifecycle_stage
    from customers

    union

    select
        month_start_date,
        segment,
        lifecycle_stage
    from nps

    union

    select
        month_start_date,
        segment,
        lifecycle_stage
    from retention

    union

    select
        month_start_date,
        segment,
        lifecycle_stage
    from residual_values

),

final as (

    select
        -- grain
        groups.month_start_date,
        groups.segment,
        groups.lifecycle_stage,

        -- attributes
        groups.month_start_date + interval 1 month <= as_of.as_of_date as is_complete,
        coalesce(nps.base_status, 'suppressed') as nps_base_status,
        coalesce(retention.base_status, 'suppressed') as retention_base_status,

        -- measures
        coalesce(customers.customer_count, 0) as customer_count,
        coalesce(nps.answer_count, 0) as nps_answer_count,
        coalesce(nps.nps_sum, 0) as nps_sum,
        nps.nps,
        nps.nps_low,
        nps.nps_high,
        coalesce(retention.base_customer_count, 0) as base_customer_count,
        retention.logo_retention_rate,
        retention.logo_retention_rate_low,
        retention.logo_retention_rate_high,
        cast(coalesce(retention.base_revenue_amount, 0) as decimal(18, 2))
            as base_revenue_amount,
        retention.gross_revenue_retention_rate,
        retention.gross_revenue_retention_rate_low,
        retention.gross_revenue_retention_rate_high,
        retention.net_revenue_retention_rate,
        retention.net_revenue_retention_rate_low,
        retention.net_revenue_retention_rate_high,
        cast(residual_values.forecast_count as bigint) as forecast_count,
        cast(residual_values.residual_value_amount as decimal(18, 2))
            as residual_value_amount,
        cast(
            round(
                residual_values.residual_value_amount
                / nullif(cast(residual_values.forecast_count as double), 0),
                2
            ) as decimal(18, 2)
        ) as mean_residual_value_amount

    from groups
    cross join as_of
    left join customers
        on groups.month_start_date = customers.month_start_date
        and groups.segment = customers.segment
        and groups.lifecycle_stage = customers.lifecycle_stage
    left join nps
        on groups.month_start_date = nps.month_start_date
        and groups.segment = nps.segment
        and groups.lifecycle_stage = nps.lifecycle_stage
    left join retention
        on groups.month_start_date = retention.month_start_date
        and groups.segment = retention.segment
        and groups.lifecycle_stage = retention.lifecycle_stage
    left join residual_values
        on groups.month_start_date = residual_values.month_start_date
        and groups.segment = residual_values.segment
        and groups.lifecycle_stage = residual_values.lifecycle_stage

)

select * from final
