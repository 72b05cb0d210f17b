{# What customers are ranked by, month by month. Of equals the customer's id decides. #}

{% macro ranked_recency() -%}
    cast({{ days_between("date '1970-01-01'", 'last_ordered_date') }} as decimal(18, 2))
{%- endmacro %}

{% macro ranked_frequency() -%}
    cast(cumulative_order_count as decimal(18, 2))
{%- endmacro %}

{% macro ranked_monetary() -%}
    cast(cumulative_revenue_amount as decimal(18, 2))
{%- endmacro %}

{# The last customer of each tier but the fifth, as columns: `<measure>_<tier>` and `<measure>_<tier>_customer_id`. #}
{% macro tier_ends(measure) -%}
    {%- for tier in range(1, 5) -%}
        {%- set is_end = "measure = '" ~ measure ~ "' and tier = " ~ tier -%}
        max(measure_value) filter (where {{ is_end }}) as {{ measure }}_{{ tier }},
        max(customer_id) filter (where {{ is_end }}) as {{ measure }}_{{ tier }}_customer_id
        {%- if not loop.last %},
        {% endif %}
    {%- endfor %}
{%- endmacro %}

{# The tier of a value: one more than the tiers whose last customer stands before it. #}
{% macro tier_of(measure, value, alias='ends') -%}
    cast(
        1
        {%- for tier in range(1, 5) %}
        {%- set end = alias ~ '.' ~ measure ~ '_' ~ tier %}
        + cast(
            {{ value }} > {{ end }}
            or ({{ value }} = {{ end }} and customer_id > {{ end }}_customer_id) as integer
        )
        {%- endfor %} as bigint
    )
{%- endmacro %}
