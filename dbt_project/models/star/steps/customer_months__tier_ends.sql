{%- set bins = {
    'recency': {'value': ranked('recency'), 'part': 'left(customer_id, 1)'},
    'frequency': {'value': ranked('frequency'), 'part': 'left(customer_id, 2)'},
    'monetary': {'value': 'floor(' ~ ranked('monetary') ~ ')', 'part': "''"},
} -%}

with

-- every customer with an order is ranked in each month
buyers as (

    select * from {{ ref('customer_months__cumulative') }}
    where last_ordered_date is not null

),

-- bins keep the order of the ranked values, so only those in which a fifth ends need
-- sorting: for revenue, one bin per unit of currency; for days and orders, which many
-- customers share, also by a part of the id that breaks the ties
binned as (
    {% for measure, bin in bins.items() -%}
        select
            '{{ measure }}' as measure,
            month_start_date,
            {{ bin.value }} as bin,
            {{ bin.part }} as bin_part,
            count(*) as bin_count
        from buyers
        group by month_start_date, {{ bin.value }}, {{ bin.part }}
        {%- if not loop.last %}

            union all

        {% endif %}
    {%- endfor %}

),

placed as (

    select
        *,
        sum(bin_count) over (partition by measure, month_start_date) as buyer_count,
        sum(bin_count) over (
            partition by measure, month_start_date
            order by bin, bin_part
            rows between unbounded preceding and current row
        ) as last_place
    from binned

),

tiers as (
    {% for tier in [1, 2, 3, 4] -%}
        select {{ tier }} as tier
        {%- if not loop.last %}
            union all
        {% endif %}
    {% endfor %}
),

-- if five does not divide the count, the first fifths have one customer more
ends as (

    select
        placed.*,
        tiers.tier,
        tiers.tier * floor(placed.buyer_count / 5)
        + least(tiers.tier, placed.buyer_count % 5) as place
    from placed
    cross join tiers

),

bins_with_ends as (

    select
        measure,
        month_start_date,
        bin,
        bin_part,
        tier,
        place - (last_place - bin_count) as place_in_bin
    from ends
    where
        place <= last_place
        and place > last_place - bin_count

),

contenders as (
    {% for measure, bin in bins.items() -%}
        select
            bins_with_ends.*,
            buyers.customer_id,
            {{ ranked(measure) }} as measure_value
        from buyers
        inner join bins_with_ends
            on buyers.month_start_date = bins_with_ends.month_start_date
            and {{ bin.value }} = bins_with_ends.bin
            and {{ bin.part }} = bins_with_ends.bin_part
        where bins_with_ends.measure = '{{ measure }}'
        {%- if not loop.last %}

            union all

        {% endif %}
    {%- endfor %}

),

sorted as (

    select
        *,
        row_number() over (
            partition by measure, month_start_date, tier
            order by measure_value, customer_id
        ) as place
    from contenders

),

final as (

    select
        -- grain
        measure,
        month_start_date,
        tier,

        -- the last customer of the tier
        measure_value,
        customer_id

    from sorted
    where place = place_in_bin

)

select * from final
