with

histories as (

    select * from {{ ref('science_customer_histories') }}

),

-- customers with one purchase have no repeat spend, but their holdout is still scored
final as (

    select
        -- ids
        segment,
        cut_off,
        repeat_count,
        repeat_amount,
        holdout_count,
        holdout_amount,

        -- measures
        count(*) as customer_count

    from histories
    where
        repeat_count > 0
        or holdout_count > 0
    group by
        segment,
        cut_off,
        repeat_count,
        repeat_amount,
        holdout_count,
        holdout_amount

)

select * from final
