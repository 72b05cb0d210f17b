with

contracts as (

    select * from {{ ref('science_contracts') }}
    -- a contract that ended before the history starts is not observed
    where is_open or unobserved_renewal_count <= renewal_count

),

final as (

    select
        -- ids
        plan,
        cut_off,
        is_open,
        renewal_count,
        unobserved_renewal_count,
        period_unit,
        period_length,
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
        unobserved_renewal_count,
        period_unit,
        period_length,
        renewals_ahead_count

)

select * from final
