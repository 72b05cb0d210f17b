with

link_values as (

    select * from {{ ref('int_customers__link_values') }}

),

first_seen as (

    select
        system,
        source_id,
        min(first_load_date) as first_load_date
    from link_values
    group by system, source_id

),

final as (

    select
        -- ids
        system,
        source_id,
        {{ surrogate_key(['system', 'source_id']) }} as record_key,
        row_number() over (order by first_load_date, system, source_id) - 1
            as record_number,

        -- times
        first_load_date

    from first_seen

)

select * from final
