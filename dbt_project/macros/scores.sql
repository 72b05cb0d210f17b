{#
    Formulas of scores and of their 95 % intervals. Arguments are SQL expressions. docs/metrics.md has the sources and
    test figures. An interval without answers is null.
#}

{# The normal quantile of a 95 % interval. #}
{% macro z_95() -%}
    1.959964
{%- endmacro %}

{# Whether a base is large enough for a score. #}
{% macro base_status(base) -%}
    case
        when {{ base }} >= {{ var('flagged_base') }} then 'shown'
        when {{ base }} >= {{ var('minimum_base') }} then 'flagged'
        else 'suppressed'
    end
{%- endmacro %}

{# A figure, null if its base is too small; needs the column `base_status`. #}
{% macro where_shown(figure, data_type) -%}
    cast(
        case when base_status <> 'suppressed' then {{ figure }} end as {{ data_type }}
    )
{%- endmacro %}

{# Net Promoter Score. #}
{% macro nps(promoters, detractors, answers) -%}
    100.0 * ({{ promoters }} - {{ detractors }}) / nullif({{ answers }}, 0)
{%- endmacro %}

{# Variance of one answer's value, which is 1, 0 or -1. #}
{% macro nps_variance(promoters, detractors, answers) -%}
    (
        ({{ promoters }} + {{ detractors }}) / nullif(cast({{ answers }} as double), 0)
        - power(({{ promoters }} - {{ detractors }}) / nullif(cast({{ answers }} as double), 0), 2)
    )
{%- endmacro %}

{#
    The adjusted-Wald interval of the score, cut to the scale: three answers are added, a quarter of them to each outer
    band, so that the coverage holds at small bases too.
#}
{% macro nps_low(promoters, detractors, answers) -%}
    case when {{ answers }} > 0 then greatest({{ nps_bound(promoters, detractors, answers, '-') }}, -100) end
{%- endmacro %}

{% macro nps_high(promoters, detractors, answers) -%}
    case when {{ answers }} > 0 then least({{ nps_bound(promoters, detractors, answers, '+') }}, 100) end
{%- endmacro %}

{% macro nps_bound(promoters, detractors, answers, sign) -%}
    {%- set adjusted = ('(' ~ promoters ~ ' + 0.75)', '(' ~ detractors ~ ' + 0.75)', '(' ~ answers ~ ' + 3)') -%}
    {{ nps(*adjusted) }} {{ sign }} 100 * {{ z_95() }} * sqrt(
        {{ nps_variance(*adjusted) }} / {{ adjusted[2] }}
    )
{%- endmacro %}

{# Wilson's interval of a share, cut to the scale because of rounding. #}
{% macro share_low(hits, answers) -%}
    case when {{ answers }} > 0 then greatest({{ share_bound(hits, answers, '-') }}, 0) end
{%- endmacro %}

{% macro share_high(hits, answers) -%}
    case when {{ answers }} > 0 then least({{ share_bound(hits, answers, '+') }}, 1) end
{%- endmacro %}

{% macro share_bound(hits, answers, sign) -%}
    (
        {{ hits }} + {{ z_95() }} * {{ z_95() }} / 2 {{ sign }} {{ z_95() }} * sqrt(
            cast({{ hits }} as double) * ({{ answers }} - {{ hits }}) / {{ answers }}
            + {{ z_95() }} * {{ z_95() }} / 4
        )
    ) / ({{ answers }} + {{ z_95() }} * {{ z_95() }})
{%- endmacro %}

{# Student's interval of a mean, from the sums of the values and of their squares, cut to a scale; null below two answers. #}
{% macro mean_low(value_sum, square_sum, answers, scale_min) -%}
    case when {{ answers }} > 1 then greatest({{ mean_bound(value_sum, square_sum, answers, '-') }}, {{ scale_min }}) end
{%- endmacro %}

{% macro mean_high(value_sum, square_sum, answers, scale_max) -%}
    case when {{ answers }} > 1 then least({{ mean_bound(value_sum, square_sum, answers, '+') }}, {{ scale_max }}) end
{%- endmacro %}

{% macro mean_bound(value_sum, square_sum, answers, sign) -%}
    {%- set degrees = '(cast(' ~ answers ~ ' as double) - 1)' -%}
    {{ value_sum }} / cast({{ answers }} as double) {{ sign }} {{ t_95(degrees) }} * sqrt(
        greatest({{ square_sum }} - power({{ value_sum }}, 2) / {{ answers }}, 0)
        / {{ degrees }} / {{ answers }}
    )
{%- endmacro %}

{#
    Student's t for a 95 % interval, expanded in the degrees of freedom (Abramowitz and Stegun 26.7.5): exact to 0.0001
    from nine degrees of freedom on.
#}
{% macro t_95(degrees) -%}
    {%- set z = 1.959964 -%}
    (
        {{ z }}
        + {{ '%.6f' % ((z ** 3 + z) / 4) }} / {{ degrees }}
        + {{ '%.6f' % ((5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96) }} / power({{ degrees }}, 2)
        + {{ '%.6f' % ((3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384) }} / power({{ degrees }}, 3)
        + {{ '%.6f' % ((79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160) }} / power({{ degrees }}, 4)
    )
{%- endmacro %}

{#
    A score and its interval from the sums of a group, by the column `unit`. Points are an NPS: its values are 1, 0 and -1,
    so that the sum is promoters minus detractors and the sum of the squares is promoters plus detractors.
#}
{% macro score(score_sum, answers) -%}
    case unit when 'points' then 100.0 else 1 end * {{ score_sum }} / nullif({{ answers }}, 0)
{%- endmacro %}

{% macro score_low(score_sum, square_sum, answers) -%}
    case unit
        when 'points' then {{ nps_low(promoters(score_sum, square_sum), detractors(score_sum, square_sum), answers) }}
        when 'share' then {{ share_low(score_sum, answers) }}
        when 'mean' then {{ mean_low(score_sum, square_sum, answers, scale_min=1) }}
    end
{%- endmacro %}

{% macro score_high(score_sum, square_sum, answers) -%}
    case unit
        when 'points' then {{ nps_high(promoters(score_sum, square_sum), detractors(score_sum, square_sum), answers) }}
        when 'share' then {{ share_high(score_sum, answers) }}
        when 'mean' then {{ mean_high(score_sum, square_sum, answers, scale_max=7) }}
    end
{%- endmacro %}

{% macro promoters(score_sum, square_sum) -%}
    (({{ square_sum }} + {{ score_sum }}) / 2)
{%- endmacro %}

{% macro detractors(score_sum, square_sum) -%}
    (({{ square_sum }} - {{ score_sum }}) / 2)
{%- endmacro %}
