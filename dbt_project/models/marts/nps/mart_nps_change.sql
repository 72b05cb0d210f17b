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

scored as (

    select
        *,
        {{ nps('promoter_count', 'detractor_count', 'answer_count') }} as nps,
        {{ nps(
            'previous_promoter_count', 'previous_detractor_count', 'previous_answer_count'
        ) }} as previous_nps,
        answer_count / nullif(sum(answer_count) over all_groups, 0) as answer_share,
        previous_answer_count / nullif(sum(previous_answer_count) over all_groups, 0)
            as previous_answer_share

    from paired
    window all_groups as (
        partition by period_type, period_start_date, survey_type, segmentation
    )

),

-- a group with answers in only one of the two periods adds to mix, not to rate
split as (

    select
        *,
        cast(
            (answer_share - previous_answer_share)
            * (coalesce(previous_nps, nps) + coalesce(nps, previous_nps)) / 2
            as decimal(28, 14)
        ) as mix_change,
        cast(
            (nps - previous_nps) * (answer_share + previous_answer_share) / 2
            as decimal(28, 14)
        ) as rate_change

    from scored

),

added as (

    select
        period_type,
        period_start_date,
        survey_type,
        segmentation,
        sum(answer_count) as answer_count,
        sum(promoter_count) as promoter_count,
        sum(detractor_count) as detractor_count,
        sum(previous_answer_count) as previous_answer_count,
        sum(previous_promoter_count) as previous_promoter_count,
        sum(previous_detractor_count) as previous_detractor_count,
        sum(mix_change) as mix_change,
        coalesce(sum(rate_change), 0) as rate_change

    from split
    group by period_type, period_start_date, survey_type, segmentation

),

compared as (

    select
        added.*,
        periods.period_end_date,
        periods.previous_period_start_date,
        periods.is_complete,
        {{ nps(
            'added.promoter_count', 'added.detractor_count', 'added.answer_count'
        ) }} as nps,
        {{ nps(
            'added.previous_promoter_count', 'added.previous_detractor_count',
            'added.previous_answer_count'
        ) }} as previous_nps,
        100 * sqrt(
            {{ nps_variance(
                'added.promoter_count', 'added.detractor_count', 'added.answer_count'
            ) }} / nullif(added.answer_count, 0)
            + {{ nps_variance(
                'added.previous_promoter_count', 'added.previous_detractor_count',
                'added.previous_answer_count'
            ) }} / nullif(added.previous_answer_count, 0)
        ) as standard_error,
        {{ base_status('least(added.answer_count, added.previous_answer_count)') }}
            as base_status

    from added
    inner join periods
        on added.period_type = periods.period_type
        and added.period_start_date = periods.period_start_date

),

tested as (

    select
        *,
        cast((nps - previous_nps) / nullif(standard_error, 0) as decimal(12, 6))
            as z_score

    from compared

),

final as (

    select
        -- grain
        period_type,
        period_start_date,
        period_end_date,
        survey_type,
        segmentation,

        -- attributes
        previous_period_start_date,
        is_complete,
        base_status,
        case
            when base_status <> 'suppressed' then abs(z_score) > {{ z_95() }}
        end as is_significant,

        -- measures
        cast(answer_count as bigint) as answer_count,
        cast(promoter_count as bigint) as promoter_count,
        cast(detractor_count as bigint) as detractor_count,
        cast(previous_answer_count as bigint) as previous_answer_count,
        cast(previous_promoter_count as bigint) as previous_promoter_count,
        cast(previous_detractor_count as bigint) as previous_detractor_count,
        {{ where_shown('nps', 'decimal(7, 4)') }} as nps,
        {{ where_shown('previous_nps', 'decimal(7, 4)') }} as previous_nps,
        {{ where_shown('nps - previous_nps', 'decimal(18, 10)') }} as nps_change,
        {{ where_shown('mix_change', 'decimal(18, 10)') }} as mix_change,
        {{ where_shown('rate_change', 'decimal(18, 10)') }} as rate_change,
        {{ where_shown('z_score', 'decimal(12, 6)') }} as z_score

    from tested

)

select * from final
