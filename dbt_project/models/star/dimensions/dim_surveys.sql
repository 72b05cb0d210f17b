with

surveys as (

    select * from {{ ref('int_surveys__unioned') }}

),

touchpoints as (

    select * from {{ ref('dim_touchpoints') }}

),

final as (

    select
        -- ids
        {{ surrogate_key(['surveys.system', 'surveys.source_id']) }} as survey_key,
        coalesce(touchpoints.touchpoint_key, {{ unknown_key() }}) as touchpoint_key,
        surveys.system,
        surveys.source_id,

        -- attributes
        coalesce(surveys.survey_name, surveys.source_id) as survey_name,
        case
            when surveys.survey_type in ('relational', 'transactional')
                then surveys.survey_type
            else 'unknown'
        end as survey_type,
        coalesce(touchpoints.touchpoint, 'unknown') as touchpoint,
        coalesce(touchpoints.journey_stage, 'unknown') as journey_stage

    from surveys
    left join touchpoints
        on surveys.touchpoint = touchpoints.touchpoint

    union all

    select
        {{ unknown_key() }} as survey_key,
        {{ unknown_key() }} as touchpoint_key,
        'unknown' as system,
        'unknown' as source_id,
        'Unknown' as survey_name,
        'unknown' as survey_type,
        'unknown' as touchpoint,
        'unknown' as journey_stage

)

select * from final
