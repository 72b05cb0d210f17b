with

answers as (

    select * from {{ ref('experience_scores__period_answers') }}

),

score_metrics as (

    select * from {{ ref('score_metrics') }}

),

-- thirds and halves of a scale: on the scale 1 to 7, the upper third is 5 to 7, the lower
-- third 1 to 3, middle or above 4 to 7, above the middle 5 to 7
scaled as (

    select
        *,
        {{ is_in_top_boxes('scale_steps', 0, 'scale_length') }} as is_in_top_boxes,
        {{ is_in_upper_third('scale_steps', 0, 'scale_length') }} as is_in_upper_third,
        3 * scale_steps <= scale_length as is_in_lower_third,
        {{ is_middle_or_above('scale_steps', 0, 'scale_length') }}
            as is_middle_or_above,
        2 * scale_steps > scale_length as is_above_middle,
        1 + 6 * scale_steps / cast(scale_length as double) as place_of_seven

    from answers

),

valued as (

    select
        scaled.*,
        score_metrics.metric as score_metric,
        case score_metrics.metric
            when 'nps' then scaled.nps_value
            when 'csat' then cast(scaled.is_in_top_boxes as integer)
            when 'ces_mean' then cast(scaled.place_of_seven as decimal(18, 6))
            when 'ces_easy' then cast(scaled.is_in_upper_third as integer)
            when 'ces_high_effort' then cast(scaled.is_in_lower_third as integer)
            when 'met_or_exceeded' then cast(scaled.is_middle_or_above as integer)
            when 'exceeded' then cast(scaled.is_above_middle as integer)
        end as score_value

    from scaled
    inner join score_metrics
        on scaled.metric = score_metrics.asked_metric

),

final as (

    select
        -- grain
        period_type,
        period_start_date,
        survey_answer_key,
        score_metric as metric,

        -- ids
        customer_id,

        -- attributes
        survey_type,
        touchpoint,
        journey_stage,
        segment,
        is_valid,
        is_counted,

        -- measures
        cast(case when is_counted then score_value end as decimal(18, 6)) as score_value

    from valued

)

select * from final
