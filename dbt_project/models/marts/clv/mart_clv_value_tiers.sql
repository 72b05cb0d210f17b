{%- set medium_share = var('medium_value_share') -%}
{%- set low_share = 1 - var('high_value_share') - medium_share -%}

with

forecasts as (

    select * from {{ ref('customer_lifetime_value__forecasts') }}
    where residual_value_amount is not null

),

as_of as (

    select date_day as as_of_date
    from {{ ref('dim_dates') }}
    where is_as_of

),

distinct_values as (

    select
        residual_value_amount,
        count(*) as value_customer_count
    from forecasts
    group by residual_value_amount

),

placed as (

    select
        *,
        sum(value_customer_count) over () as customer_count,
        sum(value_customer_count) over (
            order by residual_value_amount
            rows between unbounded preceding and current row
        ) as last_place
    from distinct_values

),

-- a value of 0 is low, also where the low tier has no place
ends as (

    select
        coalesce({{ tier_end('residual_value_amount', low_share) }}, 0) as low_end,
        {{ tier_end('residual_value_amount', low_share + medium_share) }} as medium_end
    from placed

),

tiered as (

    select
        placed.residual_value_amount,
        placed.value_customer_count,
        {{ tier_of(
            'placed.residual_value_amount',
            ['ends.low_end', 'ends.medium_end'],
            ["'low'", "'medium'", "'high'"]
        ) }} as value_tier
    from placed
    cross join ends

),

final as (

    select
        -- ids
        tiered.value_tier,

        -- measures
        cast(min(tiered.residual_value_amount) as decimal(18, 2)) as lowest_amount,
        cast(max(tiered.residual_value_amount) as decimal(18, 2)) as highest_amount,
        cast(sum(tiered.value_customer_count) as bigint) as customer_count,
        cast(
            sum(tiered.residual_value_amount * tiered.value_customer_count)
            as decimal(18, 2)
        ) as residual_value_amount,

        -- times
        as_of.as_of_date

    from tiered
    cross join as_of
    group by tiered.value_tier, as_of.as_of_date

)

select * from final
