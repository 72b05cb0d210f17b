{#
    Keys of one table and what they refer to. A failing row is a key that is not unique or does not arrive, with how many
    values are concerned and one of them.

    unique: lists of columns, each of which identifies a row.
    references: {column: ..., to: ref('...')}, and `field` where the column has another name there, `except` for a value
        that refers to nothing.
#}
{% test keys(model, unique=[], references=[]) %}
    {%- for columns in unique %}
select
    '{{ columns | join(', ') }} is unique' as rule,
    count(*) as value_count,
    max(example) as example
from (
    select concat_ws(', ', {{ columns | join(', ') }}) as example
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
) as repeated
having count(*) > 0
{% if not loop.last or references %}
union all
{% endif %}
    {%- endfor %}
    {%- for reference in references %}
        {%- set field = reference.field or reference.column %}
select
    '{{ reference.column }} refers to {{ reference.to.identifier }}' as rule,
    count(distinct source.{{ reference.column }}) as value_count,
    max(cast(source.{{ reference.column }} as varchar)) as example
from {{ model }} as source
left join {{ reference.to }} as target
    on source.{{ reference.column }} = target.{{ field }}
where
    source.{{ reference.column }} is not null
    and target.{{ field }} is null
    {%- if reference.except %}
    and source.{{ reference.column }} <> {{ reference.except }}
    {%- endif %}
having count(*) > 0
{% if not loop.last %}
union all
{% endif %}
    {%- endfor %}
{% endtest %}
