with

answers as (

    select * from {{ ref('experience_scores__period_answers') }}

),

nps_answers as (

    select *
    from answers
    where
        metric = 'nps'
        and is_counted

),

segmented as (

    select
        *,
        'segment' as segmentation,
        segment as group_name
    from nps_answers

    union all

    select
        *,
        'lifecycle_stage' as segmentation,
        lifecycle_stage as group_name
    from nps_answers

    union all

    select
        *,
        'journey_stage' as segmentation,
        journey_stage as group_name
    from nps_answers
    where survey_type <> 'relational'

),

final as (

    select
        -- grain
        period_type,
        period_start_date,
        survey_type,
        segmentation,
        group_name,

        -- measures
        count(*) as answer_count,
        count(*) filter (where nps_band = 'promoter') as promoter_count,
        count(*) filter (where nps_band = 'detractor') as detractor_count

    from segmented
    group by period_type, period_start_date, survey_type, segmentation, group_name

)

select * from final
