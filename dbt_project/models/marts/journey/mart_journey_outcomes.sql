with

entries as (

    select * from {{ ref('fct_journey_stages') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

cases as (

    select * from {{ ref('fct_cases') }}

),

answers as (

    select * from {{ ref('fct_survey_answers') }}
    where
        is_valid
        and order_key <> {{ unknown_key() }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

as_of as (

    select date_day as as_of_date
    from {{ ref('dim_dates') }}
    where is_as_of

),

journeys as (

    select
        customer_id,
        journey_id,
        min(entered_at) as started_at,
        min(entered_date) as started_date,
        max(greatest(entered_at, coalesce(last_contact_at, entered_at))) as ended_at,
        sum(contact_count) as contact_count
    from entries
    group by customer_id, journey_id

),

-- an NPS answer is good from the passives up
felt as (

    select
        order_key,
        count(*) filter (where metric <> 'vs_expectation') as answer_count,
        count(*) filter (
            where
            (metric = 'nps' and nps_band <> 'detractor')
            or (
                metric = 'csat'
                and {{ is_in_top_boxes('answer_value', 'scale_min', 'scale_max') }}
            )
            or (
                metric = 'ces'
                and {{ is_in_upper_third('answer_value', 'scale_min', 'scale_max') }}
            )
        ) as good_count,
        count(*) filter (where metric = 'vs_expectation') as expectation_count,
        count(*) filter (
            where
            metric = 'vs_expectation'
            and {{ is_middle_or_above('answer_value', 'scale_min', 'scale_max') }}
        ) as met_count
    from answers
    where metric in ('nps', 'csat', 'ces', 'vs_expectation')
    group by order_key

),

-- a journey with neither order nor case failed once it is old enough for an order
ended as (

    select
        {{ month_start('journeys.started_date') }} as month_start_date,
        coalesce(customers.segment, 'unknown') as segment,
        as_of.as_of_date,
        case
            when orders.order_key is not null then {{ is_kept_order('orders') }}
            when cases.case_key is not null then not cases.is_open
            when
                {{ days_between('journeys.started_date', 'as_of.as_of_date') }}
                > {{ var('journey_days') }}
                then false
        end as is_success,
        case
            when orders.is_counted and orders.customer_id = journeys.customer_id
                then orders.net_amount - coalesce(orders.refunded_amount, 0)
        end as revenue_amount,
        {{ days_between(
            'journeys.started_date', local_date('journeys.ended_at')
        ) }} as duration_days,
        journeys.contact_count,
        coalesce(felt.answer_count, 0) as answer_count,
        coalesce(felt.good_count, 0) as good_count,
        coalesce(felt.expectation_count, 0) as expectation_count,
        coalesce(felt.met_count, 0) as met_count
    from journeys
    cross join as_of
    left join customers
        on journeys.customer_id = customers.customer_id
        and journeys.started_at >= customers.valid_from
        and journeys.started_at < customers.valid_to
    left join orders
        on journeys.journey_id = orders.order_key
    left join cases
        on journeys.journey_id = cases.case_key
    left join felt
        on journeys.journey_id = felt.order_key

),

counted as (

    select
        month_start_date,
        segment,
        as_of_date,
        count(*) as journey_count,
        count(is_success) as outcome_count,
        count(*) filter (where is_success) as success_count,
        coalesce(sum(revenue_amount), 0) as revenue_amount,
        sum(duration_days) as duration_days_sum,
        median(duration_days) as median_duration_days,
        sum(contact_count) as contact_count,
        count(*) filter (where answer_count > 0) as answered_count,
        count(*) filter (
            where
            answer_count > 0
            and good_count = answer_count
        ) as all_good_count,
        count(*) filter (where expectation_count > 0) as expectation_count,
        count(*) filter (
            where
            expectation_count > 0
            and met_count = expectation_count
        ) as all_met_count
    from ended
    group by month_start_date, segment, as_of_date

),

with_base_status as (

    select
        *,
        {{ base_status('outcome_count') }} as base_status,
        {{ base_status('answered_count') }} as answer_base_status,
        {{ base_status('expectation_count') }} as expectation_base_status
    from counted

),

final as (

    select
        -- grain
        month_start_date,
        segment,

        -- attributes
        last_day(month_start_date) < as_of_date as is_complete,
        base_status,
        answer_base_status,
        expectation_base_status,

        -- measures
        journey_count,
        outcome_count,
        success_count,
        {{ where_shown(rate('success_count', 'outcome_count'), 'decimal(9, 6)') }}
            as success_rate,
        {{ where_shown(share_low('success_count', 'outcome_count'), 'decimal(9, 6)') }}
            as success_rate_low,
        {{ where_shown(share_high('success_count', 'outcome_count'), 'decimal(9, 6)') }}
            as success_rate_high,
        cast(revenue_amount as decimal(18, 2)) as revenue_amount,
        cast(duration_days_sum as bigint) as duration_days_sum,
        cast(median_duration_days as decimal(18, 2)) as median_duration_days,
        cast(contact_count as bigint) as contact_count,
        {{ rate('contact_count', 'journey_count') }} as contacts_per_journey,
        answered_count,
        all_good_count,
        {{ where_shown(
            rate('all_good_count', 'answered_count'),
            'decimal(9, 6)',
            'answer_base_status'
        ) }} as all_good_rate,
        expectation_count,
        all_met_count,
        {{ where_shown(
            rate('all_met_count', 'expectation_count'),
            'decimal(9, 6)',
            'expectation_base_status'
        ) }} as all_met_rate

    from with_base_status

)

select * from final
