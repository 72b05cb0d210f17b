with

segments as (

    select * from {{ ref('science_segments') }}

),

purchase_fits as (

    select * from {{ source('science', 'purchase_fits') }}
    where is_in_use

),

spend_fits as (

    select * from {{ source('science', 'spend_fits') }}
    where is_in_use

),

-- a segment uses the fit of its own customers, else the fit of all customers
final as (

    select
        -- ids
        segments.segment,
        coalesce(own_purchases.fit_id, pooled_purchases.fit_id) as purchase_fit_id,
        coalesce(own_spend.fit_id, pooled_spend.fit_id) as spend_fit_id,

        -- attributes
        segments.is_margin_assumed,
        segments.is_margin_floored,

        -- measures
        segments.margin_rate

    from segments
    left join purchase_fits as own_purchases
        on segments.segment = own_purchases.population
    left join purchase_fits as pooled_purchases
        on pooled_purchases.population = 'pooled'
    left join spend_fits as own_spend
        on segments.segment = own_spend.population
    left join spend_fits as pooled_spend
        on pooled_spend.population = 'pooled'

)

select * from final
