with

histories as (

    select * from {{ ref('science_customer_histories') }}

),

final as (

    select
        -- ids
        segment,
        repeat_count,
        repeat_amount,

        -- measures
        count(*) as customer_count

    from histories
    where
        cut_off = 'as_of'
        and repeat_count > 0
    group by segment, repeat_count, repeat_amount

)

select * from final
