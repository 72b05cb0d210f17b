{%- set metrics = registered_metrics() if execute else [] -%}
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

    select *
    from (
        values
        {% for metric in metrics -%}
            (
                {%- for attribute in attributes %}
                    {%- set text = metric[attribute] %}
                    {{ "'" ~ text.replace("'", "''") ~ "'" if text else 'null' }}
                    {{- ',' if not loop.last }}
                {%- endfor %}
            )
            {{- ',' if not loop.last }}
        {% endfor -%}
    ) as listed ({{ attributes | join(', ') }})

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
        cast(exclusions as varchar) as exclusions,
        '{{ var("owner") }}' as owner,
        source_columns

    from registered

)

select * from final
