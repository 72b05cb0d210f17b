with

interactions as (

    select * from {{ ref('interactions__placed') }}
    where customer_id <> {{ unknown_key() }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

cases as (

    select * from {{ ref('fct_cases') }}

),

purchases as (

    select
        customer_id,
        order_key,
        ordered_at,
        lead(order_key) over times as next_order_key,
        lead(ordered_at) over times as next_ordered_at,
        row_number() over times as purchase_number
    from orders
    where
        not is_return
        and customer_id <> {{ unknown_key() }}
    window times as (
        partition by customer_id
        order by ordered_at, order_key
    )

),

-- the times between two orders of a customer, and before the first one; an order at the
-- second of a contact comes after it
gaps as (

    select
        customer_id,
        cast(null as varchar) as previous_order_key,
        order_key as next_order_key,
        ordered_at as next_ordered_at,
        timestamp '0001-01-01 00:00:00' as starts_at,
        ordered_at as ends_at
    from purchases
    where purchase_number = 1

    union all

    select
        customer_id,
        order_key as previous_order_key,
        next_order_key,
        next_ordered_at,
        ordered_at as starts_at,
        coalesce(next_ordered_at, timestamp '9999-12-31 00:00:00') as ends_at
    from purchases

),

candidates as (

    select
        interactions.*,
        nullif(cases.order_key, {{ unknown_key() }}) as order_key_of_case,
        case
            when
                gaps.next_ordered_at
                <= interactions.occurred_at + interval {{ var('journey_days') }} day
                then gaps.next_order_key
        end as next_order_key,
        gaps.previous_order_key
    from interactions
    left join cases
        on interactions.case_key = cases.case_key
    left join gaps
        on interactions.customer_id = gaps.customer_id
        and interactions.occurred_at > gaps.starts_at
        and interactions.occurred_at <= gaps.ends_at

),

attached as (

    select
        *,
        case
            when order_key <> {{ unknown_key() }} then 'order'
            when case_key <> {{ unknown_key() }} then 'case'
            when next_order_key is not null then 'next_order'
            when previous_order_key is not null then 'previous_order'
            else 'open'
        end as attached_by
    from candidates

),

-- contacts without an order or a case: a long silence begins another journey
spaced as (

    select
        *,
        coalesce(
            lag(occurred_at) over contacts
            >= occurred_at - interval {{ var('journey_days') }} day,
            false
        ) as is_continued
    from attached
    window contacts as (
        partition by customer_id, attached_by
        order by occurred_at, interaction_key
    )

),

counted as (

    select
        *,
        sum(case when is_continued then 0 else 1 end) over (
            partition by customer_id, attached_by
            order by occurred_at, interaction_key
            rows unbounded preceding
        ) as open_journey_number
    from spaced

),

final as (

    select
        -- ids
        interaction_key,
        case attached_by
            when 'order' then order_key
            when 'case' then coalesce(order_key_of_case, case_key)
            when 'next_order' then next_order_key
            when 'previous_order' then previous_order_key
            else
                'open:' || customer_id || ':' || first_value(interaction_key) over (
                    partition by customer_id, attached_by, open_journey_number
                    order by occurred_at, interaction_key
                )
        end as journey_id,

        -- attributes
        attached_by

    from counted

)

select * from final
