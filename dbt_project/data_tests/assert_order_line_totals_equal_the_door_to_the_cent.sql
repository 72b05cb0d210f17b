-- A failing row is a system whose order lines differ from what it delivered, in number,
-- quantity, price or freight.
{{ config(meta={'dagster': {'ref': {'name': 'fct_order_lines'}}}) }}
with

delivered_lines as (

    select * from {{ ref('int_order_lines__unioned') }}

),

order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

balance as (

    select
        system,
        1 as line_count,
        quantity,
        net_amount,
        coalesce(freight_amount, 0) as freight_amount
    from delivered_lines

    union all

    select
        system,
        -1 as line_count,
        -quantity as quantity,
        -net_amount as net_amount,
        -freight_amount as freight_amount
    from order_lines

),

final as (

    select
        system,
        sum(line_count) as line_count,
        sum(quantity) as quantity,
        sum(net_amount) as net_amount,
        sum(freight_amount) as freight_amount
    from balance
    group by system
    having
        sum(line_count) <> 0
        or sum(quantity) <> 0
        or sum(net_amount) <> 0
        or sum(freight_amount) <> 0

)

select * from final
