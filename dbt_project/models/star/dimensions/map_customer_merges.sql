with

merged as (

    select * from {{ source('identity', 'customer_merges') }}

),

final as (

    select
        -- ids
        retired_customer_id,
        surviving_customer_id,
        system,
        source_id,

        -- attributes
        link_rule,

        -- times
        merged_load_date

    from merged

)

select * from final
