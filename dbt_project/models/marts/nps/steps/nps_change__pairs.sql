with

groups as (

    select * from {{ ref('nps_change__groups') }}

),

periods as (

    select * from {{ ref('experience_scores__periods') }}

),

-- answers of each group in a period and in the previous period of the same length
sides as (

    select
        period_type,
        period_start_date,
        survey_type,
        segmentation,
        group_name,
        answer_count,
        promoter_count,
        detractor_count,
        0 as previous_answer_count,
        0 as previous_promoter_count,
        0 as previous_detractor_count

    from groups

    union all

    select
        periods.period_type,
        periods.period_start_date,
        groups.survey_type,
        groups.segmentation,
        groups.group_name,
        0 as answer_count,
        0 as promoter_count,
        0 as detractor_count,
        groups.answer_count as previous_answer_count,
        groups.promoter_count as previous_promoter_count,
        groups.detractor_count as previous_detractor_count

    from groups
    inner join periods
        on groups.period_type = periods.period_type
        and groups.period_start_date = periods.previous_period_start_date

),

paired as (

    select
        period_type,
        period_start_date,
        survey_type,
        segmentation,
        group_name,
        sum(answer_count) as answer_count,
        sum(promoter_count) as promoter_count,
        sum(detractor_count) as detractor_count,
        sum(previous_answer_count) as previous_answer_count,
        sum(previous_promoter_count) as previous_promoter_count,
        sum(previous_detractor_count) as previous_detractor_count

    from sides
    group by period_type, period_start_date, survey_type, segmentation, group_name

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
        cast(answer_count as bigint) as answer_count,
        cast(promoter_count as bigint) as promoter_count,
        cast(detractor_count as bigint) as detractor_count,
        cast(previous_answer_count as bigint) as previous_answer_count,
        cast(previous_promoter_count as bigint) as previous_promoter_count,
        cast(previous_detractor_count as bigint) as previous_detractor_count

    from paired

)

select * from final
