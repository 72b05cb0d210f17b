with

scores as (

    select * from {{ ref('experience_scores__groups') }}

),

-- the scores of the question have the same answers and invitations, and so the same rows
means as (

    select * from scores
    where metric = 'ces_mean'

),

easy as (

    select * from scores
    where metric = 'ces_easy'

),

high_effort as (

    select * from scores
    where metric = 'ces_high_effort'

),

final as (

    select
        -- grain
        means.month_start_date,
        means.survey_type,
        means.touchpoint,
        means.segment,

        -- attributes
        means.is_complete,
        means.base_status,

        -- measures
        means.answer_count,
        means.invalid_count,
        means.superseded_count,
        means.score_sum as ces_sum,
        means.score_square_sum as ces_square_sum,
        cast(means.score as decimal(7, 4)) as ces_mean,
        cast(means.score_low as decimal(7, 4)) as ces_mean_low,
        cast(means.score_high as decimal(7, 4)) as ces_mean_high,
        cast(easy.score_sum as bigint) as easy_count,
        cast(easy.score as decimal(7, 6)) as easy_rate,
        cast(easy.score_low as decimal(7, 6)) as easy_rate_low,
        cast(easy.score_high as decimal(7, 6)) as easy_rate_high,
        cast(high_effort.score_sum as bigint) as high_effort_count,
        cast(high_effort.score as decimal(7, 6)) as high_effort_rate,
        cast(high_effort.score_low as decimal(7, 6)) as high_effort_rate_low,
        cast(high_effort.score_high as decimal(7, 6)) as high_effort_rate_high,
        means.delivered_count,
        means.responded_count,
        means.response_rate

    from means
    inner join easy
        on means.month_start_date = easy.month_start_date
        and means.survey_type = easy.survey_type
        and means.touchpoint = easy.touchpoint
        and means.segment = easy.segment
    inner join high_effort
        on means.month_start_date = high_effort.month_start_date
        and means.survey_type = high_effort.survey_type
        and means.touchpoint = high_effort.touchpoint
        and means.segment = high_effort.segment

)

select * from final
