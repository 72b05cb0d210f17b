with

customers as (

    select * from {{ ref('forecast_accuracy__customers') }}

),

summed as (

    select
        cut_off_date,
        outcome_days,
        segment,
        lifecycle_stage,
        decile,
        {{ forecast_sums() }}
    from customers
    group by cut_off_date, outcome_days, segment, lifecycle_stage, decile

),

with_base_status as (

    select
        *,
        {{ forecast_base_status() }}
    from summed

),

final as (

    select
        -- grain
        cut_off_date,
        segment,
        lifecycle_stage,
        decile,

        -- attributes
        base_status,
        contract_base_status,

        -- measures
        outcome_days,
        {{ forecast_figures() }}

    from with_base_status

)

select * from final
