{# Tests and their level, of one row and of many. Arguments are SQL expressions. #}

{# The level of a significant test. #}
{% macro significance_level() -%}
    0.05
{%- endmacro %}

{#
    The two-sided p-value of a standard normal statistic (Abramowitz and Stegun 26.2.17): exact to 0.00000015. An engine
    with a normal distribution of its own may override it.
#}
{% macro two_sided_p(z) -%}
    {{ return(adapter.dispatch('two_sided_p', 'cx360')(z)) }}
{%- endmacro %}

{% macro default__two_sided_p(z) -%}
    {%- set t = '(1 / (1 + 0.2316419 * abs(' ~ z ~ ')))' -%}
    0.797884560803 * exp(-0.5 * ({{ z }}) * ({{ z }})) * {{ t }} * (
        0.319381530 + {{ t }} * (-0.356563782 + {{ t }} * (1.781477937 + {{ t }} * (
            -1.821255978 + {{ t }} * 1.330274429
        )))
    )
{%- endmacro %}

{#
    Benjamini and Hochberg (1995): a family's p-values, adjusted so that the share of false findings among the rows at or
    below the level stays at the level. It takes two steps, because windows do not nest: the rank of each value as a share
    of the tested rows, where equal values have the highest rank, then the smallest p ÷ share of this and all higher values.
#}
{% macro rank_share(p_value, family) -%}
    cume_dist() over (partition by {{ family }}, {{ p_value }} is null order by {{ p_value }})
{%- endmacro %}

{% macro adjusted_p_value(p_value, rank_share, family) -%}
    case
        when {{ p_value }} is not null then min({{ p_value }} / {{ rank_share }}) over (
            partition by {{ family }}, {{ p_value }} is null
            order by {{ p_value }} desc
        )
    end
{%- endmacro %}
