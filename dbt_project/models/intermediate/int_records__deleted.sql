with

profiles as (

    select * from {{ source('landing', 'profiles') }}

),

rejected as (

    select * from {{ source('quarantine', 'rows') }}

),

snapshot_tables as (
    {{ snapshot_tables() }}
),

landed as (
    {{ snapshot_records() }}
),

marked as (
    {{ marked_records() }}
),

quarantined as (

    select
        {{ unit_of_path('filename') }},
        _load_date as load_date,
        {{ json_object('row_text') }} as rejected_record
    from rejected

),

-- a quarantined record was delivered and is not deleted
rejected_records as (
    {{ rejected_records() }}
),

unreadable as (

    select
        system,
        table_name,
        load_date
    from quarantined
    where rejected_record is null
    group by system, table_name, load_date

),

-- an unreadable row may be any record: its snapshot proves no deletion
snapshots as (

    select
        snapshot_tables.entity,
        snapshot_tables.system,
        profiles.load_date,
        count(unreadable.load_date) = 0 as is_whole
    from snapshot_tables
    inner join profiles
        on snapshot_tables.system = profiles.system
        and snapshot_tables.table_name = profiles.table
    left join unreadable
        on profiles.system = unreadable.system
        and profiles.table = unreadable.table_name
        and profiles.load_date = unreadable.load_date
    group by snapshot_tables.entity, snapshot_tables.system, profiles.load_date

),

followed_snapshots as (

    select
        *,
        min(case when is_whole then load_date end) over (
            partition by entity, system
            order by load_date
            rows between 1 following and unbounded following
        ) as next_load_date
    from snapshots

),

-- each record and load date once, in any order of delivery
seen as (

    select * from landed

    union

    select rejected_records.*
    from rejected_records
    where rejected_records.source_id is not null

),

followed_records as (

    select
        *,
        lead(load_date) over (
            partition by entity, system, source_id
            order by load_date
        ) as seen_again_date
    from seen

),

known as (

    select
        entity,
        system,
        source_id
    from landed
    group by entity, system, source_id

),

vanished as (

    select
        followed_records.entity,
        followed_records.system,
        followed_records.source_id,
        'vanished' as deletion_rule,
        {{ start_of_day('followed_snapshots.next_load_date') }} as deleted_at,
        {{ start_of_day('followed_records.seen_again_date') }} as restored_at
    from followed_records
    inner join known
        on followed_records.entity = known.entity
        and followed_records.system = known.system
        and followed_records.source_id = known.source_id
    inner join followed_snapshots
        on followed_records.entity = followed_snapshots.entity
        and followed_records.system = followed_snapshots.system
        and followed_records.load_date = followed_snapshots.load_date
        and followed_snapshots.next_load_date is not null
    where
        followed_records.seen_again_date is null
        or followed_records.seen_again_date > followed_snapshots.next_load_date

),

-- the versions of a record from its oldest to its latest, as the doors order them
ordered as (

    select
        *,
        row_number() over (
            partition by entity, system, source_id
            order by
                updated_at asc nulls first,
                _load_date asc,
                _source_file asc,
                _source_row asc
        ) as place
    from marked

),

followed_versions as (

    select
        *,
        min(case when deleted_at is null then place end) over (
            partition by entity, system, source_id
            order by place
            rows between 1 following and unbounded following
        ) as restored_place
    from ordered

),

marks as (

    select
        entity,
        system,
        source_id,
        restored_place,
        min(deleted_at) as deleted_at
    from followed_versions
    where deleted_at is not null
    group by entity, system, source_id, restored_place

),

-- a mark removed without a change time was removed on its load date
marked_deletions as (

    select
        marks.entity,
        marks.system,
        marks.source_id,
        'marked' as deletion_rule,
        marks.deleted_at,
        case
            when restored.place is null then null
            when restored.updated_at > marks.deleted_at then restored.updated_at
            else
                greatest({{ start_of_day('restored._load_date') }}, marks.deleted_at)
        end as restored_at
    from marks
    left join ordered as restored
        on marks.entity = restored.entity
        and marks.system = restored.system
        and marks.source_id = restored.source_id
        and marks.restored_place = restored.place

),

deletions as (

    select * from vanished

    union all

    select * from marked_deletions

),

final as (

    select
        -- ids
        entity,
        system,
        source_id,

        -- attributes
        deletion_rule,
        count(restored_at) < count(*) as is_deleted,

        -- times
        deleted_at,
        case when count(restored_at) = count(*) then max(restored_at) end as restored_at

    from deletions
    group by entity, system, source_id, deletion_rule, deleted_at

)

select * from final
