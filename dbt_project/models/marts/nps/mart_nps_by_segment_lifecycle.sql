with

answers as (

    select * from {{ ref('experience_scores__period_answers') }}

),

counted as (

    select
        period_type,
        period_start_date,
        period_end_date,
        is_complete,
        segment,
        lifecycle_stage,
        {{ nps_counts() }}

    from answers
    where
        metric = 'nps'
        and survey_type = 'relational'
    group by
        period_type,
        period_start_date,
        period_end_date,
        is_complete,
        segment,
        lifecycle_stage

),

judged as (

    select
        *,
        {{ base_status('answer_count') }} as base_status

    from counted

),

final as (

    select
        -- grain
        period_type,
        period_start_date,
        period_end_date,
        segment,
        lifecycle_stage,

        -- attributes
        is_complete,
        base_status,

        -- measures
        {{ nps_measures() }}

    from judged

)

select * from final
