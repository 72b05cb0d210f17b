{#
    Keys of one table and what they refer to. A failing row is a broken rule, with how many values break it and one of
    them.

    unique: lists of columns, each of which identifies a row. A single column is never null.
    references: {column: ..., to: ref('...')}, and `field` where the column has another name there, `except` for a value
        that refers to nothing, `of` for the source that holds the column where the model leaves it out. A null refers
        to nothing. The target need not be unique.
#}
{% test keys(model, unique=[], references=[]) %}
    {%- for columns in unique %}
select
    '{{ columns | join(', ') }} is unique{{ ' and not null' if columns | length == 1 }}' as rule,
    count(*) as value_count,
    max(concat_ws(', ', {{ columns | join(', ') }})) as example
from (
    select {{ columns | join(', ') }}
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1{{ ' or ' ~ columns[0] ~ ' is null' if columns | length == 1 }}
) as repeated
having count(*) > 0
{% if not loop.last or references %}
union all
{% endif %}
    {%- endfor %}
    {%- for reference in references %}
        {%- set field = reference.field or reference.column %}
select
    '{{ reference.column }} refers to {{ reference.to.identifier }}.{{ field }}' as rule,
    count(*) as value_count,
    max(cast({{ reference.column }} as varchar)) as example
from (
    select {{ reference.column }}
    from {{ reference.of or model }}
    where
        {{ reference.column }} is not null
        {%- if reference.except %}
        and {{ reference.column }} <> {{ reference.except }}
        {%- endif %}
    except
    select {{ field }}
    from {{ reference.to }}
) as missing
having count(*) > 0
{% if not loop.last %}
union all
{% endif %}
    {%- endfor %}
{% endtest %}
