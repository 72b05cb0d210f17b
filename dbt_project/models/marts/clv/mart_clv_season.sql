with

season as (

    select * from {{ source('science', 'purchase_season') }}

),

final as (

    select
        -- ids
        month_number,

        -- measures
        cast(seasonal_index as decimal(9, 6)) as seasonal_index,
        cast(own_weight as decimal(9, 6)) as own_weight,
        actual_order_count,
        cast(expected_orders as decimal(18, 6)) as expected_orders,
        cycle_count,

        -- times
        as_of_date

    from season

)

select * from final
