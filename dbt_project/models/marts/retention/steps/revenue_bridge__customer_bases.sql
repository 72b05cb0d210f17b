{%- set periods = var('retention_periods') -%}

with

-- both revenue types have the same segment and stage in a month
customer_months as (

    select
        customer_id,
        month_start_date,
        12 + extract(month from month_start_date) as months_since_year_base,
        max(segment) as segment,
        max(lifecycle_stage) as lifecycle_stage
    from {{ ref('revenue_bridge__customer_months') }}
    group by customer_id, month_start_date

),

-- each frame begins with the month whose end is the start of the base
based as (

    select
        customer_id,
        month_start_date,
        {{ first_known('segment', 'since_month_base') }} as month_segment,
        {{ first_known('segment', 'since_year_base') }} as year_segment,
        {% for revenue_type, period in periods.items() -%}
            {{ first_known('segment', 'since_' ~ revenue_type ~ '_base') }}
                as {{ revenue_type }}_segment,
            lag(lifecycle_stage, {{ period.distance_months }}) over history
                as {{ revenue_type }}_stage
            {%- if not loop.last %},
            {% endif %}
        {%- endfor %}
    from customer_months
    window
        history as (partition by customer_id order by month_start_date),
        since_month_base as (
            history rows between 2 preceding and current row
        ),
        since_year_base as (
            history rows between months_since_year_base preceding and current row
        ),
        {% for revenue_type, period in periods.items() -%}
            since_{{ revenue_type }}_base as (
                history
                rows between {{ period.distance_months + period.length_months }}
                preceding and current row
            )
            {%- if not loop.last %},
            {% endif %}
        {%- endfor %}

),

final as (

    select
        -- grain
        customer_id,
        month_start_date,

        -- attributes
        month_segment,
        year_segment,
        orders_segment,
        subscriptions_segment,
        orders_stage,
        subscriptions_stage

    from based

)

select * from final
