with

customer_periods as (

    select * from {{ ref('revenue_bridge__customer_periods') }}

),

periods as (

    select * from {{ ref('revenue_bridge__periods') }}

),

acquisitions as (

    select * from {{ ref('fct_acquisitions') }}

),

-- of several records of a customer the first one with a known reason counts
ranked as (

    select
        customer_id,
        acquired_by,
        row_number() over (
            partition by customer_id
            order by
                case when acquired_by = 'unknown' then 1 else 0 end,
                acquired_at nulls last,
                acquisition_key
        ) as precedence
    from acquisitions
    where customer_id <> {{ unknown_key() }}

),

reasons as (

    select
        customer_id,
        acquired_by
    from ranked
    where precedence = 1

),

classified as (

    select
        years.revenue_type,
        years.customer_id,
        years.period_start_date as year_start_date,
        years.segment,
        periods.is_complete,
        periods.is_base_complete,
        coalesce(reasons.acquired_by, 'unknown') as acquired_by,
        years.previous_revenue_amount > 0 as is_base,
        years.previous_revenue_amount <= 0 and years.has_history as is_reactivated,
        years.previous_revenue_amount <= 0 and not years.has_history as is_new,
        years.previous_revenue_amount as base_revenue_amount,
        greatest(years.revenue_amount, 0) as positive_revenue_amount
    from customer_periods as years
    inner join periods
        on years.period_type = periods.period_type
        and years.period_start_date = periods.period_start_date
    left join reasons
        on years.customer_id = reasons.customer_id
    where
        years.period_type = 'year'
        and (years.previous_revenue_amount > 0 or years.revenue_amount > 0)

),

final as (

    select
        -- grain
        revenue_type,
        customer_id,
        year_start_date,

        -- attributes
        segment,
        is_complete,
        is_base_complete,
        is_base,
        is_new,

        -- measures
        case when is_base then base_revenue_amount else 0 end as base_revenue_amount,
        case when is_base then positive_revenue_amount else 0 end
            as retained_revenue_amount,
        case when is_reactivated then positive_revenue_amount else 0 end
            as reactivated_revenue_amount,
        case when is_new then positive_revenue_amount else 0 end as new_revenue_amount,
        case
            when is_new and acquired_by = 'referral' then positive_revenue_amount
            else 0
        end as earned_revenue_amount,
        case
            when is_new and acquired_by = 'campaign' then positive_revenue_amount
            else 0
        end as bought_revenue_amount,
        case
            when is_new and acquired_by = 'unknown' then positive_revenue_amount
            else 0
        end as unknown_reason_revenue_amount

    from classified

)

select * from final
