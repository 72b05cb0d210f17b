{# Whether an order ended well: it is counted, and not refunded in full. Null where the join found no order. #}
{% macro is_kept_order(orders) -%}
    {{ orders }}.is_counted
                and (
                    {{ orders }}.net_amount <= 0
                    or coalesce({{ orders }}.refunded_amount, 0) < {{ orders }}.net_amount
                )
{%- endmacro %}
