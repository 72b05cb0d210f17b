with

delivered as (
    {{ delivered_references() }}
),

known as (
    {{ known_records() }}
),

limits as (
    {{ reference_limits() }}
),

matched as (

    select
        delivered.*,
        delivered.target_id is null as is_missing,
        delivered.target_id is not null and known.source_id is null as is_unresolved
    from delivered
    left join known
        on delivered.target_entity = known.entity
        and delivered.target_system = known.system
        and delivered.target_id = known.source_id

),

loads as (

    select
        entity,
        system,
        reference,
        target_entity,
        load_date,
        sum(row_count) as row_count,
        coalesce(sum(row_count) filter (where is_missing), 0) as missing_row_count,
        coalesce(sum(row_count) filter (where is_unresolved), 0)
            as unresolved_row_count,
        sum(amount) as amount,
        sum(amount) filter (where not is_missing) as referring_amount,
        case
            when sum(amount) is not null
                then coalesce(sum(amount) filter (where is_unresolved), 0)
        end as unresolved_amount
    from matched
    group by entity, system, reference, target_entity, load_date

),

unresolved as (

    select
        target_entity,
        target_system,
        target_id,
        {{ loose_id('target_id') }} as loose_id
    from matched
    where is_unresolved
    group by target_entity, target_system, target_id

),

-- compared only where something is unresolved
candidates as (

    select
        known.entity,
        known.system,
        known.source_id,
        {{ loose_id('known.source_id') }} as loose_id
    from known
    where known.entity in (select unresolved.target_entity from unresolved)

),

explained as (

    select
        unresolved.*,
        candidates.system as known_system,
        {{ likely_cause(
            'unresolved.target_id', 'candidates.source_id',
            'unresolved.target_system', 'candidates.system'
        ) }} as cause
    from unresolved
    left join candidates
        on unresolved.target_entity = candidates.entity
        and unresolved.loose_id = candidates.loose_id

),

-- an id of the same system explains more than one of another system
causes as (

    select
        target_entity,
        target_system,
        target_id,
        coalesce(min(cause) filter (where known_system = target_system), min(cause))
            as cause
    from explained
    group by target_entity, target_system, target_id

),

counted_causes as (

    select
        matched.entity,
        matched.system,
        matched.reference,
        matched.load_date,
        causes.cause,
        sum(matched.row_count) as row_count
    from matched
    inner join causes
        on matched.target_entity = causes.target_entity
        and matched.target_system is not distinct from causes.target_system
        and matched.target_id = causes.target_id
    where causes.cause is not null
    group by
        matched.entity,
        matched.system,
        matched.reference,
        matched.load_date,
        causes.cause

),

-- the most frequent cause of a load
hints as (

    select
        *,
        row_number() over (
            partition by entity, system, reference, load_date
            order by row_count desc, cause asc
        ) as place
    from counted_causes

),

measured as (

    select
        loads.*,
        limits.table_name,
        limits.unresolved_rate as rate_limit,
        limits.unresolved_rise as rise_limit,
        limits.unresolved_at_most as most_limit,
        hints.row_count || ' of ' || loads.unresolved_row_count || ' ' || hints.cause
            as hint,
        coalesce(
            loads.unresolved_row_count
            / nullif(cast(loads.row_count - loads.missing_row_count as double), 0),
            0
        ) as unresolved_rate,
        coalesce(
            loads.unresolved_amount / nullif(cast(loads.referring_amount as double), 0),
            0
        ) as unresolved_amount_rate
    from loads
    inner join limits
        on loads.entity = limits.entity
        and loads.system = limits.system
    left join hints
        on loads.entity = hints.entity
        and loads.system = hints.system
        and loads.reference = hints.reference
        and loads.load_date = hints.load_date
        and hints.place = 1

),

compared as (

    select
        *,
        {{ usual('unresolved_rate', ['entity', 'system', 'reference'], 'load_date') }}
            as usual_rate,
        {{ usual(
            'unresolved_amount_rate', ['entity', 'system', 'reference'], 'load_date'
        ) }} as usual_amount_rate,
        max(load_date) over (partition by entity, system, reference)
        = load_date as is_newest_load
    from measured

),

final as (

    select
        -- grain
        system,
        table_name,
        entity,
        reference,
        load_date,

        -- attributes
        target_entity,
        case
            -- a few rows are a matter of chance: they never stop a night
            when
                unresolved_row_count >= 20
                and (
                    greatest(unresolved_rate, unresolved_amount_rate) > most_limit
                    or unresolved_rate - usual_rate > rise_limit
                    or unresolved_amount_rate - usual_amount_rate > rise_limit
                )
                then 'red'
            when
                unresolved_row_count > 0
                and greatest(unresolved_rate, unresolved_amount_rate) > rate_limit
                then 'warn'
            else 'ok'
        end as severity,
        hint,
        is_newest_load,

        -- measures
        cast(row_count as bigint) as row_count,
        cast(missing_row_count as bigint) as missing_row_count,
        cast(unresolved_row_count as bigint) as unresolved_row_count,
        cast(unresolved_rate as decimal(18, 6)) as unresolved_rate,
        cast(usual_rate as decimal(18, 6)) as usual_unresolved_rate,
        cast(amount as decimal(18, 2)) as amount,
        cast(unresolved_amount as decimal(18, 2)) as unresolved_amount

    from compared

)

select * from final
