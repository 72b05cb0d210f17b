with

pairs as (

    select * from {{ ref('nps_change__pairs') }}

),

periods as (

    select * from {{ ref('experience_scores__periods') }}

),

-- every answer has one segment, so the segments add up to the total
totals as (

    select
        period_type,
        period_start_date,
        survey_type,
        'total' as segmentation,
        'all' as group_name,
        sum(answer_count) as answer_count,
        sum(promoter_count) as promoter_count,
        sum(detractor_count) as detractor_count,
        sum(previous_answer_count) as previous_answer_count,
        sum(previous_promoter_count) as previous_promoter_count,
        sum(previous_detractor_count) as previous_detractor_count

    from pairs
    where segmentation = 'segment'
    group by period_type, period_start_date, survey_type

),

groups as (

    select * from pairs

    union all

    select * from totals

),

compared as (

    select
        groups.*,
        periods.is_complete,
        {{ nps(
            'groups.promoter_count', 'groups.detractor_count', 'groups.answer_count'
        ) }} as nps,
        {{ nps(
            'groups.previous_promoter_count', 'groups.previous_detractor_count',
            'groups.previous_answer_count'
        ) }} as previous_nps,
        {{ base_status('least(groups.answer_count, groups.previous_answer_count)') }}
            as base_status

    from groups
    inner join periods
        on groups.period_type = periods.period_type
        and groups.period_start_date = periods.period_start_date

),

tested as (

    select
        *,
        case
            when base_status <> 'suppressed' then {{ nps_change_z(
                'promoter_count', 'detractor_count', 'answer_count',
                'previous_promoter_count', 'previous_detractor_count',
                'previous_answer_count'
            ) }}
        end as z_score

    from compared

),

with_p_value as (

    select
        *,
        {{ two_sided_p('z_score') }} as p_value

    from tested

),

-- the tested rows of a period are one family
ranked as (

    select
        *,
        {{ rank_share('p_value', 'period_type, period_start_date') }} as rank_share

    from with_p_value

),

adjusted as (

    select
        *,
        {{ adjusted_p_value(
            'p_value', 'rank_share', 'period_type, period_start_date'
        ) }} as adjusted_p_value

    from ranked

),

final as (

    select
        -- grain
        period_type,
        period_start_date,
        survey_type,
        segmentation,
        group_name,

        -- attributes
        is_complete,
        base_status,
        p_value <= {{ significance_level() }} as is_significant,
        adjusted_p_value <= {{ significance_level() }} as is_significant_adjusted,

        -- measures
        cast(answer_count as bigint) as answer_count,
        cast(promoter_count as bigint) as promoter_count,
        cast(detractor_count as bigint) as detractor_count,
        cast(previous_answer_count as bigint) as previous_answer_count,
        cast(previous_promoter_count as bigint) as previous_promoter_count,
        cast(previous_detractor_count as bigint) as previous_detractor_count,
        {{ where_shown('nps', 'decimal(7, 4)') }} as nps,
        {{ where_shown(
            nps_low('promoter_count', 'detractor_count', 'answer_count'), 'decimal(7, 4)'
        ) }} as nps_low,
        {{ where_shown(
            nps_high('promoter_count', 'detractor_count', 'answer_count'), 'decimal(7, 4)'
        ) }} as nps_high,
        {{ where_shown('previous_nps', 'decimal(7, 4)') }} as previous_nps,
        {{ where_shown('nps - previous_nps', 'decimal(18, 10)') }} as nps_change,
        cast(z_score as decimal(12, 6)) as z_score,
        cast(p_value as decimal(8, 6)) as p_value,
        cast(adjusted_p_value as decimal(8, 6)) as adjusted_p_value

    from adjusted

)

select * from final
