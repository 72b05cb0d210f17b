with

pairs as (

    select * from {{ ref('nps_change__pairs') }}

),

periods as (

    select * from {{ ref('experience_scores__periods') }}

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

    from pairs
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
        {{ base_status('least(added.answer_count, added.previous_answer_count)') }}
            as base_status

    from added
    inner join periods
        on added.period_type = periods.period_type
        and added.period_start_date = periods.period_start_date

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
        {{ where_shown('rate_change', 'decimal(18, 10)') }} as rate_change

    from compared

)

select * from final
