with

customer_months as (

    select * from {{ ref('revenue_bridge__customer_months') }}

),

months as (

    select * from {{ ref('revenue_bridge__periods') }}
    where period_type = 'month'

),

-- the period ends with the month of the row; the base is as long and ends before it
{% for revenue_type, months in var('retention_months').items() -%}
    {{ revenue_type }} as (

        select
            revenue_type,
            customer_id,
            month_start_date,
            {{ months }} as period_months,
            month_start_date - interval {{ 2 * months - 1 }} month as base_start_at,
            coalesce(
                lag(segment, {{ 2 * months }}) over history,
                first_value(segment) over history
            ) as segment,
            coalesce(lag(lifecycle_stage, {{ 2 * months }}) over history, 'prospect')
                as lifecycle_stage,
            sum(revenue_amount) over this_period as revenue_amount,
            coalesce(sum(revenue_amount) over base_period, 0) as base_revenue_amount,
            coalesce(lag(has_history, {{ months - 1 }}) over history, false)
                as has_history
        from customer_months
        where revenue_type = '{{ revenue_type }}'
        window
            history as (
                partition by customer_id
                order by month_start_date
                rows between unbounded preceding and current row
            ),
            this_period as (
                partition by customer_id
                order by month_start_date
                rows between {{ months - 1 }} preceding and current row
            ),
            base_period as (
                partition by customer_id
                order by month_start_date
                rows between {{ 2 * months - 1 }} preceding and {{ months }} preceding
            )

    ),

{% endfor -%}

compared as (

    {% for revenue_type in var('retention_months') -%}
        select * from {{ revenue_type }}

        {% if not loop.last -%}
            union all
        {%- endif %}

    {% endfor %}

),

classified as (

    select
        *,
        base_revenue_amount > 0 as is_base,
        base_revenue_amount > 0 and revenue_amount > 0 as is_retained,
        base_revenue_amount > 0 and revenue_amount <= 0 as is_gone,
        base_revenue_amount <= 0 and has_history as is_reactivated,
        base_revenue_amount <= 0 and not has_history as is_new,
        greatest(revenue_amount, 0) as positive_revenue_amount
    from compared
    where
        base_revenue_amount > 0
        or revenue_amount > 0

),

counted as (

    select
        revenue_type,
        month_start_date,
        segment,
        lifecycle_stage,
        period_months,
        base_start_at,
        count(*) filter (where is_base) as base_customer_count,
        count(*) filter (where is_retained) as retained_customer_count,
        count(*) filter (where is_gone) as gone_customer_count,
        count(*) filter (where is_new) as new_customer_count,
        count(*) filter (where is_reactivated) as reactivated_customer_count,
        count(*) filter (where revenue_amount > 0) as active_customer_count,
        coalesce(sum(base_revenue_amount) filter (where is_base), 0)
            as base_revenue_amount,
        coalesce(
            sum(least(base_revenue_amount, positive_revenue_amount)) filter (
                where is_base
            ),
            0
        ) as kept_revenue_amount,
        coalesce(sum(positive_revenue_amount) filter (where is_base), 0)
            as retained_revenue_amount,
        coalesce(sum(positive_revenue_amount) filter (where is_new), 0)
            as new_revenue_amount,
        coalesce(sum(positive_revenue_amount) filter (where is_reactivated), 0)
            as reactivated_revenue_amount
    from classified
    group by
        revenue_type,
        month_start_date,
        segment,
        lifecycle_stage,
        period_months,
        base_start_at

),

-- a customer has churned only once the period has ended
with_completeness as (

    select
        counted.*,
        months.is_complete,
        months.history_start_date <= counted.base_start_at as is_base_complete,
        case when months.is_complete then counted.gone_customer_count else 0 end
            as churned_customer_count,
        case when months.is_complete then 0 else counted.gone_customer_count end
            as open_customer_count

    from counted
    inner join months
        on counted.month_start_date = months.period_start_date

),

final as (

    select
        -- grain
        revenue_type,
        month_start_date,
        segment,
        lifecycle_stage,

        -- attributes
        is_complete,
        is_base_complete,

        -- measures
        cast(period_months as integer) as period_months,
        cast(base_customer_count as bigint) as base_customer_count,
        cast(retained_customer_count as bigint) as retained_customer_count,
        cast(churned_customer_count as bigint) as churned_customer_count,
        cast(open_customer_count as bigint) as open_customer_count,
        cast(new_customer_count as bigint) as new_customer_count,
        cast(reactivated_customer_count as bigint) as reactivated_customer_count,
        cast(active_customer_count as bigint) as active_customer_count,
        cast(base_revenue_amount as decimal(18, 2)) as base_revenue_amount,
        cast(kept_revenue_amount as decimal(18, 2)) as kept_revenue_amount,
        cast(retained_revenue_amount as decimal(18, 2)) as retained_revenue_amount,
        cast(new_revenue_amount as decimal(18, 2)) as new_revenue_amount,
        cast(reactivated_revenue_amount as decimal(18, 2))
            as reactivated_revenue_amount,
        case
            when is_complete and is_base_complete
                then {{ rate('retained_customer_count', 'base_customer_count') }}
        end as logo_retention_rate,
        case
            when is_complete and is_base_complete
                then {{ rate('kept_revenue_amount', 'base_revenue_amount') }}
        end as gross_revenue_retention_rate,
        case
            when is_complete and is_base_complete
                then {{ rate('retained_revenue_amount', 'base_revenue_amount') }}
        end as net_revenue_retention_rate

    from with_completeness

)

select * from final
