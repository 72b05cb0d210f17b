{#
    Kaplan-Meier quantiles of durations by group: the first duration after which at most 1 - q of the group remain. A row
    whose event is not true is censored: its duration counts as time under observation only. Null where fewer than q of the
    group have left by the last event.

    relation: a CTE with one row per subject. grain: columns of the group. duration, is_event: SQL expressions; a row
    without a duration is left out. quantiles: share by the name of its column, as {'median_days': 0.5}.
#}
{% macro survival_quantiles(relation, grain, duration, is_event, quantiles) -%}
    {%- set group = grain | join(', ') -%}
    select
        {{ group }}
        {%- for name, share in quantiles.items() %},
        min(case when round(survival, 9) <= {{ (1 - share) | round(9) }} then duration end) as {{ name }}
        {%- endfor %}
    from (
        select
            *,
            product(1 - event_count / cast(at_risk_count as double)) over (
                partition by {{ group }}
                order by duration
                rows unbounded preceding
            ) as survival
        from (
            select
                {{ group }},
                duration,
                event_count,
                sum(subject_count) over (
                    partition by {{ group }}
                    order by duration desc
                    rows unbounded preceding
                ) as at_risk_count
            from (
                select
                    {{ group }},
                    {{ duration }} as duration,
                    count(*) as subject_count,
                    count(*) filter (where {{ is_event }}) as event_count
                from {{ relation }}
                where {{ duration }} is not null
                group by {{ group }}, {{ duration }}
            ) as durations
        ) as at_risk
    ) as survived
    group by {{ group }}
{%- endmacro %}
