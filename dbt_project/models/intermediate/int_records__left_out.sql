{%- set parts = parts_of_orders() -%}
{%- set others = var('entities') | list | reject('in', parts + ['customers']) | list -%}

with

{{ as_of_moment() }},

deleted as (

    select
        entity,
        system,
        source_id
    from {{ ref('int_records__deleted') }}
    where is_deleted
    group by entity, system, source_id

),

excluded as (

    select * from {{ ref('int_records__excluded') }}

),

records as (
    {{ versions_to_leave_out(others) }}
),

latest_records as (

    select
        *,
        {{ latest_record(['entity', 'system', 'source_id']) }} as recency
    from records

),

orders as (

    select
        latest_records.system,
        latest_records.source_id,
        latest_records.happened_at,
        latest_records.is_foreign
    from latest_records
    cross join as_of
    where
        latest_records.entity = 'orders'
        and latest_records.recency = 1
        and (
            latest_records.happened_at >= as_of.as_of_at
            or latest_records.is_foreign
        )

),

parts as (
    {{ versions_to_leave_out(parts, 'orders') }}
),

latest_parts as (

    select
        *,
        {{ latest_record(['entity', 'system', 'source_id']) }} as recency
    from parts

),

-- a part of an order is dated ahead until the day of both
dated_parts as (

    select
        latest_parts.entity,
        latest_parts.system,
        latest_parts.source_id,
        latest_parts.is_incomplete,
        greatest(latest_parts.happened_at, orders.happened_at) as happened_at,
        coalesce(orders.is_foreign, false) as is_foreign
    from latest_parts
    left join orders
        on latest_parts.system = orders.system
        and latest_parts.order_source_id = orders.source_id
    where latest_parts.recency = 1

),

latest as (

    select
        entity,
        system,
        source_id,
        is_incomplete,
        happened_at,
        is_foreign
    from latest_records
    where recency = 1

    union all

    select * from dated_parts

),

final as (

    select
        -- ids
        latest.entity,
        latest.system,
        latest.source_id,

        -- attributes
        case
            when bool_or(latest.is_incomplete) then 'incomplete'
            when bool_or(latest.is_foreign) then 'other_currency'
            else 'dated_ahead'
        end as reason,

        -- times
        max(latest.happened_at) as happens_at

    from latest
    cross join as_of
    left join deleted
        on latest.entity = deleted.entity
        and latest.system = deleted.system
        and latest.source_id = deleted.source_id
    left join excluded
        on latest.entity = excluded.entity
        and latest.system = excluded.system
        and latest.source_id = excluded.source_id
    where
        deleted.source_id is null
        and excluded.source_id is null
        and (
            latest.happened_at >= as_of.as_of_at
            or latest.is_foreign
            or latest.is_incomplete
        )
    group by latest.entity, latest.system, latest.source_id

)

select * from final
