with

-- everybody who ever bought is ranked, month by month
buyers as (

    select * from {{ ref('customer_months__standing') }}
    where last_ordered_date is not null

),

-- bins have the order of what is ranked, so that only those in which a fifth ends need
-- be sorted: of money, each unit of it; of days and orders, which many share, also a
-- part of the id that breaks their ties
measured as (

    select
        'recency' as measure,
        month_start_date,
        customer_id,
        {{ ranked_recency() }} as measure_value,
        {{ ranked_recency() }} as bin,
        left(customer_id, 1) as bin_part
    from buyers

    union all

    select
        'frequency' as measure,
        month_start_date,
        customer_id,
        {{ ranked_frequency() }} as measure_value,
        {{ ranked_frequency() }} as bin,
        left(customer_id, 2) as bin_part
    from buyers

    union all

    select
        'monetary' as measure,
        month_start_date,
        customer_id,
        {{ ranked_monetary() }} as measure_value,
        cast(floor({{ ranked_monetary() }}) as decimal(18, 2)) as bin,
        '' as bin_part
    from buyers

),

binned as (

    select
        measure,
        month_start_date,
        bin,
        bin_part,
        count(*) as bin_count
    from measured
    group by measure, month_start_date, bin, bin_part

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

-- where five do not divide all, the first fifths have one customer more
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

sorted as (

    select
        measured.*,
        bins_with_ends.tier,
        bins_with_ends.place_in_bin,
        row_number() over (
            partition by
                measured.measure, measured.month_start_date, bins_with_ends.tier
            order by measured.measure_value, measured.customer_id
        ) as place
    from measured
    inner join bins_with_ends
        on measured.measure = bins_with_ends.measure
        and measured.month_start_date = bins_with_ends.month_start_date
        and measured.bin = bins_with_ends.bin
        and measured.bin_part = bins_with_ends.bin_part

),

final as (

    select
        -- grain
        measure,
        month_start_date,
        tier,

        -- who is the last of the tier
        measure_value,
        customer_id

    from sorted
    where place = place_in_bin

)

select * from final
