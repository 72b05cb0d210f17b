{%- set attributes = [
    'table_name',
    'column_name',
    'metric_name',
    'formula',
    'unit',
    'additivity',
    'time_window',
    'exclusions',
    'source_columns',
] -%}

with

registered as (

    {{ literal_rows(registered_metrics() if execute else [], attributes) }}

),

final as (

    select
        -- grain
        table_name,
        column_name,

        -- attributes
        metric_name,
        formula,
        case unit
            when 'currency' then '{{ var("currency") }}'
            else unit
        end as unit,
        additivity,
        time_window,
        exclusions,
        '{{ var("owner") }}' as owner,
        source_columns

    from registered

)

select * from final
