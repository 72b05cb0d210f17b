with

link_values as (

    select * from {{ ref('int_customers__link_values') }}
    where ignored_reason is null

),

records as (

    select * from {{ ref('int_customers__records') }}

),

held as (

    select
        records.record_number,
        link_values.link_type,
        link_values.link_value,
        link_values.first_load_date
    from link_values
    inner join records
        on link_values.system = records.system
        and link_values.source_id = records.source_id

),

-- link each record to the first record with the same value, from that night on
followed as (

    select
        record_number,
        link_type,
        first_load_date,
        first_value(record_number) over (
            partition by link_type, link_value
            order by first_load_date, record_number
        ) as first_record_number
    from held

),

final as (

    select
        -- ids
        record_number,
        first_record_number,

        -- attributes
        link_type,

        -- times
        min(first_load_date) as first_load_date

    from followed
    where record_number <> first_record_number
    group by record_number, first_record_number, link_type

)

select * from final
