with

answers as (

    select * from {{ ref('fct_survey_answers') }}

),

surveys as (

    select * from {{ ref('dim_surveys') }}

),

touchpoints as (

    select * from {{ ref('dim_touchpoints') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

dates as (

    select * from {{ ref('dim_dates') }}

),

-- a relational answer is about the whole relationship, which has no journey stage
nps_answers as (

    select
        {{ month_start('answers.answered_date') }} as month_start_date,
        surveys.survey_type,
        customers.segment,
        answers.nps_band,
        answers.nps_value,
        case
            when surveys.survey_type = 'relational' then 'not_applicable'
            else touchpoints.journey_stage
        end as journey_stage

    from answers
    left join surveys
        on answers.survey_key = surveys.survey_key
    left join touchpoints
        on answers.touchpoint_key = touchpoints.touchpoint_key
    left join customers
        on answers.customer_key = customers.customer_key
    where answers.metric = 'nps'

),

counted_by_month as (

    select
        month_start_date,
        survey_type,
        segment,
        journey_stage,
        count(nps_band) as answer_count,
        count(*) filter (where nps_band = 'promoter') as promoter_count,
        count(*) filter (where nps_band = 'passive') as passive_count,
        count(*) filter (where nps_band = 'detractor') as detractor_count,
        count(*) filter (where nps_band is null) as invalid_count,
        coalesce(sum(nps_value), 0) as nps_sum

    from nps_answers
    group by month_start_date, survey_type, segment, journey_stage

),

as_of as (

    select date_day as as_of_date
    from dates
    where is_as_of

),

months as (

    select
        dates.month_start_date,
        as_of.as_of_date,
        cast(dates.month_start_date + interval '1 month' as date)
            as next_month_start_date

    from dates
    inner join as_of
        on dates.date_day < as_of.as_of_date
    group by dates.month_start_date, as_of.as_of_date

),

periods as (

    select
        'month' as period_type,
        month_start_date as period_start_date,
        next_month_start_date,
        as_of_date
    from months

    union all

    select
        'trailing_quarter' as period_type,
        cast(month_start_date - interval '2 month' as date) as period_start_date,
        next_month_start_date,
        as_of_date
    from months

),

counted as (

    select
        periods.period_type,
        periods.period_start_date,
        periods.next_month_start_date,
        periods.as_of_date,
        counted_by_month.survey_type,
        counted_by_month.segment,
        counted_by_month.journey_stage,
        sum(counted_by_month.answer_count) as answer_count,
        sum(counted_by_month.promoter_count) as promoter_count,
        sum(counted_by_month.passive_count) as passive_count,
        sum(counted_by_month.detractor_count) as detractor_count,
        sum(counted_by_month.invalid_count) as invalid_count,
        sum(counted_by_month.nps_sum) as nps_sum

    from periods
    inner join counted_by_month
        on periods.period_start_date <= counted_by_month.month_start_date
        and periods.next_month_start_date > counted_by_month.month_start_date
    group by
        periods.period_type,
        periods.period_start_date,
        periods.next_month_start_date,
        periods.as_of_date,
        counted_by_month.survey_type,
        counted_by_month.segment,
        counted_by_month.journey_stage

),

-- three answers are added, a quarter of them to each outer band: the interval then
-- covers what it promises at small bases too
adjusted as (

    select
        *,
        answer_count + 3 as adjusted_count,
        (promoter_count + 0.75) / (answer_count + 3) as promoter_share,
        (detractor_count + 0.75) / (answer_count + 3) as detractor_share,
        case
            when answer_count >= {{ var('flagged_base') }} then 'shown'
            when answer_count >= {{ var('minimum_base') }} then 'flagged'
            else 'suppressed'
        end as base_status

    from counted

),

with_interval as (

    select
        *,
        100 * (promoter_share - detractor_share) as adjusted_nps,
        100 * 1.959964 * sqrt(
            (
                promoter_share + detractor_share
                - power(promoter_share - detractor_share, 2)
            )
            / adjusted_count
        ) as margin_of_error

    from adjusted

),

final as (

    select
        -- grain
        period_type,
        period_start_date,
        cast(next_month_start_date - interval '1 day' as date) as period_end_date,
        survey_type,
        segment,
        journey_stage,

        -- attributes
        next_month_start_date <= as_of_date as is_complete,
        base_status,

        -- measures
        cast(answer_count as bigint) as answer_count,
        cast(promoter_count as bigint) as promoter_count,
        cast(passive_count as bigint) as passive_count,
        cast(detractor_count as bigint) as detractor_count,
        cast(invalid_count as bigint) as invalid_count,
        cast(nps_sum as bigint) as nps_sum,
        cast(
            case when base_status <> 'suppressed' then 100 * nps_sum / answer_count end
            as decimal(7, 4)
        ) as nps,
        cast(
            case
                when base_status <> 'suppressed'
                    then greatest(adjusted_nps - margin_of_error, -100)
            end as decimal(7, 4)
        ) as nps_low,
        cast(
            case
                when base_status <> 'suppressed'
                    then least(adjusted_nps + margin_of_error, 100)
            end as decimal(7, 4)
        ) as nps_high

    from with_interval

)

select * from final
