{# What customers are ranked by in a month; null for customers who never bought. The customer's id breaks ties. #}
{% macro ranked(measure) -%}
    {%- set values = {
        'recency': days_between("date '1970-01-01'", 'last_ordered_date'),
        'frequency': 'cumulative_order_count',
        'monetary': 'cumulative_revenue_amount',
    } -%}
    cast(case when last_ordered_date is not null then {{ values[measure] }} end as decimal(18, 2))
{%- endmacro %}

{# The last customer of each tier but the fifth, as columns: `<measure>_<tier>` and `<measure>_<tier>_customer_id`. #}
{% macro tier_ends(measure) -%}
    {%- for tier in range(1, 5) -%}
        {%- set is_end = "measure = '" ~ measure ~ "' and tier = " ~ tier -%}
        {%- set end = measure ~ '_' ~ tier -%}
        max(measure_value) filter (where {{ is_end }}) as {{ end }},
        max(customer_id) filter (where {{ is_end }}) as {{ end }}_customer_id
        {%- if not loop.last %},
        {% endif %}
    {%- endfor -%}
{%- endmacro %}

{#
    The tier of a ranked customer: the first tier whose last customer is not ranked before it; null for customers who are
    not ranked. The query has joined the month's `tier_ends` as `ends`.
#}
{% macro tier_of(measure) -%}
    {%- set end = 'ends.' ~ measure -%}
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
