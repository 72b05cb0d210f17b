with

changes as (

    select * from {{ ref('nps_change__tests') }}
    where
        period_type = 'month'
        and segmentation = 'journey_stage'

),

final as (

    select
        -- grain
        period_start_date as month_start_date,
        survey_type,
        group_name as journey_stage,

        -- attributes
        is_complete,
        base_status,
        is_significant,
        is_significant_adjusted,

        -- measures
        answer_count,
        promoter_count,
        detractor_count,
        previous_answer_count,
        previous_promoter_count,
        previous_detractor_count,
        nps,
        nps_low,
        nps_high,
        previous_nps,
        nps_change,
        z_score,
        p_value,
        adjusted_p_value

    from changes

)

select * from final
