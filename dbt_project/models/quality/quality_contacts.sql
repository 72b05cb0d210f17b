with

customers as (

    select
        *,
        {{ identifies_nobody() }} as is_nobody
    from {{ ref('int_customers__unioned') }}

),

link_values as (

    select * from {{ ref('int_customers__link_values') }}
    -- the record's own id
    where link_type <> 'external_id' or link_value <> system || ':' || source_id

),

delivered as (

    select
        system,
        'email' as link_type,
        count(distinct source_id) as record_count,
        count(distinct source_id) filter (where is_nobody) as nobody_record_count
    from customers
    where email is not null
    group by system

    union all

    select
        system,
        'phone' as link_type,
        count(distinct source_id) as record_count,
        count(distinct source_id) filter (where is_nobody) as nobody_record_count
    from customers
    where phone is not null
    group by system

    union all

    select
        system,
        'external_id' as link_type,
        count(distinct source_id) as record_count,
        count(distinct source_id) filter (where is_nobody) as nobody_record_count
    from customers
    where external_id is not null
    group by system

),

read_records as (

    select
        system,
        link_type,
        count(distinct source_id) as record_count,
        count(distinct source_id) filter (where ignored_reason = 'placeholder')
            as placeholder_record_count,
        count(distinct source_id) filter (where ignored_reason is null)
            as linking_record_count
    from link_values
    group by system, link_type

),

held_values as (

    select
        system,
        link_type,
        link_value,
        count(*) as record_count
    from link_values
    where ignored_reason is distinct from 'placeholder'
    group by system, link_type, link_value

),

crowds as (

    select
        system,
        link_type,
        max(record_count) as most_records_per_value,
        count(*) filter (where record_count > {{ var('many_records_per_value') }})
            as crowded_value_count,
        coalesce(
            sum(record_count) filter (
                where record_count > {{ var('many_records_per_value') }}
            ),
            0
        ) as crowded_record_count
    from held_values
    group by system, link_type

),

final as (

    select
        -- grain
        delivered.system,
        delivered.link_type,

        -- measures
        delivered.record_count,
        delivered.nobody_record_count,
        delivered.record_count
        - delivered.nobody_record_count
        - coalesce(read_records.record_count, 0) as unreadable_record_count,
        coalesce(read_records.placeholder_record_count, 0) as placeholder_record_count,
        coalesce(read_records.linking_record_count, 0) as linking_record_count,
        coalesce(crowds.most_records_per_value, 0) as most_records_per_value,
        coalesce(crowds.crowded_value_count, 0) as crowded_value_count,
        cast(coalesce(crowds.crowded_record_count, 0) as bigint) as crowded_record_count

    from delivered
    left join read_records
        on delivered.system = read_records.system
        and delivered.link_type = read_records.link_type
    left join crowds
        on delivered.system = crowds.system
        and delivered.link_type = crowds.link_type

)

select * from final
