with

{{ as_of_moment() }},

marked as (
    {{ declared_exclusions() }}
),

parts as (
    {{ parts_of_excluded_orders() }}
),

-- a record's own reason comes before that of its order
reasons as (

    select
        *,
        1 as priority
    from marked
    where excluded_reason is not null

    union all

    select
        *,
        2 as priority
    from parts

),

ranked as (

    select
        *,
        row_number() over (
            partition by entity, system, source_id
            order by priority
        ) as place
    from reasons

),

final as (

    select
        -- ids
        entity,
        system,
        source_id,

        -- attributes
        excluded_reason

    from ranked
    where place = 1

)

select * from final
