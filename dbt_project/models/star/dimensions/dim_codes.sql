with

codes as (

    select * from {{ ref('codes') }}

),

final as (

    select
        -- grain
        column_name,
        code,

        -- attributes
        label,
        sort_order

    from codes

)

select * from final
