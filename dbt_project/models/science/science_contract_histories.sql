with

contracts as (

    select * from {{ ref('science_contracts') }}

),

final as (

    select
        -- ids
        plan,
        cut_off,
        is_open,
        renewal_count,
        period_days,
        renewals_ahead_count,

        -- measures
        count(*) as contract_count,
        cast(sum(holdout_count) as bigint) as holdout_count

    from contracts
    group by
        plan,
        cut_off,
        is_open,
        renewal_count,
        period_days,
        renewals_ahead_count

)

select * from final
