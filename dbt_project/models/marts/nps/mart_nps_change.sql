with

changes as (

    select * from {{ ref('nps_change__totals') }}
    where period_type = 'month'

),

final as (

    select
        -- grain
        period_start_date as month_start_date,
        survey_type,

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
        adjusted_p_value,
        segment_mix_change,
        segment_rate_change,
        lifecycle_mix_change,
        lifecycle_rate_change,
        stage_mix_change,
        stage_rate_change

    from changes

)

select * from final
