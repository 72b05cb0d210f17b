with

rejected as (

    select * from {{ source('quarantine', 'rows') }}

),

broken_rules as (

    select
        {{ unit_of_path('filename') }},
        _load_date as load_date,
        {{ each_element('rules') }} as broken_rule

    from rejected

),

final as (

    select
        -- grain
        system,
        table_name,
        load_date,
        broken_rule,

        -- measures
        count(*) as row_count

    from broken_rules
    group by system, table_name, load_date, broken_rule

)

select * from final
