with

figures as (

    select * from {{ ref('revenue_bridge__figures') }}

),

final as (

    select
        -- grain
        period_start_date as year_start_date,
        segment,

        -- attributes
        is_complete,
        is_base_complete,

        -- measures
        opening_customer_count,
        new_customer_count,
        reactivated_customer_count,
        expanded_customer_count,
        contracted_customer_count,
        churned_customer_count,
        open_customer_count,
        transferred_in_customer_count,
        transferred_out_customer_count,
        closing_customer_count,
        opening_amount,
        new_amount,
        reactivated_amount,
        expansion_amount,
        contraction_amount,
        churned_amount,
        open_amount,
        transferred_in_amount,
        transferred_out_amount,
        closing_amount

    from figures
    where
        revenue_type = 'orders'
        and period_type = 'year'

)

select * from final
