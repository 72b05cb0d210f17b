with

contracts as (

    select * from {{ ref('science_contracts') }}

),

scores as (

    select * from {{ source('science', 'backtest_contracts') }}

),

today as (

    select * from contracts
    where cut_off = 'as_of'

),

-- a contract without a renewal until the as-of date cannot be lost before it
scored as (

    select
        contracts.cut_off,
        contracts.customer_id,
        case
            when contracts.renewals_ahead_count = 0 then 0
            else scores.contract_loss_probability
        end as contract_loss_probability,
        cast(not today.is_open as integer) as is_lost
    from contracts
    inner join today
        on contracts.system = today.system
        and contracts.subscription_source_id = today.subscription_source_id
    left join scores
        on contracts.cut_off = scores.cut_off
        and contracts.plan = scores.plan
        and contracts.renewal_count = scores.renewal_count
        and contracts.period_unit = scores.period_unit
        and contracts.period_length = scores.period_length
        and contracts.renewals_ahead_count = scores.renewals_ahead_count
    where
        contracts.is_open
        and contracts.cut_off like '%_ago'

),

final as (

    select
        -- grain
        cut_off,
        customer_id,

        -- measures
        count(*) as contract_count,
        cast(sum(is_lost) as bigint) as lost_contract_count,
        sum(contract_loss_probability) as expected_lost_contracts,
        sum(power(contract_loss_probability - is_lost, 2)) as contract_brier_sum

    from scored
    where contract_loss_probability is not null
    group by cut_off, customer_id

)

select * from final
