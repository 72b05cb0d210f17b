with

purchase_days as (

    select * from {{ ref('science_purchase_days') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

dates as (

    select * from {{ ref('dim_dates') }}

),

as_of as (

    select date_day as as_of_date
    from dates
    where is_as_of

),

cut_offs as (

    select
        'as_of' as cut_off,
        as_of_date as cut_off_date
    from as_of

    union all

    select
        'holdout' as cut_off,
        cast(as_of_date - interval {{ var('holdout_days') }} day as date)
            as cut_off_date
    from as_of

),

numbered as (

    select
        *,
        row_number() over (
            partition by customer_id
            order by purchase_date
        ) as purchase_number
    from purchase_days

),

summarised as (

    select
        numbered.customer_id,
        cut_offs.cut_off,
        cut_offs.cut_off_date,
        min(numbered.purchase_date) as first_purchase_date,
        max(numbered.purchase_date) filter (
            where numbered.purchase_date < cut_offs.cut_off_date
        ) as last_purchase_date,
        count(*) filter (
            where
            numbered.purchase_date < cut_offs.cut_off_date
            and numbered.purchase_number > 1
        ) as repeat_count,
        count(*) filter (
            where numbered.purchase_date >= cut_offs.cut_off_date
        ) as holdout_count,
        sum(numbered.revenue_amount) filter (
            where
            numbered.purchase_date < cut_offs.cut_off_date
            and numbered.purchase_number > 1
        ) as repeat_amount,
        sum(numbered.revenue_amount) filter (
            where numbered.purchase_date >= cut_offs.cut_off_date
        ) as holdout_amount
    from numbered
    cross join cut_offs
    group by numbered.customer_id, cut_offs.cut_off, cut_offs.cut_off_date

),

-- the last observed day is the day before the cut-off
final as (

    select
        -- ids
        summarised.customer_id,
        summarised.cut_off,

        -- attributes
        customers.segment,

        -- measures
        summarised.repeat_count,
        cast(round({{ days_between(
            'summarised.first_purchase_date', 'summarised.last_purchase_date'
        ) }} / 7.0) as integer) as last_purchase_weeks,
        cast(round(({{ days_between(
            'summarised.first_purchase_date', 'summarised.cut_off_date'
        ) }} - 1) / 7.0) as integer) as observed_weeks,
        summarised.holdout_count,
        cast(coalesce(summarised.repeat_amount, 0) as decimal(18, 2)) as repeat_amount,
        cast(coalesce(summarised.holdout_amount, 0) as decimal(18, 2))
            as holdout_amount,

        -- times
        summarised.first_purchase_date

    from summarised
    inner join customers
        on summarised.customer_id = customers.customer_id
        and customers.is_current
    where summarised.first_purchase_date < summarised.cut_off_date

)

select * from final
