{# `_at` columns are UTC timestamps without a zone; `_date` columns and months are in the deployment's time zone. #}

{#
    A delivered time with an offset or a zone as UTC. What DuckDB does not read is rewritten first: minutes without
    seconds, an offset after a blank, a zone in brackets (expectations/times.py has the same text, for gate 1).
#}
{% macro utc(column) -%}
    cast(
        coalesce(try_cast({{ column }} as timestamptz), cast({{ with_readable_offset(column) }} as timestamptz))
        at time zone 'UTC' as timestamp
    )
{%- endmacro %}

{% macro with_readable_offset(column) -%}
    {%- set text = namespace(sql="trim(cast(" ~ column ~ " as varchar))") -%}
    {%- for pattern, replacement in [
        ('^([0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[Tt ] *[0-9]{1,2}:[0-9]{2}) *([A-Za-z+\\[-])', '\\1:00 \\2'),
        ('(?:UTC|GMT)([+-][0-9])', '\\1'),
        ('([+-][0-9]{2}:?[0-9]{2}|[Zz])\\[[A-Za-z_/+-]+[0-9]*\\]$', '\\1'),
        ('(:[0-9.]+) *\\[?([A-Za-z_]+/[A-Za-z_/+-]+[0-9]*)\\]?$', '\\1 \\2'),
        ('(:[0-9.]+) *(?:[Zz]|UTC|GMT|utc|gmt)$', '\\1+00'),
        ('(:[0-9.]+) +([+-])', '\\1\\2'),
    ] -%}
        {%- set text.sql = "regexp_replace(" ~ text.sql ~ ", '" ~ pattern ~ "', '" ~ replacement ~ "')" -%}
    {%- endfor -%}
    {{ text.sql }}
{%- endmacro %}

{# A delivered wall-clock time without an offset, read in the zone of its system, as UTC. #}
{% macro utc_from_local(column, timezone=none) -%}
    cast(
        (cast({{ column }} as timestamp) at time zone '{{ timezone or var("timezone") }}')
        at time zone 'UTC' as timestamp
    )
{%- endmacro %}

{#
    A delivered time as UTC, with an offset or a zone, or without one: then it is read in the zone of its system. An offset
    is recognised as gate 1 recognises it (expectations/times.py).
#}
{% macro moment(column, timezone=none) -%}
    case
            when regexp_matches(trim(cast({{ column }} as varchar)), '{{ has_offset() }}') then {{ utc(column) }}
            else {{ utc_from_local(column, timezone or var('timezones').get(this_system())) }}
        end
{%- endmacro %}

{# The regular expression of a time with an offset or a zone: HAS_OFFSET of expectations/times.py. #}
{% macro has_offset() -%}
    :[0-9.]+ *([Zz]|UTC|GMT|utc|gmt|(UTC|GMT)?[+-][0-9:]{2,8}|\[?[A-Za-z_]+/[A-Za-z_/+-]+[0-9]*\]?)(\[[A-Za-z_/+-]+[0-9]*\])?$
{%- endmacro %}

{# The calendar day of a UTC time in the deployment's time zone. #}
{% macro local_date(column) -%}
    cast(({{ column }} at time zone 'UTC') at time zone '{{ var("timezone") }}' as date)
{%- endmacro %}

{# The UTC time at which a calendar day begins in the deployment's time zone. #}
{% macro start_of_day(column) -%}
    {{ utc_from_local("cast(" ~ column ~ " as timestamp)") }}
{%- endmacro %}

{# The first day of the month of a date. #}
{% macro month_start(column) -%}
    cast(date_trunc('month', {{ column }}) as date)
{%- endmacro %}

{# The day of the month of a date with this number, or the last day of a month that is too short. #}
{% macro day_in_month(month, day_of_month) -%}
    cast(
        date_trunc('month', {{ month }})
        + to_days(cast(least({{ day_of_month }}, day(last_day({{ month }}))) - 1 as integer)) as date
    )
{%- endmacro %}

{# The first day of the year of a date. #}
{% macro year_start(column) -%}
    cast(date_trunc('year', {{ column }}) as date)
{%- endmacro %}

{# The first day that the extracts cover, if the deployment sets it; else null. #}
{% macro history_start() -%}
    {%- set day = var('history_start_date') -%}
    cast({{ "'" ~ day ~ "'" if day else 'null' }} as date)
{%- endmacro %}

{# The English name of a date's month. #}
{% macro month_name(column) -%}
    strftime({{ column }}, '%B')
{%- endmacro %}

{# The English name of a date's weekday. #}
{% macro weekday_name(column) -%}
    strftime({{ column }}, '%A')
{%- endmacro %}
