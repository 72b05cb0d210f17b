with

surveys as (

    select * from {{ ref('int_surveys__unioned') }}

),

touchpoints as (

    select * from {{ ref('dim_touchpoints') }}

),

-- a relational survey asks about the whole relationship: it has no touchpoint
placed as (

    select
        *,
        case
            when survey_type in ('relational', 'transactional') then survey_type
            else 'unknown'
        end as known_survey_type,
        case when survey_type = 'relational' then 'not_applicable' else touchpoint end
            as asked_touchpoint
    from surveys

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
        surveys.known_survey_type as survey_type,
        coalesce(touchpoints.touchpoint, 'unknown') as touchpoint,
        coalesce(touchpoints.journey_stage, 'unknown') as journey_stage

    from placed as surveys
    left join touchpoints
        on surveys.asked_touchpoint = touchpoints.touchpoint

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
