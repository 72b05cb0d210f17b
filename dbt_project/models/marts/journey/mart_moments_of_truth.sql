with

effects as (

    select * from {{ source('science', 'event_effects') }}

),

units as (

    select * from {{ ref('science_service_units') }}

),

as_of as (

    select date_day as as_of_date
    from {{ ref('dim_dates') }}
    where is_as_of

),

volumes as (

    select
        units.service_event,
        count(*) as order_or_case_count,
        count(*) filter (where units.is_exposed) as event_count
    from units
    cross join as_of
    where {{ local_date('units.happened_at') }} >= as_of.as_of_date - interval 12 month
    group by units.service_event

),

measured as (

    select
        effects.*,
        effects.refusal_reason is null as is_shown,
        coalesce(volumes.order_or_case_count, 0) as order_or_case_count,
        coalesce(volumes.event_count, 0) as event_count,
        case when effects.refusal_reason is null then effects.adjusted_difference end
            as difference,
        case when effects.refusal_reason is null then effects.p_value end
            as shown_p_value
    from effects
    left join volumes
        on effects.service_event = volumes.service_event

),

-- Holm (1979): the smallest p-value counts as often as there are tests, the next once less
ranked as (

    select
        *,
        shown_p_value * (
            count(shown_p_value) over () - row_number() over (
                order by shown_p_value nulls last, service_event, later_outcome
            ) + 1
        ) as stepped_p_value,
        case
            when is_shown
                then rank() over (
                    partition by later_outcome, is_shown
                    order by abs(difference * event_count) desc, service_event
                )
        end as moment_rank
    from measured

),

adjusted as (

    select
        *,
        case
            when is_shown
                then least(max(stepped_p_value) over (
                    order by shown_p_value nulls last, service_event, later_outcome
                    rows between unbounded preceding and current row
                ), 1)
        end as adjusted_p_value
    from ranked

),

final as (

    select
        -- grain
        service_event,
        later_outcome,

        -- attributes
        moment_rank,
        adjusted_p_value < {{ significance_level() }} as is_significant_adjusted,
        refusal_reason,

        -- measures
        cast(order_or_case_count as bigint) as order_or_case_count,
        cast(event_count as bigint) as event_count,
        unit_count as observed_count,
        exposed_unit_count as observed_event_count,
        cast(naive_difference as decimal(12, 6)) as naive_difference,
        cast(naive_difference - {{ z_95() }} * naive_standard_error as decimal(12, 6))
            as naive_difference_low,
        cast(naive_difference + {{ z_95() }} * naive_standard_error as decimal(12, 6))
            as naive_difference_high,
        cast(difference as decimal(12, 6)) as adjusted_difference,
        cast(difference - {{ z_95() }} * standard_error as decimal(12, 6))
            as adjusted_difference_low,
        cast(difference + {{ z_95() }} * standard_error as decimal(12, 6))
            as adjusted_difference_high,
        cast(difference * event_count as decimal(18, 4)) as total_difference,
        cast(detectable_difference as decimal(12, 6)) as detectable_difference,
        cast(shown_p_value as decimal(9, 8)) as p_value,
        cast(adjusted_p_value as decimal(9, 8)) as adjusted_p_value,
        cast(overlap_share as decimal(7, 6)) as overlap_share,
        cast(imbalance as decimal(12, 6)) as imbalance,

        -- times
        as_of_date

    from adjusted

)

select * from final
