with

identities as (

    select * from {{ source('identity', 'customer_identities') }}

),

deletions as (

    select * from {{ ref('int_records__deleted') }}

),

deleted as (

    select
        system,
        source_id,
        min(deleted_at) as deleted_at
    from deletions
    where
        entity = 'customers'
        and is_deleted
    group by system, source_id

),

final as (

    select
        -- ids
        {{ surrogate_key(['identities.system', 'identities.source_id']) }}
            as customer_identity_key,
        identities.customer_id,
        identities.system,
        identities.source_id,

        -- attributes
        identities.link_rule,
        deleted.deleted_at is null as is_current,

        -- measures
        identities.confidence,

        -- times
        identities.first_load_date,
        identities.linked_load_date,
        deleted.deleted_at

    from identities
    left join deleted
        on identities.system = deleted.system
        and identities.source_id = deleted.source_id

)

select * from final
