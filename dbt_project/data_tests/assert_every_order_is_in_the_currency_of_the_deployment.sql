-- A failing row is a currency other than the deployment's: its amounts must not be
-- added to the others.
{{ config(meta={'dagster': {'ref': {'name': 'fct_orders'}}}) }}
with

orders as (

    select * from {{ ref('int_orders__unioned') }}

),

final as (

    select
        system,
        currency,
        count(*) as order_count
    from orders
    where currency <> '{{ var("currency") }}'
    group by system, currency

)

select * from final
