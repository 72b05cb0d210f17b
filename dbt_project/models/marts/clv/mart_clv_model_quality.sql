with

purchase_fits as (

    select * from {{ source('science', 'purchase_fits') }}

),

spend_fits as (

    select * from {{ source('science', 'spend_fits') }}

),

contract_fits as (

    select * from {{ source('science', 'contract_fits') }}

),

-- the three tables have the same columns in the same order
fits as (

    select * from purchase_fits

    union all

    select * from spend_fits

    union all

    select * from contract_fits

),

final as (

    select
        -- ids
        fit_id,
        population,
        model,
        coalesce(method, 'full_model') as method,

        -- attributes
        is_chosen,
        is_in_use,
        refusal_reason,
        remark,

        -- measures
        customer_count,
        history_count,
        log_likelihood,
        r,
        alpha,
        a,
        b,
        p,
        q,
        v,
        r_standard_error,
        alpha_standard_error,
        a_standard_error,
        b_standard_error,
        p_standard_error,
        q_standard_error,
        v_standard_error,
        spend_correlation,
        holdout_customer_count,
        holdout_actual,
        holdout_expected,
        holdout_error_rate,
        naive_error_rate,
        calibration_error_rate,
        error_per_customer,
        naive_error_per_customer,
        holdout_days,

        -- times
        as_of_date

    from fits

)

select * from final
