-- A failing row is a record that still belongs to a durable id which the log of merges
-- calls retired.
{{ config(meta={'dagster': {'ref': {'name': 'map_customer_merges'}}}) }}
with

identities as (

    select * from {{ ref('map_customer_identities') }}

),

merged as (

    select * from {{ ref('map_customer_merges') }}

),

final as (

    select
        identities.customer_id,
        identities.system,
        identities.source_id
    from identities
    inner join merged
        on identities.customer_id = merged.retired_customer_id

)

select * from final
