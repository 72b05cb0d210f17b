-- A failing row is a record whose durable customer id is retired in
-- map_customer_merges.
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
