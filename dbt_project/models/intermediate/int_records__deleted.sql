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

{{ as_of_moment() }},

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

whole_records as (
    {{ whole_records() }}
),

rejected_rows as (
    {{ rejected_rows() }}
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

-- the delivery of a parent with a row that may be any record of it proves no deletion
unproven_parents as (

    select
        entity,
        system,
        parent_id,
        load_date
    from rejected_rows
    where row_id is null
    group by entity, system, parent_id, load_date

),

parents as (

    select
        entity,
        system,
        parent_id,
        load_date
    from whole_records

    union

    select
        entity,
        system,
        parent_id,
        load_date
    from rejected_rows
    where parent_id is not null

),

-- a snapshot is the delivery of one parent: of the whole table
deliveries as (

    select
        entity,
        system,
        '' as parent_id,
        load_date,
        is_whole
    from snapshots

    union all

    select
        parents.entity,
        parents.system,
        parents.parent_id,
        parents.load_date,
        count(unproven_parents.load_date) = 0 as is_whole
    from parents
    left join unproven_parents
        on parents.entity = unproven_parents.entity
        and parents.system = unproven_parents.system
        and parents.load_date = unproven_parents.load_date
        and parents.parent_id
        = coalesce(unproven_parents.parent_id, parents.parent_id)
    group by parents.entity, parents.system, parents.parent_id, parents.load_date

),

followed_deliveries as (

    select
        *,
        min(case when is_whole then load_date end) over (
            partition by entity, system, parent_id
            order by load_date
            rows between 1 following and unbounded following
        ) as next_load_date
    from deliveries

),

known_rows as (

    select
        entity,
        system,
        row_id,
        source_id
    from whole_records
    group by entity, system, row_id, source_id

),

-- each record and load date once, in any order of delivery
seen as (

    select
        entity,
        system,
        '' as parent_id,
        source_id,
        load_date
    from landed

    union

    select
        entity,
        system,
        '' as parent_id,
        source_id,
        load_date
    from rejected_records
    where source_id is not null

    union

    select
        entity,
        system,
        parent_id,
        source_id,
        load_date
    from whole_records

    union

    select
        rejected_rows.entity,
        rejected_rows.system,
        rejected_rows.parent_id,
        known_rows.source_id,
        rejected_rows.load_date
    from rejected_rows
    inner join known_rows
        on rejected_rows.entity = known_rows.entity
        and rejected_rows.system = known_rows.system
        and rejected_rows.row_id = known_rows.row_id

),

followed_records as (

    select
        *,
        lead(load_date) over (
            partition by entity, system, source_id
            order by load_date, parent_id
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

    union

    select
        entity,
        system,
        source_id
    from known_rows

),

vanished as (

    select
        followed_records.entity,
        followed_records.system,
        followed_records.source_id,
        'vanished' as deletion_rule,
        {{ start_of_day('followed_deliveries.next_load_date') }} as deleted_at,
        {{ start_of_day('followed_records.seen_again_date') }} as restored_at
    from followed_records
    inner join known
        on followed_records.entity = known.entity
        and followed_records.system = known.system
        and followed_records.source_id = known.source_id
    inner join followed_deliveries
        on followed_records.entity = followed_deliveries.entity
        and followed_records.system = followed_deliveries.system
        and followed_records.parent_id = followed_deliveries.parent_id
        and followed_records.load_date = followed_deliveries.load_date
        and followed_deliveries.next_load_date is not null
    where
        followed_records.seen_again_date is null
        or followed_records.seen_again_date > followed_deliveries.next_load_date

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
