-- A failing row is a currency other than the deployment's: its amounts must not be
-- added to the others. Convert them before they are delivered, or give the company of
-- that currency a deployment of its own.
{{ config(meta={'dagster': {'ref': {'name': 'int_orders__unioned'}}}) }}
with

orders as (

    select * from {{ ref('int_orders__unioned') }}

),

subscriptions as (

    select * from {{ ref('int_subscriptions__unioned') }}

),

priced as (

    select
        'orders' as entity,
        system,
        currency
    from orders

    union all

    select
        'subscriptions' as entity,
        system,
        currency
    from subscriptions

),

final as (

    select
        entity,
        system,
        currency,
        '{{ var("currency") }}' as deployment_currency,
        count(*) as record_count
    from priced
    where currency <> '{{ var("currency") }}'
    group by entity, system, currency

)

select * from final
