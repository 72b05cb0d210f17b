with

totals as (

    select * from {{ ref('nps_change__tests') }}
    where segmentation = 'total'

),

segmentations as (

    select * from {{ ref('nps_change__splits') }}

),

splits as (

    select
        period_type,
        period_start_date,
        survey_type,
        max(mix_change) filter (where segmentation = 'segment')
            as segment_mix_change,
        max(rate_change) filter (where segmentation = 'segment')
            as segment_rate_change,
        max(mix_change) filter (where segmentation = 'lifecycle_stage')
            as lifecycle_mix_change,
        max(rate_change) filter (where segmentation = 'lifecycle_stage')
            as lifecycle_rate_change,
        max(mix_change) filter (where segmentation = 'journey_stage')
            as stage_mix_change,
        max(rate_change) filter (where segmentation = 'journey_stage')
            as stage_rate_change

    from segmentations
    group by period_type, period_start_date, survey_type

),

final as (

    select
        -- grain
        totals.period_type,
        totals.period_start_date,
        totals.survey_type,

        -- attributes
        totals.is_complete,
        totals.base_status,
        totals.is_significant,
        totals.is_significant_adjusted,

        -- measures
        totals.answer_count,
        totals.promoter_count,
        totals.detractor_count,
        totals.previous_answer_count,
        totals.previous_promoter_count,
        totals.previous_detractor_count,
        totals.nps,
        totals.nps_low,
        totals.nps_high,
        totals.previous_nps,
        totals.nps_change,
        totals.z_score,
        totals.p_value,
        totals.adjusted_p_value,
        {{ where_shown(
            'splits.segment_mix_change', 'decimal(18, 10)', 'totals.base_status'
        ) }} as segment_mix_change,
        {{ where_shown(
            'splits.segment_rate_change', 'decimal(18, 10)', 'totals.base_status'
        ) }} as segment_rate_change,
        {{ where_shown(
            'splits.lifecycle_mix_change', 'decimal(18, 10)', 'totals.base_status'
        ) }} as lifecycle_mix_change,
        {{ where_shown(
            'splits.lifecycle_rate_change', 'decimal(18, 10)', 'totals.base_status'
        ) }} as lifecycle_rate_change,
        {{ where_shown(
            'splits.stage_mix_change', 'decimal(18, 10)', 'totals.base_status'
        ) }} as stage_mix_change,
        {{ where_shown(
            'splits.stage_rate_change', 'decimal(18, 10)', 'totals.base_status'
        ) }} as stage_rate_change

    from totals
    left join splits
        on totals.period_type = splits.period_type
        and totals.period_start_date = splits.period_start_date
        and totals.survey_type = splits.survey_type

)

select * from final
