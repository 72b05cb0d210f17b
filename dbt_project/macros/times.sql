{# `_at` columns are UTC timestamps without a zone; `_date` columns and months are in the deployment's time zone. #}

{# A delivered time with an offset (ISO 8601) as UTC. #}
{% macro utc(column) -%}
    cast(cast({{ column }} as timestamptz) at time zone 'UTC' as timestamp)
{%- endmacro %}

{# A delivered wall-clock time without an offset, read in the zone of its system, as UTC. #}
{% macro utc_from_local(column, timezone=none) -%}
    cast(
        (cast({{ column }} as timestamp) at time zone '{{ timezone or var("timezone") }}')
        at time zone 'UTC' as timestamp
    )
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

{# The first day of the year of a date. #}
{% macro year_start(column) -%}
    cast(date_trunc('year', {{ column }}) as date)
{%- endmacro %}

{# The first day that the extracts cover, if the deployment sets it; else null. #}
{% macro history_start() -%}
    {%- set day = var('history_start_date') -%}
    cast({{ "'" ~ day ~ "'" if day else 'null' }} as date)
{%- endmacro %}
