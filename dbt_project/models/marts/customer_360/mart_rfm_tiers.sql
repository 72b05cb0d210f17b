with

as_of as (

    select
        date_day as as_of_date,
        {{ month_start('date_day - interval 1 day') }} as month_start_date
    from {{ ref('dim_dates') }}
    where is_as_of

),

customer_months as (

    select * from {{ ref('fct_customer_months') }}

),

cumulative as (

    select * from {{ ref('customer_months__cumulative') }}

),

buyers as (

    select
        as_of.as_of_date,
        customer_months.recency_tier,
        customer_months.frequency_tier,
        customer_months.monetary_tier,
        {{ days_between('cumulative.last_ordered_date', 'as_of.as_of_date') }}
            as recency_value,
        cumulative.cumulative_order_count as frequency_value,
        cumulative.cumulative_revenue_amount as monetary_value
    from customer_months
    inner join as_of
        on customer_months.month_start_date = as_of.month_start_date
    inner join cumulative
        on customer_months.customer_id = cumulative.customer_id
        and customer_months.month_start_date = cumulative.month_start_date
    where cumulative.last_ordered_date is not null

),

measured as (
    {% for measure in ['recency', 'frequency', 'monetary'] -%}
        select
            '{{ measure }}' as measure,
            {{ measure }}_tier as tier,
            as_of_date,
            cast({{ measure }}_value as decimal(18, 2)) as measure_value
        from buyers
        {%- if not loop.last %}

            union all

        {% endif %}
    {%- endfor %}

),

final as (

    select
        -- grain
        measure,
        tier,

        -- measures
        min(measure_value) as lowest_value,
        max(measure_value) as highest_value,
        count(*) as customer_count,

        -- times
        as_of_date

    from measured
    group by measure, tier, as_of_date

)

select * from final
