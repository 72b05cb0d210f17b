-- A failing row is a code that a system delivers and that is not in the deployment's
-- reference data, with the records that hold it: they get the unknown member, and an order
-- of an unknown status is not counted. Or it is records in another currency than the
-- deployment's, which are left out. A warning, because one record may not stop a night;
-- an error where several records of a system exceed the share unknown_code_rate.
{{ config(
    fail_calc='coalesce(max(case when is_above_limit then 2 else 1 end), 0)',
    warn_if='>= 1',
    error_if='>= 2',
    meta={'dagster': {'ref': {'name': 'int_interactions__unioned'}}}
) }}
{%- set codes = {
    'touchpoint': ['interactions', 'cases', 'surveys'],
    'channel': ['interactions', 'cases', 'orders', 'survey_invitations', 'survey_answers'],
    'order_status': ['orders'],
    'segment': ['customers'],
    'metric': ['survey_answers'],
} %}

with

touchpoints as (

    select * from {{ ref('touchpoints') }}

),

channels as (

    select * from {{ ref('channels') }}

),

order_statuses as (

    select * from {{ ref('order_statuses') }}

),

segments as (

    select * from {{ ref('segments') }}

),

delivered as (
    {% for code_of, entities in codes.items() %}
        {%- for entity in entities %}
            select
                '{{ entity }}' as entity,
                system,
                '{{ code_of }}' as code_of,
                {{ code_of }} as code,
                count(*) as record_count
            from {{ ref('int_' ~ entity ~ '__unioned') }}
            group by system, {{ code_of }}

            union all

        {% endfor %}
    {%- endfor %}
    {%- for entity in ['orders', 'subscriptions'] %}
        select
            '{{ entity }}' as entity,
            system,
            'currency' as code_of,
            currency as code,
            count(*) as record_count
        from {{ ref('int_' ~ entity ~ '__unioned') }}
        group by system, currency

        union all

    {% endfor %}
    select
        entity,
        system,
        'currency' as code_of,
        'not {{ var("currency") }}' as code,
        count(*) as record_count
    from {{ ref('int_records__left_out') }}
    where
        reason = 'other_currency'
        and entity in ('orders', 'subscriptions')
    group by entity, system

),

known as (

    select
        'touchpoint' as code_of,
        touchpoint as code
    from touchpoints

    union all

    select
        'channel' as code_of,
        channel as code
    from channels

    union all

    select
        'order_status' as code_of,
        order_status as code
    from order_statuses

    union all

    select
        'segment' as code_of,
        segment as code
    from segments

    union all

    select
        'currency' as code_of,
        '{{ var("currency") }}' as code

    {% for metric in survey_metrics() %}
        union all

        select
            'metric' as code_of,
            '{{ metric }}' as code
    {% endfor %}

),

compared as (

    select
        delivered.*,
        (
            delivered.code is not null
            and delivered.code <> 'unknown'
            and known.code is null
        ) as is_unknown
    from delivered
    left join known
        on delivered.code_of = known.code_of
        and delivered.code = known.code

),

counted as (

    select
        *,
        sum(case when is_unknown then record_count else 0 end) over systems
            as unknown_count,
        sum(record_count) over systems as total_count
    from compared
    window systems as (partition by entity, system, code_of)

),

final as (

    select
        entity,
        system,
        code_of,
        code,
        record_count,
        (
            unknown_count > 1
            and unknown_count > total_count * {{ var('unknown_code_rate') }}
        ) as is_above_limit
    from counted
    where is_unknown

)

select * from final
