with

answers as (

    select * from {{ ref('experience_scores__values') }}

),

groups as (

    select * from {{ ref('experience_scores__groups') }}

),

customer_months as (

    select * from {{ ref('fct_customer_months') }}

),

-- counts of answers add up over groups, counts of customers do not
added as (

    select
        month_start_date,
        metric,
        survey_type,
        unit,
        is_complete,
        sum(answer_count) as answer_count,
        sum(invalid_count) as invalid_count,
        sum(superseded_count) as superseded_count,
        sum(score_sum) as score_sum,
        sum(score_square_sum) as score_square_sum,
        sum(delivered_count) as delivered_count,
        sum(responded_count) as responded_count

    from groups
    group by month_start_date, metric, survey_type, unit, is_complete

),

-- one row per customer, however many answers there are
respondents as (

    select
        period_start_date as month_start_date,
        metric,
        survey_type,
        customer_id

    from answers
    where
        period_type = 'month'
        and is_counted
        and customer_id <> {{ unknown_key() }}
    group by period_start_date, metric, survey_type, customer_id

),

counted as (

    select
        respondents.month_start_date,
        respondents.metric,
        respondents.survey_type,
        count(*) as customer_count,
        count(*) filter (where customer_months.is_active) as covered_customer_count

    from respondents
    left join customer_months
        on respondents.customer_id = customer_months.customer_id
        and respondents.month_start_date = customer_months.month_start_date
    group by
        respondents.month_start_date, respondents.metric, respondents.survey_type

),

active as (

    select
        month_start_date,
        count(*) as active_customer_count

    from customer_months
    where is_active
    group by month_start_date

),

with_base_status as (

    select
        added.*,
        coalesce(counted.customer_count, 0) as customer_count,
        coalesce(counted.covered_customer_count, 0) as covered_customer_count,
        coalesce(active.active_customer_count, 0) as active_customer_count,
        {{ base_status('added.answer_count') }} as base_status

    from added
    left join counted
        on added.month_start_date = counted.month_start_date
        and added.metric = counted.metric
        and added.survey_type = counted.survey_type
    left join active
        on added.month_start_date = active.month_start_date

),

final as (

    select
        -- grain
        month_start_date,
        metric,
        survey_type,

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
        {{ rate('responded_count', 'delivered_count') }} as response_rate,
        cast(customer_count as bigint) as customer_count,
        cast(covered_customer_count as bigint) as covered_customer_count,
        cast(active_customer_count as bigint) as active_customer_count,
        {{ rate('covered_customer_count', 'active_customer_count') }} as coverage_rate

    from with_base_status

)

select * from final
