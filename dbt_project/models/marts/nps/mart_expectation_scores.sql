with

scores as (

    select * from {{ ref('experience_scores__groups') }}

),

-- the scores of the question have the same answers and invitations, and so the same rows
met as (

    select * from scores
    where metric = 'met_or_exceeded'

),

exceeded as (

    select * from scores
    where metric = 'exceeded'

),

final as (

    select
        -- grain
        met.month_start_date,
        met.survey_type,
        met.touchpoint,
        met.segment,

        -- attributes
        met.is_complete,
        met.base_status,

        -- measures
        met.answer_count,
        met.invalid_count,
        met.superseded_count,
        cast(met.score_sum as bigint) as met_or_exceeded_count,
        cast(met.score as decimal(7, 6)) as met_or_exceeded_rate,
        cast(met.score_low as decimal(7, 6)) as met_or_exceeded_rate_low,
        cast(met.score_high as decimal(7, 6)) as met_or_exceeded_rate_high,
        cast(exceeded.score_sum as bigint) as exceeded_count,
        cast(exceeded.score as decimal(7, 6)) as exceeded_rate,
        cast(exceeded.score_low as decimal(7, 6)) as exceeded_rate_low,
        cast(exceeded.score_high as decimal(7, 6)) as exceeded_rate_high,
        met.delivered_count,
        met.responded_count,
        met.response_rate

    from met
    inner join exceeded
        on met.month_start_date = exceeded.month_start_date
        and met.survey_type = exceeded.survey_type
        and met.touchpoint = exceeded.touchpoint
        and met.segment = exceeded.segment

)

select * from final
