with

customer_periods as (

    select
        customer_periods.*,
        periods.is_complete,
        periods.is_base_complete
    from {{ ref('revenue_bridge__customer_periods') }} as customer_periods
    inner join {{ ref('revenue_bridge__periods') }} as periods
        on customer_periods.period_type = periods.period_type
        and customer_periods.period_start_date = periods.period_start_date

),

-- in an incomplete period lower revenue is open, not churned or contracted
moved as (

    select
        *,
        case
            when previous_revenue_amount = 0 and not has_history then 'new'
            when previous_revenue_amount = 0 then 'reactivated'
            when revenue_amount = 0 and not is_complete then 'open'
            when revenue_amount = 0 then 'churned'
            when revenue_amount > previous_revenue_amount then 'expanded'
            when revenue_amount = previous_revenue_amount then 'unchanged'
            when not is_complete then 'open'
            else 'contracted'
        end as movement,
        revenue_amount - previous_revenue_amount as change_amount,
        previous_revenue_amount <> 0
        and previous_segment <> segment as is_transferred
    from customer_periods

),

-- a change of segment transfers the previous revenue from the old segment to the new one,
-- which also has the movement
lines as (

    select
        revenue_type,
        period_type,
        period_start_date,
        segment,
        is_complete,
        is_base_complete,
        movement,
        case when is_transferred then 0 else previous_revenue_amount end
            as opening_amount,
        case when is_transferred then previous_revenue_amount else 0 end
            as transferred_in_amount,
        0 as transferred_out_amount,
        change_amount,
        revenue_amount as closing_amount,
        case when previous_revenue_amount <> 0 and not is_transferred then 1 else 0 end
            as opening_customer_count,
        case when is_transferred then 1 else 0 end as transferred_in_customer_count,
        0 as transferred_out_customer_count,
        case when revenue_amount <> 0 then 1 else 0 end as closing_customer_count
    from moved

    union all

    select
        revenue_type,
        period_type,
        period_start_date,
        previous_segment as segment,
        is_complete,
        is_base_complete,
        'transferred' as movement,
        previous_revenue_amount as opening_amount,
        0 as transferred_in_amount,
        previous_revenue_amount as transferred_out_amount,
        0 as change_amount,
        0 as closing_amount,
        1 as opening_customer_count,
        0 as transferred_in_customer_count,
        1 as transferred_out_customer_count,
        0 as closing_customer_count
    from moved
    where is_transferred

),

bridges as (

    select
        revenue_type,
        period_type,
        period_start_date,
        segment,
        is_complete,
        is_base_complete,
        sum(opening_customer_count) as opening_customer_count,
        count(*) filter (where movement = 'new') as new_customer_count,
        count(*) filter (where movement = 'reactivated') as reactivated_customer_count,
        count(*) filter (where movement = 'expanded') as expanded_customer_count,
        count(*) filter (where movement = 'contracted') as contracted_customer_count,
        count(*) filter (where movement = 'churned') as churned_customer_count,
        count(*) filter (where movement = 'open' and closing_customer_count = 0)
            as open_customer_count,
        sum(transferred_in_customer_count) as transferred_in_customer_count,
        sum(transferred_out_customer_count) as transferred_out_customer_count,
        sum(closing_customer_count) as closing_customer_count,
        sum(opening_amount) as opening_amount,
        coalesce(sum(change_amount) filter (where movement = 'new'), 0) as new_amount,
        coalesce(sum(change_amount) filter (where movement = 'reactivated'), 0)
            as reactivated_amount,
        coalesce(sum(change_amount) filter (where movement = 'expanded'), 0)
            as expansion_amount,
        -coalesce(sum(change_amount) filter (where movement = 'contracted'), 0)
            as contraction_amount,
        -coalesce(sum(change_amount) filter (where movement = 'churned'), 0)
            as churned_amount,
        -coalesce(sum(change_amount) filter (where movement = 'open'), 0)
            as open_amount,
        sum(transferred_in_amount) as transferred_in_amount,
        sum(transferred_out_amount) as transferred_out_amount,
        sum(closing_amount) as closing_amount
    from lines
    group by
        revenue_type,
        period_type,
        period_start_date,
        segment,
        is_complete,
        is_base_complete

),

final as (

    select
        -- grain
        revenue_type,
        period_type,
        period_start_date,
        segment,

        -- attributes
        is_complete,
        is_base_complete,

        -- measures
        cast(opening_customer_count as bigint) as opening_customer_count,
        cast(new_customer_count as bigint) as new_customer_count,
        cast(reactivated_customer_count as bigint) as reactivated_customer_count,
        cast(expanded_customer_count as bigint) as expanded_customer_count,
        cast(contracted_customer_count as bigint) as contracted_customer_count,
        cast(churned_customer_count as bigint) as churned_customer_count,
        cast(open_customer_count as bigint) as open_customer_count,
        cast(transferred_in_customer_count as bigint) as transferred_in_customer_count,
        cast(transferred_out_customer_count as bigint)
            as transferred_out_customer_count,
        cast(closing_customer_count as bigint) as closing_customer_count,
        cast(opening_amount as decimal(18, 2)) as opening_amount,
        cast(new_amount as decimal(18, 2)) as new_amount,
        cast(reactivated_amount as decimal(18, 2)) as reactivated_amount,
        cast(expansion_amount as decimal(18, 2)) as expansion_amount,
        cast(contraction_amount as decimal(18, 2)) as contraction_amount,
        cast(churned_amount as decimal(18, 2)) as churned_amount,
        cast(open_amount as decimal(18, 2)) as open_amount,
        cast(transferred_in_amount as decimal(18, 2)) as transferred_in_amount,
        cast(transferred_out_amount as decimal(18, 2)) as transferred_out_amount,
        cast(closing_amount as decimal(18, 2)) as closing_amount

    from bridges

)

select * from final
