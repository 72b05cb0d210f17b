with

customers as (

    select * from {{ ref('int_customers__unioned') }}
    where not {{ identifies_nobody() }}

),

dated as (

    select
        *,
        coalesce(updated_at, {{ start_of_day('_load_date') }}) as version_at
    from customers

),

ranked as (

    select
        *,
        row_number() over (
            partition by system, source_id, version_at
            order by _load_date desc, _source_file desc, _source_row desc
        ) as recency
    from dated

),

final as (

    select
        -- ids
        system,
        source_id,

        -- attributes
        segment,
        region,
        country,
        language,

        -- times
        registered_at,
        version_at,
        _load_date

    from ranked
    where recency = 1

)

select * from final
