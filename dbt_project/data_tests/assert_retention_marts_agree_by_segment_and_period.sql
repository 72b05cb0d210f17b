-- A failing row is a figure that two retention marts publish for one revenue type, period and
-- segment and that differs: revenue retention, customers and revenue of the base, retained,
-- new and reactivated revenue. Only retention by segment and stage has logo and gross
-- retention.
{%- set figures = [
    'base_customer_count',
    'new_customer_count',
    'base_revenue_amount',
    'retained_revenue_amount',
    'new_revenue_amount',
    'reactivated_revenue_amount',
    'net_revenue_retention_rate',
] -%}
{%- set year_lengths = {'orders': 12, 'subscriptions': 1} -%}
{{ config(meta={'dagster': {'ref': {'name': 'earned_growth__figures'}}}) }}
with

retention as (

    select * from {{ ref('retention__figures') }}

),

growth as (

    select * from {{ ref('earned_growth__figures') }}

),

bridges as (

    select * from {{ ref('revenue_bridge__figures') }}

),

customer_periods as (

    select * from {{ ref('revenue_bridge__customer_periods') }}

),

-- months of the deployment's comparison that are also a month or a year of the other marts:
-- a year of orders has twelve months, one of subscriptions the prices at its end
same_periods as (

    select
        *,
        'month' as period_type,
        month_start_date as period_start_date
    from retention
    where
        period_months = 1
        and distance_months = 1

    union all

    select
        *,
        'year' as period_type,
        {{ year_start('month_start_date') }} as period_start_date
    from retention
    where
        extract(month from month_start_date) = 12
        and distance_months = 12
        and (
            {% for revenue_type, months in year_lengths.items() -%}
                (revenue_type = '{{ revenue_type }}' and period_months = {{ months }})
                {%- if not loop.last %}
                    or
                {% endif %}
            {%- endfor %}
        )

),

retained as (

    select
        revenue_type,
        period_type,
        period_start_date,
        segment,
        bool_and(is_complete and is_base_complete) as is_comparable,
        sum(base_customer_count) as base_customer_count,
        sum(new_customer_count) as new_customer_count,
        sum(base_revenue_amount) as base_revenue_amount,
        sum(retained_revenue_amount) as retained_revenue_amount,
        sum(new_revenue_amount) as new_revenue_amount,
        sum(reactivated_revenue_amount) as reactivated_revenue_amount
    from same_periods
    group by revenue_type, period_type, period_start_date, segment
    -- the other marts have no rows of segments without revenue in either period
    having
        sum(base_customer_count) > 0
        or sum(active_customer_count) > 0

),

with_rate as (

    select
        *,
        case
            when is_comparable
                then {{ rate('retained_revenue_amount', 'base_revenue_amount') }}
        end as net_revenue_retention_rate
    from retained

),

-- a bridge contains revenue below 0, the other marts do not: compare it where there is none
negative as (

    select
        revenue_type,
        period_type,
        period_start_date,
        segment,
        least(min(previous_revenue_amount), min(revenue_amount)) < 0 as is_negative
    from customer_periods
    group by revenue_type, period_type, period_start_date, segment

),

bridged as (

    select
        bridges.*,
        bridges.opening_customer_count + bridges.transferred_in_customer_count
        - bridges.transferred_out_customer_count as base_customer_count,
        bridges.opening_amount + bridges.transferred_in_amount
        - bridges.transferred_out_amount as base_revenue_amount,
        bridges.closing_amount - bridges.new_amount - bridges.reactivated_amount
            as retained_revenue_amount
    from bridges
    inner join negative
        on bridges.revenue_type = negative.revenue_type
        and bridges.period_type = negative.period_type
        and bridges.period_start_date = negative.period_start_date
        and bridges.segment = negative.segment
    where not negative.is_negative

),

published as (

    select
        'retention' as mart,
        revenue_type,
        period_type,
        period_start_date,
        segment,
        base_customer_count,
        new_customer_count,
        base_revenue_amount,
        retained_revenue_amount,
        new_revenue_amount,
        reactivated_revenue_amount,
        net_revenue_retention_rate
    from with_rate

    union all

    select
        'growth' as mart,
        revenue_type,
        'year' as period_type,
        year_start_date as period_start_date,
        segment,
        base_customer_count,
        new_customer_count,
        base_revenue_amount,
        retained_revenue_amount,
        new_revenue_amount,
        reactivated_revenue_amount,
        net_revenue_retention_rate
    from growth

    union all

    select
        'bridge' as mart,
        revenue_type,
        period_type,
        period_start_date,
        segment,
        base_customer_count,
        new_customer_count,
        base_revenue_amount,
        retained_revenue_amount,
        new_amount as new_revenue_amount,
        reactivated_amount as reactivated_revenue_amount,
        null as net_revenue_retention_rate
    from bridged

),

compared as (

    select
        revenue_type,
        period_type,
        period_start_date,
        segment,
        {% for figure in figures -%}
            min({{ figure }}) as lowest_{{ figure }},
            max({{ figure }}) as highest_{{ figure }},
        {% endfor -%}
        count(*) filter (where mart = 'retention') as retention_row_count,
        count(*) filter (where mart = 'growth') as growth_row_count,
        max(count(*) filter (where mart = 'retention')) over (
            partition by revenue_type, period_type, period_start_date
        ) as retention_rows_of_period
    from published
    group by revenue_type, period_type, period_start_date, segment

),

final as (

    select *
    from compared
    where
        {% for figure in figures -%}
            lowest_{{ figure }} <> highest_{{ figure }}
            or {% endfor -%}
        (
            period_type = 'year'
            and retention_rows_of_period > 0
            and retention_row_count <> growth_row_count
        )

)

select * from final
