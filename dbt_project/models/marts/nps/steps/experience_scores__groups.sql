with

answers as (

    select * from {{ ref('experience_scores__values') }}

),

invitations as (

    select * from {{ ref('experience_scores__invitations') }}

),

periods as (

    select * from {{ ref('experience_scores__periods') }}

),

score_metrics as (

    select * from {{ ref('score_metrics') }}

),

answered as (

    select
        period_start_date as month_start_date,
        metric,
        survey_type,
        touchpoint,
        segment,
        count(score_value) as answer_count,
        count(*) filter (where not is_valid) as invalid_count,
        count(*) filter (where is_valid and not is_counted) as superseded_count,
        coalesce(sum(score_value), 0) as score_sum,
        coalesce(sum(score_value * score_value), 0) as score_square_sum

    from answers
    where period_type = 'month'
    group by period_start_date, metric, survey_type, touchpoint, segment

),

-- full join: a group with invitations and no answers is a row too
groups as (

    select
        coalesce(answered.month_start_date, invitations.month_start_date)
            as month_start_date,
        coalesce(answered.metric, invitations.metric) as metric,
        coalesce(answered.survey_type, invitations.survey_type) as survey_type,
        coalesce(answered.touchpoint, invitations.touchpoint) as touchpoint,
        coalesce(answered.segment, invitations.segment) as segment,
        coalesce(answered.answer_count, 0) as answer_count,
        coalesce(answered.invalid_count, 0) as invalid_count,
        coalesce(answered.superseded_count, 0) as superseded_count,
        coalesce(answered.score_sum, 0) as score_sum,
        coalesce(answered.score_square_sum, 0) as score_square_sum,
        coalesce(invitations.delivered_count, 0) as delivered_count,
        coalesce(invitations.responded_count, 0) as responded_count

    from answered
    full join invitations
        on answered.month_start_date = invitations.month_start_date
        and answered.metric = invitations.metric
        and answered.survey_type = invitations.survey_type
        and answered.touchpoint = invitations.touchpoint
        and answered.segment = invitations.segment

),

with_base_status as (

    select
        groups.*,
        score_metrics.unit,
        periods.is_complete,
        {{ base_status('groups.answer_count') }} as base_status

    from groups
    inner join score_metrics
        on groups.metric = score_metrics.metric
    inner join periods
        on groups.month_start_date = periods.period_start_date
        and periods.period_type = 'month'

),

final as (

    select
        -- grain
        month_start_date,
        metric,
        survey_type,
        touchpoint,
        segment,

        -- attributes
        unit,
        is_complete,
        base_status,

        -- measures
        cast(answer_count as bigint) as answer_count,
        cast(invalid_count as bigint) as invalid_count,
        cast(superseded_count as bigint) as superseded_count,
        cast(score_sum as decimal(18, 6)) as score_sum,
        cast(score_square_sum as decimal(18, 6)) as score_square_sum,
        {{ where_shown(score('score_sum', 'answer_count'), 'decimal(18, 10)') }}
            as score,
        {{ where_shown(
            score_low('score_sum', 'score_square_sum', 'answer_count'), 'decimal(18, 10)'
        ) }} as score_low,
        {{ where_shown(
            score_high('score_sum', 'score_square_sum', 'answer_count'), 'decimal(18, 10)'
        ) }} as score_high,
        cast(delivered_count as bigint) as delivered_count,
        cast(responded_count as bigint) as responded_count,
        {{ rate('responded_count', 'delivered_count') }} as response_rate

    from with_base_status

)

select * from final
