with

purchase_days as (

    select * from {{ ref('science_purchase_days') }}

),

histories as (

    select * from {{ ref('science_customer_histories') }}
    where cut_off = 'as_of'

),

final as (

    select
        -- ids
        histories.segment,
        purchase_days.purchase_date,

        -- measures
        count(*) filter (
            where
            histories.is_entry_known
            and purchase_days.purchase_date = histories.first_purchase_date
        ) as first_count,
        count(*) filter (
            where
            histories.is_entry_known
            and purchase_days.purchase_date > histories.first_purchase_date
        ) as repeat_count,
        count(*) as purchase_count,
        cast(sum(purchase_days.revenue_amount) as decimal(18, 2)) as revenue_amount

    from purchase_days
    inner join histories
        on purchase_days.customer_id = histories.customer_id
    group by histories.segment, purchase_days.purchase_date

)

select * from final
