{#
    Formulas of scores and of their 95 % intervals. Arguments are SQL expressions. docs/metrics.md has the sources and
    test figures. An interval without answers is null.
#}

{# What an answer may measure; any other metric is unknown, and in no score. #}
{% macro survey_metrics() -%}
    {{ return([
        'nps', 'csat', 'ces', 'expectation', 'perception', 'importance', 'vs_expectation', 'self_rating',
    ]) }}
{%- endmacro %}

{# The normal quantile of a 95 % interval. #}
{% macro z_95() -%}
    1.959964
{%- endmacro %}

{# Whether an answer is in the top two boxes of its scale; on a scale of two or three boxes, in the top one. #}
{% macro is_in_top_boxes(answer, scale_min, scale_max) -%}
    ({{ answer }} = {{ scale_max }} or ({{ scale_max }} - {{ scale_min }} >= 3 and {{ answer }} = {{ scale_max }} - 1))
{%- endmacro %}

{# Whether an answer is in the upper third of its scale: 5 to 7 on the scale 1 to 7. #}
{% macro is_in_upper_third(answer, scale_min, scale_max) -%}
    3 * ({{ answer }} - {{ scale_min }}) >= 2 * ({{ scale_max }} - {{ scale_min }})
{%- endmacro %}

{# Whether an answer is in the middle of its scale or above. #}
{% macro is_middle_or_above(answer, scale_min, scale_max) -%}
    2 * ({{ answer }} - {{ scale_min }}) >= {{ scale_max }} - {{ scale_min }}
{%- endmacro %}

{# Whether a base is large enough for a score. #}
{% macro base_status(base) -%}
    case
        when {{ base }} >= {{ var('flagged_base') }} then 'shown'
        when {{ base }} >= {{ var('minimum_base') }} then 'flagged'
        else 'suppressed'
    end
{%- endmacro %}

{# A figure, null if its base is too small; `base_status` is the column that says so. #}
{% macro where_shown(figure, data_type, base_status='base_status') -%}
    cast(
        case when {{ base_status }} <> 'suppressed' then {{ figure }} end as {{ data_type }}
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

{#
    The test statistic of a change of the score: the change divided by its standard error if the answers of both periods
    come from the same bands. Null without answers in both periods, or if all answers are in one band.
#}
{% macro nps_change_z(promoters, detractors, answers, previous_promoters, previous_detractors, previous_answers) -%}
    ({{ nps(promoters, detractors, answers) }} - {{ nps(previous_promoters, previous_detractors, previous_answers) }})
    / nullif(100 * sqrt(
        {{ nps_variance(
            '(' ~ promoters ~ ' + ' ~ previous_promoters ~ ')',
            '(' ~ detractors ~ ' + ' ~ previous_detractors ~ ')',
            '(' ~ answers ~ ' + ' ~ previous_answers ~ ')',
        ) }}
        * (1 / nullif(cast({{ answers }} as double), 0) + 1 / nullif(cast({{ previous_answers }} as double), 0))
    ), 0)
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

{#
    Newcombe's interval of a difference of two shares, from Wilson's limits of both (Newcombe 1998, method 10). Null where
    one of the shares has no answers.
#}
{% macro share_difference_low(hits, answers, other_hits, other_answers) -%}
    {{ share_difference(hits, answers, other_hits, other_answers) }} - sqrt(
        power({{ hits }} / nullif(cast({{ answers }} as double), 0) - {{ share_low(hits, answers) }}, 2)
        + power({{ share_high(other_hits, other_answers) }} - {{ other_hits }} / nullif(cast({{ other_answers }} as double), 0), 2)
    )
{%- endmacro %}

{% macro share_difference_high(hits, answers, other_hits, other_answers) -%}
    {{ share_difference(hits, answers, other_hits, other_answers) }} + sqrt(
        power({{ share_high(hits, answers) }} - {{ hits }} / nullif(cast({{ answers }} as double), 0), 2)
        + power({{ other_hits }} / nullif(cast({{ other_answers }} as double), 0) - {{ share_low(other_hits, other_answers) }}, 2)
    )
{%- endmacro %}

{% macro share_difference(hits, answers, other_hits, other_answers) -%}
    {{ hits }} / nullif(cast({{ answers }} as double), 0) - {{ other_hits }} / nullif(cast({{ other_answers }} as double), 0)
{%- endmacro %}

{#
    A limit of Greenwood's interval of a survival between 0 and 1, on the log-log scale; the variance of ln S is a sum over
    the periods. `+` gives the lower limit, because the exponent is above 1 and S below it.
#}
{% macro survival_bound(survival, variance, sign) -%}
    power(
        {{ survival }},
        exp({{ sign }}{{ z_95() }} * sqrt({{ variance }}) / abs(ln(nullif({{ survival }}, 0))))
    )
{%- endmacro %}

{#
    The interval of a mean of answers on a scale, from the sums of the values and of their squares, cut to the scale. As
    for the NPS three answers are added, here half of them at each end. Mean and variance are then those of a mean whose
    boxes have a Dirichlet distribution after the answers, so that equal answers have an interval too.
#}
{% macro mean_low(value_sum, square_sum, answers, scale_min, scale_max) -%}
    case when {{ answers }} > 0 then greatest(
        {{ mean_bound(value_sum, square_sum, answers, scale_min, scale_max, '-') }}, {{ scale_min }}
    ) end
{%- endmacro %}

{% macro mean_high(value_sum, square_sum, answers, scale_min, scale_max) -%}
    case when {{ answers }} > 0 then least(
        {{ mean_bound(value_sum, square_sum, answers, scale_min, scale_max, '+') }}, {{ scale_max }}
    ) end
{%- endmacro %}

{% macro mean_bound(value_sum, square_sum, answers, scale_min, scale_max, sign) -%}
    {%- set base = '(' ~ answers ~ ' + 3)' -%}
    {%- set mean = '((' ~ value_sum ~ ' + 1.5 * (' ~ scale_min ~ ' + ' ~ scale_max ~ ')) / cast(' ~ base ~ ' as double))' -%}
    {{ mean }} {{ sign }} {{ z_95() }} * sqrt(greatest(
        ({{ square_sum }} + 1.5 * ({{ scale_min }} * {{ scale_min }} + {{ scale_max }} * {{ scale_max }}))
        / cast({{ base }} as double) - power({{ mean }}, 2),
        0
    ) / ({{ base }} + 1))
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
        when 'mean' then {{ mean_low(score_sum, square_sum, answers, scale_min=1, scale_max=7) }}
    end
{%- endmacro %}

{% macro score_high(score_sum, square_sum, answers) -%}
    case unit
        when 'points' then {{ nps_high(promoters(score_sum, square_sum), detractors(score_sum, square_sum), answers) }}
        when 'share' then {{ share_high(score_sum, answers) }}
        when 'mean' then {{ mean_high(score_sum, square_sum, answers, scale_min=1, scale_max=7) }}
    end
{%- endmacro %}

{% macro promoters(score_sum, square_sum) -%}
    (({{ square_sum }} + {{ score_sum }}) / 2)
{%- endmacro %}

{% macro detractors(score_sum, square_sum) -%}
    (({{ square_sum }} - {{ score_sum }}) / 2)
{%- endmacro %}
