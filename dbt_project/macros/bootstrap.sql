{#
    The 95 % limits of sums, ratios and means over customers, by a Poisson bootstrap (Chamandy et al. 2012; Hanley and
    MacGibbon 2006): in each replicate every customer counts as often as a Poisson number of mean 1 says. The numbers come
    from hashes, not from chance, so a rebuilt table is the same.

    Customers of one bucket, of 512, have the same weights. Buckets are random groups of customers, so the limits stay
    those of customers, and a table of any size is weighted as at most 512 rows per group.
#}

{#
    A query with one row per group: the columns `<figure>_low` and `<figure>_high` of every figure.

    Args:
        relation: the table or CTE to read.
        key: expression of the customer's key; any number of rows per customer.
        groups: columns to group by; none for one row over all.
        figures: by name, the summed expressions above and below the line; without the second the figure is a sum.
        replicates: how many.

    A figure is not negative. Limits lie on the scale of its logarithm: figure × exp(± z × standard deviation of the
    replicates' logarithms). They are null if the figure, or all its replicates but one, is 0. A figure that may be negative
    is a figure of this kind minus a constant.
#}
{% macro bootstrap_limits(relation, key, groups, figures, replicates=var('bootstrap_replicates', 100)) -%}
    {%- set grouped = groups | map('string') | join(', ') -%}
    {#- figures may share a part: each is summed once -#}
    {%- set sums = [] -%}
    {%- for part in figures.values() | sum(start=[]) if part not in sums -%}
        {%- do sums.append(part) -%}
    {%- endfor -%}
    with

    bucketed as (

        select
            {%- for group in groups %}
            {{ group }},
            {%- endfor %}
            {%- for part in sums %}
            cast(sum({{ part }}) as double) as sum_{{ loop.index }},
            {%- endfor %}
            {{ bootstrap_bucket(key) }} as bucket
        from {{ relation }}
        group by {{ grouped ~ ', ' if groups }}{{ bootstrap_bucket(key) }}

    ),

    -- the replicates are grouped by a number, which takes half the time of several columns
    numbered as (

        select
            *,
            {{ 'dense_rank() over (order by ' ~ grouped ~ ')' if groups else '1' }} as group_number
        from bucketed

    ),

    buckets as (

        select bucket from bucketed
        group by bucket

    ),

    replicates as (

        select {{ number_series(replicates) }} as replicate

    ),

    weights as (

        select
            buckets.bucket,
            replicates.replicate,
            {{ bootstrap_weight('buckets.bucket', 'replicates.replicate') }} as weight
        from buckets
        cross join replicates

    ),

    weighted as (

        select
            numbered.group_number,
            {%- for part in sums %}
            sum(weights.weight * numbered.sum_{{ loop.index }}) as sum_{{ loop.index }},
            {%- endfor %}
            weights.replicate
        from numbered
        inner join weights
            on numbered.bucket = weights.bucket
        group by numbered.group_number, weights.replicate

    ),

    replicated as (

        select
            {%- for figure, parts in figures.items() %}
            {{ bootstrap_figure(parts, sums) }} as {{ figure }},
            {%- endfor %}
            group_number
        from weighted

    ),

    spread as (

        select
            {%- for figure in figures %}
            exp({{ z_95() }} * stddev_samp(ln(case when {{ figure }} > 0 then {{ figure }} end))) as {{ figure }}_factor,
            {%- endfor %}
            group_number
        from replicated
        group by group_number

    ),

    totals as (

        select
            {%- for group in groups %}
            {{ group }},
            {%- endfor %}
            {%- for part in sums %}
            sum(sum_{{ loop.index }}) as sum_{{ loop.index }},
            {%- endfor %}
            group_number
        from numbered
        group by {{ grouped ~ ', ' if groups }}group_number

    ),

    figures as (

        select
            {%- for group in groups %}
            {{ group }},
            {%- endfor %}
            {%- for figure, parts in figures.items() %}
            {{ bootstrap_figure(parts, sums) }} as {{ figure }},
            {%- endfor %}
            group_number
        from totals

    )

    select
        {%- for group in groups %}
        figures.{{ group }},
        {%- endfor %}
        {%- for figure in figures %}
        case when figures.{{ figure }} > 0 then figures.{{ figure }} / spread.{{ figure }}_factor end as {{ figure }}_low,
        case when figures.{{ figure }} > 0 then figures.{{ figure }} * spread.{{ figure }}_factor end as {{ figure }}_high
        {{- ',' if not loop.last }}
        {%- endfor %}
    from figures
    inner join spread
        on figures.group_number = spread.group_number
{%- endmacro %}

{# A figure of the summed parts. #}
{% macro bootstrap_figure(parts, sums) -%}
    sum_{{ sums.index(parts[0]) + 1 }}
    {%- if parts | length > 1 %} / nullif(sum_{{ sums.index(parts[1]) + 1 }}, 0){% endif %}
{%- endmacro %}

{# The bucket of a customer: a text that depends on the key alone. #}
{% macro bootstrap_bucket(key) -%}
    {{ return(adapter.dispatch('bootstrap_bucket', 'cx360')(key)) }}
{%- endmacro %}

{% macro default__bootstrap_bucket(key) -%}
    substr(md5(cast({{ key }} as varchar)), 1, 2)
    || case when substr(md5(cast({{ key }} as varchar)), 3, 1) < '8' then '0' else '8' end
{%- endmacro %}

{#
    A Poisson number of mean 1 that depends on the bucket and the replicate alone: eight hexadecimal digits of their hash,
    compared as text with those of the distribution function. It is at most 9, exceeded once in ten million.
#}
{% macro bootstrap_weight(bucket, replicate) -%}
    {{ return(adapter.dispatch('bootstrap_weight', 'cx360')(bucket, replicate)) }}
{%- endmacro %}

{% macro default__bootstrap_weight(bucket, replicate) -%}
    {%- set digits = "substr(md5(" ~ bucket ~ " || '|' || cast(" ~ replicate ~ " as varchar)), 1, 8)" -%}
    {%- set poisson = namespace(chance=0.36787944117144233, below=0.0) -%}
    case
        {%- for weight in range(9) %}
        {%- set poisson.below = poisson.below + poisson.chance %}
        when {{ digits }} < '{{ '%08x' % ((poisson.below * 16 ** 8) | int) }}' then {{ weight }}
        {%- set poisson.chance = poisson.chance / (weight + 1) %}
        {%- endfor %}
        else 9
    end
{%- endmacro %}
