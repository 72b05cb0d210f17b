with

answers as (

    select * from {{ ref('experience_scores__answers') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

counted_orders as (

    select
        customer_id,
        ordered_at,
        ordered_date,
        lag(ordered_date) over (
            partition by customer_id
            order by ordered_at, order_key
        ) as previous_ordered_date

    from orders
    where is_counted

),

-- counted orders of the customer up to the time of the answer
ordered as (

    select
        answers.customer_id,
        answers.survey_answer_key,
        answers.answered_date,
        min(counted_orders.ordered_date) as first_ordered_date,
        max(counted_orders.ordered_date) as last_ordered_date,
        max(counted_orders.ordered_date) filter (
            where
            {{ ends_a_lapse(
                'counted_orders.previous_ordered_date', 'counted_orders.ordered_date'
            ) }}
        ) as won_back_date

    from answers
    left join counted_orders
        on answers.customer_id = counted_orders.customer_id
        and answers.answered_at >= counted_orders.ordered_at
    where answers.customer_id <> {{ unknown_key() }}
    group by answers.customer_id, answers.survey_answer_key, answers.answered_date

),

final as (

    select
        -- ids
        customer_id,
        survey_answer_key,

        -- attributes
        {{ lifecycle_stage(
            days_between('first_ordered_date', 'answered_date'),
            days_between('last_ordered_date', 'answered_date'),
            days_between('won_back_date', 'answered_date')
        ) }} as lifecycle_stage

    from ordered

)

select * from final
