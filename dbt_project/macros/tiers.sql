{#
    Tiers are shares of the ranked customers, and customers of equal value share a tier. A tier ends with the value at
    its last place, counted from the smallest value; equal values take the lower tier. Its end is null, and the tier
    empty, where its share is less than one customer.
#}

{# What customers are ranked by in a month; null for customers who never bought. #}
{% macro ranked(measure) -%}
    {%- set values = {
        'recency': days_between("date '1970-01-01'", 'last_ordered_date'),
        'frequency': 'cumulative_order_count',
        'monetary': 'cumulative_revenue_amount',
    } -%}
    cast(case when last_ordered_date is not null then {{ values[measure] }} end as decimal(18, 2))
{%- endmacro %}

{#
    The largest value of the tiers that together have this share of the customers; an aggregate over distinct values, each
    with the place of its last customer (`last_place`) and the number of all (`customer_count`).
#}
{% macro tier_end(value, share) -%}
    {%- set place = 'floor(cast(' ~ share ~ ' as decimal(9, 6)) * cast(customer_count as bigint))' -%}
    min({{ value }}) filter (where {{ place }} >= 1 and last_place >= {{ place }})
{%- endmacro %}

{# The tier of a value, as the name of the first tier that ends at it or above; null for null. #}
{% macro tier_of(value, ends, tiers) -%}
    case
            {%- for end in ends %}
            when {{ value }} <= {{ end }} then {{ tiers[loop.index0] }}
            {%- endfor %}
            when {{ value }} is not null then {{ tiers[-1] }}
        end
{%- endmacro %}

{# The fifth of a measure of the month, 1 to 5; the query has joined the month's ends of fifths as `<measure>_ends`. #}
{% macro fifth_of(measure) -%}
    {%- set ends = [] -%}
    {%- for fifth in range(1, 5) -%}
        {%- do ends.append(measure ~ '_ends.end_' ~ fifth) -%}
    {%- endfor -%}
    cast({{ tier_of('months.' ~ measure, ends, [1, 2, 3, 4, 5]) }} as bigint)
{%- endmacro %}
