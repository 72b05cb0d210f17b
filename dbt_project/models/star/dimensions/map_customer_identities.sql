with

identities as (

    select * from {{ source('identity', 'customer_identities') }}

),

final as (

    select
        -- ids
        {{ surrogate_key(['system', 'source_id']) }} as customer_identity_key,
        customer_id,
        system,
        source_id,

        -- attributes
        link_rule,

        -- measures
        confidence,

        -- times
        first_load_date,
        linked_load_date

    from identities

)

select * from final
