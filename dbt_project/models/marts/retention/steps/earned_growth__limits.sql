{%- set groups = ['revenue_type', 'year_start_date', 'segment'] -%}
{%- set kept = 'retained_revenue_amount' -%}
{%- set earned = 'earned_revenue_amount' -%}
{%- set base = 'base_revenue_amount' -%}
{%- set figures = {
    'net': [kept, base],
    'total': [kept ~ ' + reactivated_revenue_amount + new_revenue_amount', base],
    'least_earned': [kept ~ ' + ' ~ earned, base],
    'most_earned': [kept ~ ' + ' ~ earned ~ ' + unknown_reason_revenue_amount', base],
} -%}

with

customers as (

    select * from {{ ref('earned_growth__customers') }}

),

-- only these have rates
comparable as (

    select * from customers
    where
        is_complete
        and is_base_complete

),

limits as (

    {{ bootstrap_limits('comparable', 'customer_id', groups, figures) }}

),

final as (

    select
        -- grain
        revenue_type,
        year_start_date,
        segment,

        -- measures
        net_low,
        net_high,
        total_low,
        total_high,
        least_earned_low,
        least_earned_high,
        most_earned_low,
        most_earned_high

    from limits

)

select * from final
