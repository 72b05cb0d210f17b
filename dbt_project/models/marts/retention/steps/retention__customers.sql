{%- set periods = var('retention_periods') -%}

with

customer_months as (

    select * from {{ ref('revenue_bridge__customer_months') }}

),

months as (

    select * from {{ ref('revenue_bridge__periods') }}
    where period_type = 'month'

),

customer_bases as (

    select * from {{ ref('revenue_bridge__customer_bases') }}

),

-- the period ends with the month of the row, the base as many months earlier as the
-- deployment's distance; both have the same length
{% for revenue_type, period in periods.items() -%}
    {%- set length = period.length_months -%}
    {%- set distance = period.distance_months -%}
    {{ revenue_type }} as (

        select
            revenue_type,
            customer_id,
            month_start_date,
            {{ length }} as period_months,
            {{ distance }} as distance_months,
            month_start_date
            - interval {{ distance + length - 1 }} month as base_start_at,
            sum(revenue_amount) over this_period as revenue_amount,
            coalesce(sum(revenue_amount) over base_period, 0) as base_revenue_amount,
            lag(customer_id, {{ distance }}) over history is not null as is_known,
            coalesce(lag(has_history, {{ distance - 1 }}) over history, false)
                as has_history
        from customer_months
        where revenue_type = '{{ revenue_type }}'
        window
            history as (partition by customer_id order by month_start_date),
            this_period as (
                history rows between {{ length - 1 }} preceding and current row
            ),
            base_period as (
                history
                rows between {{ distance + length - 1 }} preceding
                and {{ distance }} preceding
            )

    ),

    {{ revenue_type }}_placed as (

        select
            {{ revenue_type }}.*,
            customer_bases.{{ revenue_type }}_segment as segment,
            coalesce(customer_bases.{{ revenue_type }}_stage, 'prospect')
                as lifecycle_stage
        from {{ revenue_type }}
        left join customer_bases
            on {{ revenue_type }}.customer_id = customer_bases.customer_id
            and {{ revenue_type }}.month_start_date = customer_bases.month_start_date

    ),

{% endfor -%}

compared as (

    {% for revenue_type in periods -%}
        select * from {{ revenue_type }}_placed

        {% if not loop.last -%}
            union all
        {%- endif %}

    {% endfor %}

),

-- customers who were not known at the end of the base count only with a purchase
final as (

    select
        -- grain
        compared.revenue_type,
        compared.customer_id,
        compared.month_start_date,

        -- attributes
        compared.segment,
        compared.lifecycle_stage,
        cast(compared.period_months as integer) as period_months,
        cast(compared.distance_months as integer) as distance_months,
        months.is_complete,
        -- a company without orders and contracts has no history
        coalesce(months.history_start_date <= compared.base_start_at, false)
            as is_base_complete,
        compared.is_known,
        compared.has_history,

        -- measures
        cast(compared.base_revenue_amount as decimal(18, 2)) as base_revenue_amount,
        cast(compared.revenue_amount as decimal(18, 2)) as revenue_amount

    from compared
    inner join months
        on compared.month_start_date = months.period_start_date
    where
        compared.is_known
        or compared.revenue_amount > 0

)

select * from final
