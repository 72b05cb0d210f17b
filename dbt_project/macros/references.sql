{#
    References: the columns at the doors that hold the id of another record. A reference that no record answers belongs
    to the unknown member of its dimension; quality_references counts them.
#}

{#
    The references of an entity: the door's column, the entity that it refers to, and the column with the system of the
    record referred to, where that is not the system of the record itself.
#}
{% macro references_of(entity) %}
    {%- set customer = {'column': 'customer_source_id', 'target': 'customers'} -%}
    {%- set order = {'column': 'order_source_id', 'target': 'orders'} -%}
    {%- set foreign_order = {'column': 'order_source_id', 'target': 'orders', 'system': 'order_system'} -%}
    {%- set survey = {'column': 'survey_source_id', 'target': 'surveys'} -%}
    {{ return({
        'acquisitions': [customer, {'column': 'referrer_source_id', 'target': 'customers'}],
        'cases': [customer, foreign_order],
        'interactions': [
            customer, foreign_order, {'column': 'case_source_id', 'target': 'cases', 'system': 'case_system'},
        ],
        'order_lines': [order, {'column': 'product_source_id', 'target': 'products'}],
        'orders': [customer],
        'payments': [order],
        'refunds': [order, {'column': 'order_line_source_id', 'target': 'order_lines'}],
        'subscriptions': [customer],
        'survey_answers': [
            customer, survey, foreign_order, {'column': 'invitation_source_id', 'target': 'survey_invitations'},
        ],
        'survey_invitations': [customer, survey, foreign_order],
    }.get(entity, [])) }}
{% endmacro %}

{#
    The ids that the records of every door refer to, by load, with the rows and the amount that hold them. An order's
    amount is that of its lines. A product code alone is no reference: it counts where its system delivers products.
#}
{% macro delivered_references() -%}
{%- set amounts = {
    'order_lines': 'records.net_amount', 'orders': 'amounts.net_amount', 'payments': 'records.payment_amount',
    'refunds': 'records.refund_amount', 'subscriptions': 'records.period_amount',
} -%}
{%- for entity in var('entities') %}
{%- for reference in references_of(entity) %}
    select
        '{{ entity }}' as entity,
        records.system,
        '{{ reference.column }}' as reference,
        '{{ reference.target }}' as target_entity,
        records.{{ reference.system or 'system' }} as target_system,
        records.{{ reference.column }} as target_id,
        records._load_date as load_date,
        count(*) as row_count,
        cast(sum({{ amounts.get(entity, 'null') }}) as decimal(18, 2)) as amount
    from {{ ref('int_' ~ entity ~ '__unioned') }} as records
    {%- if entity == 'orders' %}
    left join {{ ref('orders__amounts') }} as amounts
        on records.system = amounts.system
        and records.source_id = amounts.source_id
    {%- endif %}
    {%- if reference.target == 'products' %}
    where records.system in ('{{ var('entities').get('products', []) | join("', '") }}')
    {%- endif %}
    group by
        records.system,
        records.{{ reference.system or 'system' }},
        records.{{ reference.column }},
        records._load_date

    union all
{% endfor %}
{%- endfor %}
    select
        cast(null as varchar) as entity,
        cast(null as varchar) as system,
        cast(null as varchar) as reference,
        cast(null as varchar) as target_entity,
        cast(null as varchar) as target_system,
        cast(null as varchar) as target_id,
        cast(null as date) as load_date,
        cast(null as bigint) as row_count,
        cast(null as decimal(18, 2)) as amount
    where false
{%- endmacro %}

{#
    Every record that a reference may name, once. Deleted records are known, and so are customer records that identify
    nobody; the doors of customers, products and surveys keep deleted records themselves.
#}
{% macro known_records() -%}
{%- set targets = [] -%}
{%- for entity in var('entities') -%}
    {%- for reference in references_of(entity) if reference.target not in targets -%}
        {%- do targets.append(reference.target) -%}
    {%- endfor -%}
{%- endfor -%}
{%- for target in targets %}
    select
        '{{ target }}' as entity,
        system,
        source_id
    from {{ ref('int_' ~ target ~ '__unioned') }}
    {%- if target == 'customers' %}
    group by system, source_id
    {%- endif %}

    union all
{% endfor %}
    select
        entity,
        system,
        source_id
    from {{ ref('int_records__deleted') }}
    where
        entity not in ('customers', 'products', 'surveys')
        and is_deleted
    group by entity, system, source_id
{%- endmacro %}

{# The limits of the deployment for references, by system and entity. #}
{% macro reference_limits() -%}
{%- for limit in var('reference_limits') %}
    select
        '{{ limit.entity }}' as entity,
        '{{ limit.system }}' as system,
        '{{ limit.tables }}' as table_name,
        cast({{ limit.rate }} as double) as unresolved_rate,
        cast({{ limit.rise }} as double) as unresolved_rise,
        cast({{ limit.at_most }} as double) as unresolved_at_most
    {%- if not loop.last %}

    union all
    {% endif %}
{%- endfor %}
{%- endmacro %}

{# An id without what systems lose: case, leading zeros, decimals, punctuation. Ids that share it may be one id. #}
{% macro loose_id(column) -%}
    ltrim(regexp_replace(lower(regexp_replace({{ column }}, '^([0-9., ]*[0-9])[.,]0{1,2}$', '\1')), '[^\pL\pN]', '', 'g'), '0')
{%- endmacro %}

{#
    Why an id was not found, from the id itself or from the known one of equal `loose_id`; null where nothing tells. An id
    is compared with ids of the same system, and with equal ids of other systems.
#}
{% macro likely_cause(unknown, known, system, known_system) -%}
    case
            when regexp_full_match({{ unknown }}, '[0-9]+([.,][0-9]+)?[eE][+]?[0-9]+')
                then 'are in scientific notation, so their digits are lost'
            when lower({{ unknown }}) in ('null', 'none', 'nil', 'n/a', 'na', '#n/a', 'undefined', '-', '0')
                then 'are a text for no value'
            when {{ known }} is null then null
            when {{ known_system }} <> {{ system }} and {{ known }} = {{ unknown }}
                then 'are known in system ' || {{ known_system }}
            when {{ known_system }} <> {{ system }} then null
            when lower({{ known }}) = lower({{ unknown }}) then 'would match in the other case'
            when ltrim({{ known }}, '0') = ltrim({{ unknown }}, '0') and length({{ known }}) > length({{ unknown }})
                then 'would match with leading zeros'
            when ltrim({{ known }}, '0') = ltrim({{ unknown }}, '0')
                then 'would match without leading zeros'
            when regexp_full_match({{ unknown }}, '[0-9., ]+') then 'would match as whole numbers'
            else 'would match without punctuation'
        end
{%- endmacro %}

{# The median of a column over the 14 rows before each row. #}
{% macro usual(column, partition_by, order_by) -%}
    median({{ column }}) over (
            partition by {{ partition_by | join(', ') }}
            order by {{ order_by }}
            rows between 14 preceding and 1 preceding
        )
{%- endmacro %}
