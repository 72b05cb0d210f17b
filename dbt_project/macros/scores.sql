{#
    Scores and their 95 % intervals, once for every mart. Arguments are SQL expressions; formulas, sources and figures to
    test against stand in docs/metrics.md. An interval of no answers is null.
#}

{# The normal quantile of a 95 % interval. #}
{% macro z_95() -%}
    1.959964
{%- endmacro %}

{# Whether a base carries a score. #}
{% macro base_status(base) -%}
    case
        when {{ base }} >= {{ var('flagged_base') }} then 'shown'
        when {{ base }} >= {{ var('minimum_base') }} then 'flagged'
        else 'suppressed'
    end
{%- endmacro %}

{# A figure, where the base carries one; needs the column `base_status`. #}
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
    The adjusted-Wald interval of the score: three answers are added, a quarter of them to each outer band, so that it
    covers what it promises at small bases too. Cut to the scale.
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

{# Wilson's interval of a share. Rounding must not carry it off the scale. #}
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
    Student's t for a 95 % interval, expanded in the degrees of freedom (Abramowitz and Stegun 26.7.5): right to 0.0001
    from nine degrees on.
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

{# How many of the answers of a group count, by band, and how many do not: measures of a group of experience_scores__period_answers. #}
{% macro nps_counts() -%}
    count(*) filter (where is_counted) as answer_count,
        count(*) filter (where is_counted and nps_band = 'promoter') as promoter_count,
        count(*) filter (where is_counted and nps_band = 'passive') as passive_count,
        count(*) filter (where is_counted and nps_band = 'detractor') as detractor_count,
        count(*) filter (where not is_valid) as invalid_count,
        count(*) filter (where is_valid and not is_counted) as superseded_count,
        coalesce(sum(nps_value) filter (where is_counted), 0) as nps_sum
{%- endmacro %}

{# These counts as they are published, with the score and its interval; needs the column `base_status`. #}
{% macro nps_measures() -%}
    {%- for name in ('answer', 'promoter', 'passive', 'detractor', 'invalid', 'superseded') -%}
    cast({{ name }}_count as bigint) as {{ name }}_count,
        {% endfor -%}
    cast(nps_sum as bigint) as nps_sum,
        {{ where_shown(nps('promoter_count', 'detractor_count', 'answer_count'), 'decimal(7, 4)') }} as nps,
        {{ where_shown(nps_low('promoter_count', 'detractor_count', 'answer_count'), 'decimal(7, 4)') }} as nps_low,
        {{ where_shown(nps_high('promoter_count', 'detractor_count', 'answer_count'), 'decimal(7, 4)') }} as nps_high
{%- endmacro %}

{# How many values make up the scores of a group, and their sums: measures of a group of experience_scores__values. #}
{% macro score_sums() -%}
    count(score_value) as answer_count,
        count(*) filter (where not is_valid) as invalid_count,
        count(*) filter (where is_valid and not is_counted) as superseded_count,
        coalesce(sum(score_value), 0) as score_sum,
        coalesce(sum(score_value * score_value), 0) as score_square_sum
{%- endmacro %}

{# These as they are published, with the score and its interval; needs the columns `unit` and `base_status`. #}
{% macro score_measures() -%}
    {%- set sums = ('score_sum', 'score_square_sum', 'answer_count') -%}
    {#- the values 1 and -1 are what sums to the score, and both are what sums to the squares -#}
    {%- set bands = ('((score_square_sum + score_sum) / 2)', '((score_square_sum - score_sum) / 2)', 'answer_count') -%}
    cast(answer_count as bigint) as answer_count,
        cast(invalid_count as bigint) as invalid_count,
        cast(superseded_count as bigint) as superseded_count,
        cast(score_sum as decimal(18, 6)) as score_sum,
        cast(score_square_sum as decimal(18, 6)) as score_square_sum,
        {{ where_shown("case unit when 'points' then 100.0 else 1 end * score_sum / nullif(answer_count, 0)", 'decimal(10, 4)') }}
            as score,
        {{ where_shown(by_unit(nps_low(*bands), share_low('score_sum', 'answer_count'), mean_low(*sums, scale_min=1)), 'decimal(10, 4)') }}
            as score_low,
        {{ where_shown(by_unit(nps_high(*bands), share_high('score_sum', 'answer_count'), mean_high(*sums, scale_max=7)), 'decimal(10, 4)') }}
            as score_high
{%- endmacro %}

{% macro by_unit(points, share, mean) -%}
    case unit when 'points' then {{ points }} when 'share' then {{ share }} when 'mean' then {{ mean }} end
{%- endmacro %}

{# The stratum that the deployment weighs a customer by: a combination of its `strata`, where several with a slash. #}
{% macro stratum() -%}
    {{ var('strata') | join(" || ' / ' || ") }}
{%- endmacro %}
