-- One row: the bridge of the last complete period, over all segments, and the period before.
select
    {{ period }} as period,
    bool_and(is_complete) as is_complete,
    sum(opening_customer_count) as opening_customer_count,
    sum(new_customer_count) as new_customer_count,
    sum(reactivated_customer_count) as reactivated_customer_count,
    sum(expanded_customer_count) as expansion_customer_count,
    sum(contracted_customer_count) as contraction_customer_count,
    sum(churned_customer_count) as churned_customer_count,
    sum(closing_customer_count) as closing_customer_count,
    sum(opening_amount) as opening_amount,
    sum(new_amount) as new_amount,
    sum(reactivated_amount) as reactivated_amount,
    sum(expansion_amount) as expansion_amount,
    sum(contraction_amount) as contraction_amount,
    sum(churned_amount) as churned_amount,
    sum(open_amount) as open_amount,
    sum(closing_amount) as closing_amount
from marts.{{ mart }}
group by {{ period }}
having bool_and(is_complete) and bool_and(is_base_complete) and sum(opening_customer_count) >= $minimum_base
order by {{ period }} desc
limit 1
