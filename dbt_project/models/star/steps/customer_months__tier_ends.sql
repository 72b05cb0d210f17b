{%- set measures = ['recency', 'frequency', 'monetary'] -%}

with

-- every customer with an order is ranked in each month
buyers as (

    select * from {{ ref('customer_months__cumulative') }}
    where last_ordered_date is not null

),

distinct_values as (
    {% for measure in measures -%}
        select
            '{{ measure }}' as measure,
            month_start_date,
            {{ ranked(measure) }} as measure_value,
            count(*) as value_customer_count
        from buyers
        group by month_start_date, {{ ranked(measure) }}
        {%- if not loop.last %}

            union all

        {% endif %}
    {%- endfor %}

),

placed as (

    select
        *,
        sum(value_customer_count) over (
            partition by measure, month_start_date
        ) as customer_count,
        sum(value_customer_count) over (
            partition by measure, month_start_date
            order by measure_value
            rows between unbounded preceding and current row
        ) as last_place
    from distinct_values

),

final as (

    select
        -- grain
        measure,
        month_start_date,

        -- the largest value of each fifth but the best
        {{ tier_end('measure_value', 0.2) }} as end_1,
        {{ tier_end('measure_value', 0.4) }} as end_2,
        {{ tier_end('measure_value', 0.6) }} as end_3,
        {{ tier_end('measure_value', 0.8) }} as end_4

    from placed
    group by measure, month_start_date

)

select * from final
