-- A failing row is a customer who is missing from mart_customer_360, from
-- mart_customer_lifetime_value or from dim_customers.
{{ config(meta={'dagster': {'ref': {'name': 'mart_customer_360'}}}) }}

with

customers as (

    select customer_id
    from {{ ref('dim_customers') }}
    where
        is_current
        and customer_id <> {{ unknown_key() }}

),

customer_rows as (

    select customer_id
    from {{ ref('mart_customer_360') }}

),

customer_values as (

    select customer_id
    from {{ ref('mart_customer_lifetime_value') }}

)

select
    customers.customer_id,
    customer_rows.customer_id as customer_360_id,
    customer_values.customer_id as customer_value_id
from customers
full join customer_rows
    on customers.customer_id = customer_rows.customer_id
full join customer_values
    on customers.customer_id = customer_values.customer_id
where
    customers.customer_id is null
    or customer_rows.customer_id is null
    or customer_values.customer_id is null
