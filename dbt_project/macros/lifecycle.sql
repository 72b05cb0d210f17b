{#
    Lifecycle stage of a customer, by the days since the first counted order, the last one, and the last one that ended a gap
    longer than `lapsed_days`; each null where there is none. The first rule that holds.
#}
{% macro lifecycle_stage(days_since_first, days_since_last, days_since_won_back) -%}
    case
            when {{ days_since_last }} is null then 'prospect'
            when {{ days_since_won_back }} <= {{ var('new_days') }} then 'won_back'
            when {{ days_since_first }} <= {{ var('new_days') }} then 'new'
            when {{ days_since_last }} <= {{ var('active_days') }} then 'active'
            when {{ days_since_last }} <= {{ var('lapsed_days') }} then 'at_risk'
            else 'lapsed'
        end
{%- endmacro %}

{# Whether a customer of this stage is active. #}
{% macro is_active_stage(lifecycle_stage) -%}
    {{ lifecycle_stage }} in ('new', 'active', 'won_back')
{%- endmacro %}

{# Whether an order ends a gap after which its customer counts as won back. #}
{% macro ends_a_lapse(previous_ordered_date, ordered_date) -%}
    {{ days_between(previous_ordered_date, ordered_date) }} > {{ var('lapsed_days') }}
{%- endmacro %}
