with

customers as (

    select * from {{ ref('dim_customers') }}
    where is_current

),

final as (

    select
        -- ids
        customer_id,

        -- attributes
        segment,
        region,
        country,
        language,

        -- times
        registered_at

    from customers

)

select * from final
