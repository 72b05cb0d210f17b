{# What customers are ranked by, month by month: nothing for who never bought. Of equals the customer's id decides. #}
{% macro ranked(measure) -%}
    {%- set values = {
        'recency': days_between("date '1970-01-01'", 'last_ordered_date'),
        'frequency': 'cumulative_order_count',
        'monetary': 'cumulative_revenue_amount',
    } -%}
    cast(case when last_ordered_date is not null then {{ values[measure] }} end as decimal(18, 2))
{%- endmacro %}

{#
    The last customer of each tier but the fifth, as columns: `<measure>_<tier>` and `<measure>_<tier>_customer_id`, and those
    of the last build behind `previous_`.
#}
{% macro tier_ends(measure) -%}
    {%- for prefix in ['', 'previous_'] -%}
        {%- set outer_loop = loop -%}
        {%- for tier in range(1, 5) -%}
            {%- set is_end = "measure = '" ~ measure ~ "' and tier = " ~ tier -%}
            {%- set end = prefix ~ measure ~ '_' ~ tier -%}
            max({{ prefix }}measure_value) filter (where {{ is_end }}) as {{ end }},
            max({{ prefix }}customer_id) filter (where {{ is_end }}) as {{ end }}_customer_id
            {%- if not (loop.last and outer_loop.last) %},
            {% endif %}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}

{#
    The tier of who is ranked: the first whose last customer does not stand before it; null for who is not. The query has
    joined the month's `tier_ends` as `ends`.
#}
{% macro tier_of(measure, prefix='') -%}
    {%- set end = 'ends.' ~ prefix ~ measure -%}
    cast(
        case
            {%- for tier in range(1, 5) %}
            when {{ measure }} < {{ end }}_{{ tier }} then {{ tier }}
            when {{ measure }} = {{ end }}_{{ tier }} and customer_id <= {{ end }}_{{ tier }}_customer_id then {{ tier }}
            {%- endfor %}
            when {{ measure }} >= {{ end }}_4 then 5
        end as bigint
    )
{%- endmacro %}
