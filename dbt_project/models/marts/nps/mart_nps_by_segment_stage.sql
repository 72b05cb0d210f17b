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
        survey_type,
        segment,
        journey_stage,
        count(*) filter (where is_counted) as answer_count,
        count(*) filter (where is_counted and nps_band = 'promoter') as promoter_count,
        count(*) filter (where is_counted and nps_band = 'passive') as passive_count,
        count(*) filter (where is_counted and nps_band = 'detractor')
            as detractor_count,
        count(*) filter (where not is_valid) as invalid_count,
        count(*) filter (where is_valid and not is_counted) as superseded_count,
        coalesce(sum(nps_value) filter (where is_counted), 0) as nps_sum

    from answers
    where metric = 'nps'
    group by
        period_type,
        period_start_date,
        period_end_date,
        is_complete,
        survey_type,
        segment,
        journey_stage

),

with_base_status as (

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
        survey_type,
        segment,
        journey_stage,

        -- attributes
        is_complete,
        base_status,

        -- measures
        answer_count,
        promoter_count,
        passive_count,
        detractor_count,
        invalid_count,
        superseded_count,
        cast(nps_sum as bigint) as nps_sum,
        {{ where_shown(
            nps('promoter_count', 'detractor_count', 'answer_count'), 'decimal(7, 4)'
        ) }} as nps,
        {{ where_shown(
            nps_low('promoter_count', 'detractor_count', 'answer_count'), 'decimal(7, 4)'
        ) }} as nps_low,
        {{ where_shown(
            nps_high('promoter_count', 'detractor_count', 'answer_count'), 'decimal(7, 4)'
        ) }} as nps_high

    from with_base_status

)

select * from final
