{%- set groups = ['revenue_type', 'month_start_date', 'segment', 'lifecycle_stage'] -%}
{%- set figures = {
    'gross': ['kept_revenue_amount', 'base_revenue_amount'],
    'net': ['retained_revenue_amount', 'base_revenue_amount'],
} -%}

with

customers as (

    select * from {{ ref('retention__customers') }}

),

-- only these have a rate
bases as (

    select
        *,
        least(base_revenue_amount, greatest(revenue_amount, 0)) as kept_revenue_amount,
        greatest(revenue_amount, 0) as retained_revenue_amount
    from customers
    where
        base_revenue_amount > 0
        and is_complete
        and is_base_complete

),

limits as (

    {{ bootstrap_limits('bases', 'customer_id', groups, figures) }}

),

final as (

    select
        -- grain
        revenue_type,
        month_start_date,
        segment,
        lifecycle_stage,

        -- measures
        gross_low,
        -- kept revenue is never above the base
        case when gross_high > 1 then 1 else gross_high end as gross_high,
        net_low,
        net_high

    from limits

)

select * from final
