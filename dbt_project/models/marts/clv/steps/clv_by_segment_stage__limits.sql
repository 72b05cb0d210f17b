{%- set groups = ['segment', 'lifecycle_stage', 'value_tier'] -%}
{%- set figures = {
    'total': ['residual_value_amount'],
    'mean': ['residual_value_amount', '1'],
} -%}

with

customer_values as (

    select * from {{ ref('mart_customer_lifetime_value') }}

),

forecast as (

    select * from customer_values
    where residual_value_amount is not null

),

limits as (

    {{ bootstrap_limits('forecast', 'customer_id', groups, figures) }}

),

final as (

    select
        -- grain
        segment,
        lifecycle_stage,
        value_tier,

        -- measures
        total_low,
        total_high,
        mean_low,
        mean_high

    from limits

)

select * from final
