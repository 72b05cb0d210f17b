with

histories as (

    select * from {{ ref('science_customer_histories') }}

),

final as (

    select
        -- ids
        segment,
        cut_off,
        repeat_count,
        last_purchase_weeks,
        observed_weeks,

        -- measures
        count(*) as customer_count,
        cast(sum(holdout_count) as bigint) as holdout_count

    from histories
    group by segment, cut_off, repeat_count, last_purchase_weeks, observed_weeks

)

select * from final
