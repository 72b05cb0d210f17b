with

rejected as (

    select * from {{ source('quarantine', 'rows') }}

),

reasons as (

    select
        {{ unit_of_path('filename') }},
        _load_date as load_date,
        {{ each_element('reasons') }} as reason

    from rejected

),

final as (

    select
        -- grain
        system,
        table_name,
        load_date,
        reason,

        -- measures
        count(*) as row_count

    from reasons
    group by system, table_name, load_date, reason

)

select * from final
