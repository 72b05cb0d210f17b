with

purchase_days as (

    select * from {{ ref('science_purchase_days') }}

),

cut_offs as (

    select * from {{ ref('science_cut_offs') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

first_purchases as (

    select
        purchase_days.customer_id,
        min(purchase_days.purchase_date) as first_purchase_date,
        min({{ local_date('customers.registered_at') }}) as registered_date
    from purchase_days
    left join customers
        on purchase_days.customer_id = customers.customer_id
        and customers.is_current
    group by purchase_days.customer_id

),

history as (

    select {{ history_start() }} as history_start_date

),

-- a customer who registered before the history has purchases that are not delivered
dated as (

    select
        first_purchases.*,
        history.history_start_date,
        coalesce(
            first_purchases.registered_date < history.history_start_date, false
        ) as is_registered_before,
        bool_or(
            coalesce(
                first_purchases.registered_date < history.history_start_date, false
            )
        ) over () as has_earlier_customers
    from first_purchases
    cross join history

),

-- where such customers exist, a customer without a registration date may be one of them: only
-- a year without a purchase makes that unlikely
entered as (

    select
        *,
        case
            when is_registered_before then false
            when has_earlier_customers and registered_date is null
                then
                    {{ days_between('history_start_date', 'first_purchase_date') }}
                    >= 365
            else true
        end as is_entry_known
    from dated

),

known as (

    select
        purchase_days.customer_id,
        purchase_days.purchase_date,
        purchase_days.revenue_amount,
        entered.is_entry_known,
        entered.first_purchase_date
    from purchase_days
    inner join entered
        on purchase_days.customer_id = entered.customer_id

),

summarised as (

    select
        known.customer_id,
        known.is_entry_known,
        known.first_purchase_date,
        cut_offs.cut_off,
        cut_offs.cut_off_date,
        max(known.purchase_date) filter (
            where known.purchase_date < cut_offs.cut_off_date
        ) as last_purchase_date,
        count(*) filter (
            where
            known.purchase_date < cut_offs.cut_off_date
            and known.purchase_date > known.first_purchase_date
        ) as repeat_count,
        count(*) filter (
            where
            known.purchase_date >= cut_offs.cut_off_date
            and known.purchase_date < cut_offs.outcome_end_date
        ) as holdout_count,
        sum(known.revenue_amount) filter (
            where
            known.purchase_date < cut_offs.cut_off_date
            and known.purchase_date > known.first_purchase_date
        ) as repeat_amount,
        sum(known.revenue_amount) filter (
            where
            known.purchase_date >= cut_offs.cut_off_date
            and known.purchase_date < cut_offs.outcome_end_date
        ) as holdout_amount
    from known
    cross join cut_offs
    group by
        known.customer_id,
        known.is_entry_known,
        known.first_purchase_date,
        cut_offs.cut_off,
        cut_offs.cut_off_date

),

-- the last observed day is the day before the cut-off
final as (

    select
        -- ids
        summarised.customer_id,
        summarised.cut_off,

        -- attributes
        customers.segment,
        summarised.is_entry_known,

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
        and {{ start_of_day('summarised.cut_off_date') }} >= customers.valid_from
        and {{ start_of_day('summarised.cut_off_date') }} < customers.valid_to
    where summarised.first_purchase_date < summarised.cut_off_date

)

select * from final
