with

histories as (

    select * from {{ ref('science_customer_histories') }}

),

final as (

    select
        -- ids
        segment,
        cut_off,
        is_entry_known,
        repeat_count,
        last_purchase_weeks,
        observed_weeks,

        -- measures
        count(*) as customer_count,
        cast(sum(holdout_count) as bigint) as holdout_count,
        cast(sum(holdout_count * holdout_count) as bigint) as holdout_square_count,
        count(*) filter (where holdout_count > 0) as holdout_buyer_count

    from histories
    group by
        segment,
        cut_off,
        is_entry_known,
        repeat_count,
        last_purchase_weeks,
        observed_weeks

)

select * from final
