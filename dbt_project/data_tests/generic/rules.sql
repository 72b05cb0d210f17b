{#
    Rules for the rows of one table, checked in one scan. A failing row is a broken rule, with how many rows break it and
    the key of one of them.

    key: columns that identify a row in the message.
    accepted: for a column, the values that it may have.
    never_null: columns that hold a value in every row.
    expressions: what holds in every row, as SQL that is true or null; or {name: ..., holds: ...} where the SQL needs a name.
#}
{% test rules(model, key, accepted={}, never_null=[], expressions=[]) %}
    {%- set rules = [] -%}
    {%- for column in never_null -%}
        {%- do rules.append({'name': column ~ ' is not null', 'holds': column ~ ' is not null'}) -%}
    {%- endfor -%}
    {%- for column, values in accepted.items() -%}
        {%- set listed = "'" ~ values | join("', '") ~ "'" -%}
        {%- do rules.append({'name': column ~ ' is one of ' ~ values | join(', '), 'holds': column ~ ' in (' ~ listed ~ ')'}) -%}
    {%- endfor -%}
    {%- for expression in expressions -%}
        {%- do rules.append({'name': expression, 'holds': expression} if expression is string else expression) -%}
    {%- endfor -%}
with

checked as (

    select
        {%- for rule in rules %}
        count(*) filter (where not ({{ rule.holds }})) as broken_{{ loop.index }},
        max(concat_ws(', ', {{ key | join(', ') }})) filter (where not ({{ rule.holds }}))
            as example_{{ loop.index }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ model }}

)

{% for rule in rules -%}
select
    {{ dbt.string_literal(dbt.escape_single_quotes(rule.name)) }} as rule,
    broken_{{ loop.index }} as row_count,
    example_{{ loop.index }} as example
from checked
where broken_{{ loop.index }} > 0
{% if not loop.last %}
union all

{% endif %}
{%- endfor %}
{% endtest %}
