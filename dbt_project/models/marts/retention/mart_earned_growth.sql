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
        years.period_start_date as year_start_date,
        years.base_start_segment as segment,
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

summed as (

    select
        revenue_type,
        year_start_date,
        segment,
        is_complete,
        is_base_complete,
        count(*) filter (where is_base) as base_customer_count,
        count(*) filter (where is_new) as new_customer_count,
        coalesce(sum(base_revenue_amount) filter (where is_base), 0)
            as base_revenue_amount,
        coalesce(sum(positive_revenue_amount) filter (where is_base), 0)
            as retained_revenue_amount,
        coalesce(sum(positive_revenue_amount) filter (where is_reactivated), 0)
            as reactivated_revenue_amount,
        coalesce(sum(positive_revenue_amount) filter (where is_new), 0)
            as new_revenue_amount,
        coalesce(
            sum(positive_revenue_amount) filter (
                where is_new and acquired_by = 'referral'
            ),
            0
        ) as earned_revenue_amount,
        coalesce(
            sum(positive_revenue_amount) filter (
                where is_new and acquired_by = 'campaign'
            ),
            0
        ) as bought_revenue_amount,
        coalesce(
            sum(positive_revenue_amount) filter (
                where is_new and acquired_by = 'unknown'
            ),
            0
        ) as unknown_reason_revenue_amount
    from classified
    group by revenue_type, year_start_date, segment, is_complete, is_base_complete

),

grown as (

    select
        *,
        retained_revenue_amount + reactivated_revenue_amount + new_revenue_amount
        - base_revenue_amount as growth_amount,
        retained_revenue_amount + earned_revenue_amount - base_revenue_amount
            as low_earned_growth_amount,
        retained_revenue_amount + earned_revenue_amount + unknown_reason_revenue_amount
        - base_revenue_amount as high_earned_growth_amount,
        is_complete and is_base_complete as is_comparable
    from summed

),

final as (

    select
        -- grain
        revenue_type,
        year_start_date,
        segment,

        -- attributes
        is_complete,
        is_base_complete,

        -- measures
        cast(base_customer_count as bigint) as base_customer_count,
        cast(new_customer_count as bigint) as new_customer_count,
        cast(base_revenue_amount as decimal(18, 2)) as base_revenue_amount,
        cast(retained_revenue_amount as decimal(18, 2)) as retained_revenue_amount,
        cast(reactivated_revenue_amount as decimal(18, 2))
            as reactivated_revenue_amount,
        cast(new_revenue_amount as decimal(18, 2)) as new_revenue_amount,
        cast(earned_revenue_amount as decimal(18, 2)) as earned_revenue_amount,
        cast(bought_revenue_amount as decimal(18, 2)) as bought_revenue_amount,
        cast(unknown_reason_revenue_amount as decimal(18, 2))
            as unknown_reason_revenue_amount,
        {{ rate('unknown_reason_revenue_amount', 'new_revenue_amount') }}
            as unknown_reason_rate,
        case
            when is_comparable
                then {{ rate('retained_revenue_amount', 'base_revenue_amount') }}
        end as net_revenue_retention_rate,
        case
            when is_comparable
                then {{ rate('growth_amount', 'base_revenue_amount') }}
        end as growth_rate,
        case
            when is_comparable
                then {{ rate('low_earned_growth_amount', 'base_revenue_amount') }}
        end as low_earned_growth_rate,
        case
            when is_comparable
                then {{ rate('high_earned_growth_amount', 'base_revenue_amount') }}
        end as high_earned_growth_rate,
        -- a share of growth is defined only where revenue grew
        case
            when is_comparable and base_revenue_amount > 0 and growth_amount > 0
                then {{ rate('low_earned_growth_amount', 'growth_amount') }}
        end as low_earned_growth_ratio,
        case
            when is_comparable and base_revenue_amount > 0 and growth_amount > 0
                then {{ rate('high_earned_growth_amount', 'growth_amount') }}
        end as high_earned_growth_ratio

    from grown

)

select * from final
