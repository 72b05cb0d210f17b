-- A failing row is a customer whose history rows overlap, leave a gap, are not open to the
-- past and the future, or of which not exactly the latest is current.
{{ config(meta={'dagster': {'ref': {'name': 'dim_customers'}}}) }}
with

customers as (

    select * from {{ ref('dim_customers') }}

),

consecutive as (

    select
        customer_id,
        is_current,
        valid_from,
        valid_to,
        lag(valid_to) over (
            partition by customer_id
            order by valid_from
        ) as previous_valid_to,
        lead(valid_from) over (
            partition by customer_id
            order by valid_from
        ) as next_valid_from
    from customers

),

final as (

    select * from consecutive
    where
        valid_from <> coalesce(previous_valid_to, timestamp '1900-01-01 00:00:00')
        or valid_to <> coalesce(next_valid_from, timestamp '9999-12-31 00:00:00')
        or is_current <> (next_valid_from is null)

)

select * from final
