with

pairs as (

    select * from {{ ref('nps_change__pairs') }}

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

final as (

    select
        -- grain
        period_type,
        period_start_date,
        survey_type,
        segmentation,

        -- measures
        cast(sum(mix_change) as decimal(18, 10)) as mix_change,
        cast(coalesce(sum(rate_change), 0) as decimal(18, 10)) as rate_change

    from split
    group by period_type, period_start_date, survey_type, segmentation

)

select * from final
