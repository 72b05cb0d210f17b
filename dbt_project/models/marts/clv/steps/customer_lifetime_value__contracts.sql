with

contracts as (

    select * from {{ ref('science_contracts') }}
    where cut_off = 'as_of'

),

customers as (

    select * from {{ ref('dim_customers') }}
    where
        is_current
        and customer_id <> {{ unknown_key() }}

),

segment_fits as (

    select * from {{ ref('customer_lifetime_value__segment_fits') }}

),

contract_fits as (

    select * from {{ source('science', 'contract_fits') }}
    where is_in_use

),

contract_scores as (

    select * from {{ source('science', 'contract_scores') }}

),

-- a plan uses the fit of its own contracts, else the fit of all contracts
fitted as (

    select
        contracts.*,
        segment_fits.is_margin_assumed,
        segment_fits.is_margin_floored,
        segment_fits.margin_rate,
        coalesce(own_fits.fit_id, pooled_fits.fit_id) as contract_fit_id,
        coalesce(own_fits.as_of_date, pooled_fits.as_of_date) as contract_fit_date
    from contracts
    inner join customers
        on contracts.customer_id = customers.customer_id
    left join segment_fits
        on customers.segment = segment_fits.segment
    left join contract_fits as own_fits
        on contracts.plan = own_fits.population
    left join contract_fits as pooled_fits
        on pooled_fits.population = 'pooled'

),

-- a renewal is paid when the period before it ends
scored as (

    select
        fitted.*,
        case
            when fitted.renewals_ahead_count = 0 then 0
            else contract_scores.contract_loss_probability
        end as contract_loss_probability,
        fitted.period_amount * fitted.margin_rate
        * contract_scores.expected_renewals as expected_margin,
        fitted.period_amount * fitted.margin_rate
        * contract_scores.discounted_renewals
        / power(
            1 + {{ var('annual_discount_rate') }}, fitted.days_to_renewal / 365.0
        ) as residual_value
    from fitted
    left join contract_scores
        on fitted.contract_fit_id = contract_scores.fit_id
        and fitted.renewal_count = contract_scores.renewal_count
        and fitted.period_unit = contract_scores.period_unit
        and fitted.period_length = contract_scores.period_length
        and fitted.renewals_ahead_count = contract_scores.renewals_ahead_count

),

-- one open contract without a forecast leaves the sum and the product unknown
final as (

    select
        -- ids
        customer_id,
        max(contract_fit_id) filter (where is_open) as contract_fit_id,

        -- attributes
        bool_or(is_margin_assumed) as is_margin_assumed,
        bool_or(is_margin_floored) as is_margin_floored,
        case
            when bool_or(is_open and renewals_ahead_count = 0) then 'not_due'
            when bool_or(is_open) then 'due'
            else 'no_contract'
        end as contract_renewal_status,

        -- measures
        count(*) as contract_count,
        count(*) filter (where is_open) as open_contract_count,
        case
            when
                count(*) filter (where is_open and contract_loss_probability is null)
                = 0
                then
                    cast(
                        product(contract_loss_probability) filter (where is_open)
                        as decimal(9, 6)
                    )
        end as contract_loss_probability,
        max(margin_rate) as margin_rate,
        case
            when
                count(*) filter (where is_open and expected_margin is null) = 0
                then
                    cast(
                        sum(expected_margin) filter (where is_open) as decimal(18, 2)
                    )
        end as expected_margin_amount,
        case
            when
                count(*) filter (where is_open and residual_value is null) = 0
                then
                    cast(sum(residual_value) filter (where is_open) as decimal(18, 2))
        end as residual_value_amount,

        -- times
        min(contract_fit_date) filter (where is_open) as contract_fit_date

    from scored
    group by customer_id

)

select * from final
