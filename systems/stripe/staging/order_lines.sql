with

invoices as (

    select * from {{ landed('invoice') }}

),

landed_lines as (

    select * from {{ landed('invoice_line_item') }}

),

charges as (

    select * from {{ landed('charge') }}

),

prices as (

    select * from {{ landed('price') }}

),

plans as (

    select * from {{ landed('plan') }}

),

invoice_lines as (

    select
        *,
        {{ record_key('invoice_line_item') }} as line_id,
        coalesce(
            {{ record_id('price_id') }}, {{ record_id('plan_id') }}
        ) as price_code
    from landed_lines

),

latest_invoices as (

    select
        {{ record_key('invoice') }} as invoice_id,
        coalesce(
            {{ major_units('total_excluding_tax', 'currency') }},
            {{ major_units('total', 'currency') }}
            - coalesce({{ major_units('tax', 'currency') }}, 0)
        ) as net_amount
    from invoices
    qualify row_number() over (
        partition by {{ record_key('invoice') }}
        order by _load_date desc, _source_file desc, _source_row desc
    ) = 1

),

latest_lines as (

    select
        line_id,
        {{ record_id('invoice_id') }} as invoice_id,
        {{ major_units('amount', 'currency') }} as amount
    from invoice_lines
    qualify row_number() over (
        partition by line_id
        order by _load_date desc, _source_file desc, _source_row desc
    ) = 1

),

-- coupons and taxes are of the whole invoice: every line has its share of what is left
rated as (

    select
        latest_lines.line_id,
        latest_lines.invoice_id,
        latest_lines.amount,
        coalesce(cast(latest_invoices.net_amount as double) / nullif(
            sum(latest_lines.amount) over (partition by latest_lines.invoice_id), 0
        ), 1) as net_rate,
        sum(latest_lines.amount) over (
            partition by latest_lines.invoice_id
            order by latest_lines.line_id
            rows between unbounded preceding and current row
        ) as running_amount
    from latest_lines
    left join latest_invoices
        on latest_lines.invoice_id = latest_invoices.invoice_id

),

-- differences of rounded running shares: the lines add up to their invoice to the cent
shares as (

    select
        line_id,
        round(net_rate * running_amount, 2)
        - round(net_rate * (running_amount - amount), 2) as net_amount
    from rated

),

-- distinct: invoices that have lines
invoices_with_lines as (

    select distinct invoice_id
    from latest_lines

),

products_of_prices as (

    select
        {{ record_key('price') }} as price_id,
        cast(product_id as varchar) as product_id,
        1 as priority,
        _load_date,
        _source_file,
        _source_row
    from prices

    union all

    select
        {{ record_key('plan') }} as price_id,
        cast(product_id as varchar) as product_id,
        2 as priority,
        _load_date,
        _source_file,
        _source_row
    from plans

),

latest_prices as (

    select
        price_id,
        product_id
    from products_of_prices
    qualify row_number() over (
        partition by price_id
        order by priority asc, _load_date desc, _source_file desc, _source_row desc
    ) = 1

),

of_invoice_lines as (

    select
        -- ids
        invoice_lines.line_id as source_id,
        {{ record_id('invoice_lines.invoice_id') }} as order_source_id,
        latest_prices.product_id as product_source_id,

        -- measures
        cast(coalesce(cast(invoice_lines.quantity as double), 1) as integer)
            as quantity,
        cast(shares.net_amount as decimal(18, 2)) as net_amount,

        -- landing
        invoice_lines._load_date,
        invoice_lines._source_file,
        invoice_lines._source_row

    from invoice_lines
    left join shares
        on invoice_lines.line_id = shares.line_id
    left join latest_prices
        on invoice_lines.price_code = latest_prices.price_id

),

-- an invoice whose lines have not arrived is one line
of_invoices as (

    select
        -- ids
        'invoice-' || {{ record_key('invoice', 'invoices') }} as source_id,
        {{ record_key('invoice', 'invoices') }} as order_source_id,
        cast(null as varchar) as product_source_id,

        -- measures
        1 as quantity,
        cast(latest_invoices.net_amount as decimal(18, 2)) as net_amount,

        -- landing
        invoices._load_date,
        invoices._source_file,
        invoices._source_row

    from invoices
    left join latest_invoices
        on {{ record_key('invoice', 'invoices') }} = latest_invoices.invoice_id
    left join invoices_with_lines
        on {{ record_key('invoice', 'invoices') }} = invoices_with_lines.invoice_id
    where invoices_with_lines.invoice_id is null

),

of_charges as (

    select
        -- ids
        {{ record_key('charge') }} as source_id,
        {{ record_key('charge') }} as order_source_id,
        cast(null as varchar) as product_source_id,

        -- measures
        1 as quantity,
        cast(
            {{ major_units('coalesce(amount_captured, amount)', 'currency') }}
            as decimal(18, 2)
        ) as net_amount,

        -- landing
        _load_date,
        _source_file,
        _source_row

    from charges

),

final as (

    select * from of_invoice_lines

    union all

    select * from of_invoices

    union all

    select * from of_charges

)

select * from final
