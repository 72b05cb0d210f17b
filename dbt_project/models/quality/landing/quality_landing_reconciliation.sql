with

profiles as (

    select * from {{ source('landing', 'profiles') }}

),

rejected as (

    select * from {{ source('quarantine', 'rows') }}

),

landed_files as (
    {{ landed_files() }}
),

staged_files as (
    {{ staged_files() }}
),

landed as (

    select
        system,
        table_name,
        load_date,
        sum(row_count) as row_count

    from landed_files
    group by system, table_name, load_date

),

quarantined as (

    select
        {{ unit_of_path('filename') }},
        _load_date as load_date,
        count(*) as row_count

    from rejected
    group by system, table_name, load_date

),

staged_by_entity as (

    select
        landed_files.system,
        landed_files.table_name,
        landed_files.load_date,
        staged_files.entity,
        sum(staged_files.row_count) as row_count

    from landed_files
    inner join staged_files
        on landed_files.system = staged_files.system
        and landed_files.load_date = staged_files.load_date
        and landed_files.source_file = staged_files.source_file
    group by
        landed_files.system,
        landed_files.table_name,
        landed_files.load_date,
        staged_files.entity

),

-- a table may deliver several entities, some of them from a part of its rows only
staged as (

    select
        system,
        table_name,
        load_date,
        max(row_count) as row_count

    from staged_by_entity
    group by system, table_name, load_date

),

counted as (

    select
        profiles.system,
        profiles.table as table_name,
        profiles.load_date,
        profiles.source_row_count,
        coalesce(landed.row_count, 0) as landed_row_count,
        coalesce(quarantined.row_count, 0) as quarantined_row_count,
        case
            when {{ delivers_an_entity('profiles.system', 'profiles.table') }}
                then coalesce(staged.row_count, 0)
        end as staged_row_count

    from profiles
    left join landed
        on profiles.system = landed.system
        and profiles.table = landed.table_name
        and profiles.load_date = landed.load_date
    left join quarantined
        on profiles.system = quarantined.system
        and profiles.table = quarantined.table_name
        and profiles.load_date = quarantined.load_date
    left join staged
        on profiles.system = staged.system
        and profiles.table = staged.table_name
        and profiles.load_date = staged.load_date

),

compared as (

    select
        *,
        source_row_count - landed_row_count - quarantined_row_count
            as unlanded_row_count,
        landed_row_count - staged_row_count as unstaged_row_count

    from counted

),

final as (

    select
        -- grain
        system,
        table_name,
        load_date,

        -- attributes
        unlanded_row_count = 0 and coalesce(unstaged_row_count, 0) = 0 as is_reconciled,

        -- measures
        source_row_count,
        cast(landed_row_count as bigint) as landed_row_count,
        cast(quarantined_row_count as bigint) as quarantined_row_count,
        cast(staged_row_count as bigint) as staged_row_count,
        cast(unlanded_row_count as bigint) as unlanded_row_count,
        cast(unstaged_row_count as bigint) as unstaged_row_count,
        {{ rate('quarantined_row_count', 'source_row_count') }} as quarantined_rate

    from compared

)

select * from final
