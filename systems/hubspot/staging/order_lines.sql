with

source as (

    select * from {{ landed('deal') }}

),

-- a deal is an order with one line, which is left out with it
final as (

    select
        -- ids
        {{ record_key('deal') }} as source_id,
        {{ record_key('deal') }} as order_source_id,

        -- attributes
        1 as line_number,

        -- measures
        1 as quantity,
        cast(property_amount as decimal(18, 2)) as net_amount,

        -- times
        coalesce(
            {{ moment('property_hs_lastmodifieddate') }},
            {{ moment('_fivetran_synced') }}
        ) as updated_at,
        case
            when
                coalesce(cast(cast(is_deleted as varchar) as boolean), false)
                or coalesce(cast(cast(_fivetran_deleted as varchar) as boolean), false)
                then coalesce(
                    {{ moment('_fivetran_synced') }}, {{ start_of_day('_load_date') }}
                )
        end as deleted_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
