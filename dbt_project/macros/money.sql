{#
    An amount in the smallest unit of its currency (cents), as payment services deliver it, in whole units. ISK and UGX
    have no decimals any more and are still delivered with two. The amount keeps its decimals: round or cast it where it
    is used.
#}
{% macro major_units(amount, currency) -%}
    cast({{ amount }} as decimal(24, 6)) / case
            when
                upper(trim(cast({{ currency }} as varchar))) in (
                    'BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'VND', 'VUV', 'XAF', 'XOF',
                    'XPF'
                )
                then 1
            when
                upper(trim(cast({{ currency }} as varchar))) in ('BHD', 'JOD', 'KWD', 'OMR', 'TND')
                then 1000
            else 100
        end
{%- endmacro %}
