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

ranked as (

    select
        residual_value_amount,
        row_number() over (
            order by residual_value_amount desc, customer_id asc
        ) as value_rank,
        count(*) over () as customer_count
    from forecasts

),

-- cut points: the smallest residual value within each share of the customers
cut_points as (

    select
        min(residual_value_amount) filter (
            where
            value_rank <= ceil({{ var('high_value_share') }} * customer_count)
        ) as high_amount,
        min(residual_value_amount) filter (
            where
            value_rank
            <= ceil(
                {{ var('high_value_share') + var('medium_value_share') }}
                * customer_count
            )
        ) as medium_amount
    from ranked

),

-- equal values share a tier; a value of 0 is low
tiered as (

    select
        ranked.residual_value_amount,
        case
            when ranked.residual_value_amount = 0 then 'low'
            when ranked.residual_value_amount >= cut_points.high_amount then 'high'
            when ranked.residual_value_amount >= cut_points.medium_amount
                then 'medium'
            else 'low'
        end as value_tier
    from ranked
    cross join cut_points

),

final as (

    select
        -- ids
        tiered.value_tier,

        -- measures
        cast(min(tiered.residual_value_amount) as decimal(18, 2)) as lowest_amount,
        cast(max(tiered.residual_value_amount) as decimal(18, 2)) as highest_amount,
        count(*) as customer_count,
        cast(sum(tiered.residual_value_amount) as decimal(18, 2))
            as residual_value_amount,

        -- times
        as_of.as_of_date

    from tiered
    cross join as_of
    group by tiered.value_tier, as_of.as_of_date

)

select * from final
