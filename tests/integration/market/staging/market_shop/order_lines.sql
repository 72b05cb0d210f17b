with

source as (

    select * from {{ landed('order_lines') }}

),

final as (

    select
        -- ids
        {{ record_key('order_lines') }} as source_id,
        order_no as order_source_id,

        -- attributes
        -- the second line of a gift is the card
        case when order_no like 'gift-%' and line = '2' then 'gift_card' end as excluded_reason,

        -- measures
        cast(line as integer) as line_number,
        cast(quantity as integer) as quantity,
        cast(net_price as decimal(18, 2)) as net_amount,

        -- times
        cast(_load_date as timestamp) as updated_at,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from source

)

select * from final
