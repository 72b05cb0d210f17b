{#
    A cell's score, moved towards that of all cells by how little its own answers say (empirical Bayes). The query has
    joined the columns of nps_shrinkage__priors to the counts of its cells.
#}

{# The weight of the own answers, 0 to 1, if the cells differ by the given variance. #}
{% macro own_weight(answers, cell_variance) -%}
    ({{ answers }} * {{ cell_variance }} / ({{ answers }} * {{ cell_variance }} + answer_variance))
{%- endmacro %}

{% macro nps_shrunk(nps_sum, answers) -%}
    {%- set weight = own_weight(answers, 'cell_variance') -%}
    100 * ({{ weight }} * {{ nps_sum }} / {{ answers }} + (1 - {{ weight }}) * prior_mean)
{%- endmacro %}

{# The interval counts what the own answers and what the other cells leave open, with the upper variance of the cells. #}
{% macro nps_shrunk_error(answers) -%}
    {%- set weight = own_weight(answers, 'upper_cell_variance') -%}
    100 * sqrt(
        {{ weight }} * answer_variance / {{ answers }}
        + power(1 - {{ weight }}, 2) * (upper_cell_variance * concentration + answer_variance / prior_answer_count)
    )
{%- endmacro %}

{# A shrunk figure: null without own answers, or where all cells together are below the minimum base. #}
{% macro where_shrunk(figure, data_type) -%}
    cast(
        case
            when answer_count > 0 and prior_answer_count >= {{ var('minimum_base') }} then {{ figure }}
        end as {{ data_type }}
    )
{%- endmacro %}
