{#
    Forecasts against what came, for any group of the rows of forecast_accuracy__customers: the same columns in
    mart_forecast_accuracy and in its total.
#}

{# The sums of a group. #}
{% macro forecast_sums() -%}
count(*) as customer_count,
        count(expected_orders) as forecast_count,
        sum(expected_orders) as expected_orders,
        sum(naive_orders) as naive_orders,
        sum(order_count) as order_count,
        sum(power(order_count - expected_orders, 2)) as squared_error_sum,
        sum(power(order_count - naive_orders, 2)) as naive_squared_error_sum,
        sum(no_order_probability) as expected_without_order,
        sum(without_order_count) as without_order_count,
        sum(power(without_order_count - no_order_probability, 2)) as brier_sum,
        sum(expected_revenue) as expected_revenue,
        sum(revenue_amount) as revenue_amount,
        sum(expected_margin) as expected_margin,
        sum(margin_amount) as margin_amount,
        sum(power(revenue_amount - expected_revenue, 2)) as revenue_squared_errors,
        sum(power(margin_amount - expected_margin, 2)) as margin_squared_errors,
        sum(contract_count) as contract_count,
        sum(expected_lost_contracts) as expected_lost_contracts,
        sum(lost_contract_count) as lost_contract_count,
        sum(contract_brier_sum) as contract_brier_sum
{%- endmacro %}

{# Whether a group of these sums carries rates: of purchases, and of contracts. #}
{% macro forecast_base_status() -%}
{{ base_status('forecast_count') }} as base_status,
        {{ base_status('coalesce(contract_count, 0)') }} as contract_base_status
{%- endmacro %}

{# The published figures of a group, from its sums and its base status. #}
{% macro forecast_figures() -%}
customer_count,
        forecast_count,
        cast(coalesce(expected_orders, 0) as decimal(18, 6)) as expected_orders,
        cast(coalesce(naive_orders, 0) as decimal(18, 6)) as naive_orders,
        cast(coalesce(order_count, 0) as bigint) as order_count,
        cast(coalesce(squared_error_sum, 0) as decimal(18, 6)) as squared_error_sum,
        cast(coalesce(naive_squared_error_sum, 0) as decimal(18, 6))
            as naive_squared_error_sum,
        {{ where_shown(
            relative_error('expected_orders', 'order_count'),
            'decimal(18, 6)'
        ) }} as order_error_rate,
        {{ where_shown(
            relative_error_low('expected_orders', 'order_count', 'squared_error_sum'),
            'decimal(18, 6)'
        ) }} as order_error_rate_low,
        {{ where_shown(
            relative_error_high('expected_orders', 'order_count', 'squared_error_sum'),
            'decimal(18, 6)'
        ) }} as order_error_rate_high,
        {{ where_shown(
            relative_error('naive_orders', 'order_count'),
            'decimal(18, 6)'
        ) }} as naive_error_rate,
        cast(coalesce(expected_without_order, 0) as decimal(18, 6))
            as expected_without_order,
        cast(coalesce(without_order_count, 0) as bigint) as without_order_count,
        {{ where_shown(
            rate('without_order_count', 'forecast_count'), 'decimal(7, 6)'
        ) }} as without_order_rate,
        {{ where_shown(
            share_low('without_order_count', 'forecast_count'), 'decimal(7, 6)'
        ) }} as without_order_rate_low,
        {{ where_shown(
            share_high('without_order_count', 'forecast_count'), 'decimal(7, 6)'
        ) }} as without_order_rate_high,
        cast(coalesce(brier_sum, 0) as decimal(18, 6)) as brier_sum,
        {{ where_shown('brier_sum / forecast_count', 'decimal(7, 6)') }}
            as brier_score,
        cast(coalesce(expected_revenue, 0) as decimal(18, 2))
            as expected_revenue_amount,
        cast(coalesce(revenue_amount, 0) as decimal(18, 2)) as revenue_amount,
        {{ where_shown(
            relative_error('expected_revenue', 'revenue_amount'),
            'decimal(18, 6)'
        ) }} as revenue_error_rate,
        {{ where_shown(
            relative_error_low('expected_revenue', 'revenue_amount', 'revenue_squared_errors'),
            'decimal(18, 6)'
        ) }} as revenue_error_rate_low,
        {{ where_shown(
            relative_error_high('expected_revenue', 'revenue_amount', 'revenue_squared_errors'),
            'decimal(18, 6)'
        ) }} as revenue_error_rate_high,
        cast(coalesce(expected_margin, 0) as decimal(18, 2)) as expected_margin_amount,
        cast(coalesce(margin_amount, 0) as decimal(18, 2)) as margin_amount,
        {{ where_shown(
            relative_error('expected_margin', 'margin_amount'),
            'decimal(18, 6)'
        ) }} as margin_error_rate,
        {{ where_shown(
            relative_error_low('expected_margin', 'margin_amount', 'margin_squared_errors'),
            'decimal(18, 6)'
        ) }} as margin_error_rate_low,
        {{ where_shown(
            relative_error_high('expected_margin', 'margin_amount', 'margin_squared_errors'),
            'decimal(18, 6)'
        ) }} as margin_error_rate_high,
        cast(coalesce(contract_count, 0) as bigint) as contract_count,
        cast(coalesce(expected_lost_contracts, 0) as decimal(18, 6))
            as expected_lost_contracts,
        cast(coalesce(lost_contract_count, 0) as bigint) as lost_contract_count,
        {{ where_shown(
            rate('lost_contract_count', 'contract_count'),
            'decimal(7, 6)', 'contract_base_status'
        ) }} as lost_contract_rate,
        {{ where_shown(
            share_low('lost_contract_count', 'contract_count'),
            'decimal(7, 6)', 'contract_base_status'
        ) }} as lost_contract_rate_low,
        {{ where_shown(
            share_high('lost_contract_count', 'contract_count'),
            'decimal(7, 6)', 'contract_base_status'
        ) }} as lost_contract_rate_high,
        cast(coalesce(contract_brier_sum, 0) as decimal(18, 6)) as contract_brier_sum
{%- endmacro %}
