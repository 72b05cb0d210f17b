-- One row per tenth of the probability that a customer is lost within the forecast: customers and their value to come.
select
    least(floor(customer_loss_probability * 10), 9)::integer as tenth,
    count(*) as customer_count,
    sum(residual_value_amount) as residual_value_amount
from marts.mart_customer_360
where customer_loss_probability is not null
group by tenth
having count(*) >= $minimum_base
order by tenth
