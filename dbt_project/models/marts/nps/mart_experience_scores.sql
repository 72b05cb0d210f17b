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
        month_start_date,
        metric,
        survey_type,
        touchpoint,
        segment,
        {{ score_sums() }}

    from answers
    group by month_start_date, metric, survey_type, touchpoint, segment

),

-- who was asked and did not answer is a row too
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

judged as (

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
        {{ score_measures() }},
        cast(delivered_count as bigint) as delivered_count,
        cast(responded_count as bigint) as responded_count,
        {{ rate('responded_count', 'delivered_count') }} as response_rate

    from judged

)

select * from final
