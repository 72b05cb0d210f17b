with

versions as (

    select * from {{ ref('int_customers__versioned') }}

),

identities as (

    select * from {{ source('identity', 'customer_identities') }}

),

deletions as (

    select * from {{ ref('int_records__deleted') }}

),

segments as (

    select * from {{ ref('segments') }}

),

identified as (

    select
        versions.system,
        versions.source_id,
        identities.customer_id,
        -- a segment that the reference does not know says nothing
        segments.segment,
        versions.region,
        versions.country,
        versions.language,
        versions.registered_at,
        versions.version_at,
        versions._load_date
    from versions
    left join segments
        on versions.segment = segments.segment
    left join identities
        on versions.system = identities.system
        and versions.source_id = identities.source_id

),

deleted_records as (

    select
        identified.customer_id,
        identified.system,
        identified.source_id,
        deletions.deleted_at,
        coalesce(deletions.restored_at, timestamp '9999-12-31 00:00:00') as restored_at
    from deletions
    inner join identified
        on deletions.system = identified.system
        and deletions.source_id = identified.source_id
    where deletions.entity = 'customers'
    group by
        identified.customer_id,
        identified.system,
        identified.source_id,
        deletions.deleted_at,
        deletions.restored_at

),

turning_points as (

    select
        customer_id,
        timestamp '1900-01-01 00:00:00' as turned_at
    from deleted_records

    union

    select
        customer_id,
        deleted_at as turned_at
    from deleted_records

    union

    select
        customer_id,
        restored_at as turned_at
    from deleted_records
    where restored_at < timestamp '9999-12-31 00:00:00'

),

-- only for customers with a deleted record: within an epoch the set of existing records is constant
epochs as (

    select
        customer_id,
        turned_at as epoch_at,
        lead(turned_at, 1, timestamp '9999-12-31 00:00:00') over (
            partition by customer_id
            order by turned_at
        ) as next_epoch_at
    from turning_points

),

-- within each epoch, replay every change of the records that exist in it
replayed as (

    select
        identified.*,
        epochs.epoch_at,
        greatest(
            identified.version_at, coalesce(epochs.epoch_at, identified.version_at)
        ) as replayed_at
    from identified
    left join epochs
        on identified.customer_id = epochs.customer_id
        and identified.version_at < epochs.next_epoch_at
    left join deleted_records
        on identified.system = deleted_records.system
        and identified.source_id = deleted_records.source_id
        and epochs.epoch_at >= deleted_records.deleted_at
        and epochs.epoch_at < deleted_records.restored_at
    where deleted_records.source_id is null

),

survived as (

    select
        customer_id,
        coalesce({{ surviving('segment', 'history') }}, 'unknown') as segment,
        {{ surviving('region', 'history') }} as region,
        {{ surviving('country', 'history') }} as country,
        {{ surviving('language', 'history') }} as language,
        {{ surviving('registered_at', 'history') }} as registered_at,
        replayed_at,
        lead(replayed_at) over (
            partition by customer_id, epoch_at
            order by version_at, _load_date, system, source_id
        ) as next_replayed_at
    from replayed
    window history as (
        partition by customer_id, epoch_at
        order by version_at, _load_date, system, source_id
        rows between unbounded preceding and current row
    )

),

-- the attributes after all changes of the same moment
moments as (

    select *
    from survived
    where next_replayed_at is distinct from replayed_at

    union all

    -- an epoch without records has no attributes
    select
        epochs.customer_id,
        'unknown' as segment,
        null as region,
        null as country,
        null as language,
        null as registered_at,
        epochs.epoch_at as replayed_at,
        null as next_replayed_at
    from epochs
    left join replayed
        on epochs.customer_id = replayed.customer_id
        and epochs.epoch_at = replayed.epoch_at
    where
        replayed.customer_id is null
        and epochs.epoch_at > timestamp '1900-01-01 00:00:00'

),

hashed as (

    select
        *,
        {{ surrogate_key(
            ['segment', 'region', 'country', 'language', 'registered_at']
        ) }} as content_key
    from moments

),

compared as (

    select
        *,
        lag(content_key) over (
            partition by customer_id
            order by replayed_at
        ) as previous_content_key
    from hashed

),

changes as (

    select
        *,
        previous_content_key is null as is_first,
        lead(replayed_at) over (
            partition by customer_id
            order by replayed_at
        ) as next_change_at
    from compared
    where content_key is distinct from previous_content_key

),

periods as (

    select
        *,
        case
            when is_first then timestamp '1900-01-01 00:00:00'
            else replayed_at
        end as valid_from,
        coalesce(next_change_at, timestamp '9999-12-31 00:00:00') as valid_to
    from changes

),

final as (

    select
        -- ids
        {{ surrogate_key(['customer_id', 'valid_from']) }} as customer_key,
        customer_id,

        -- attributes
        segment,
        region,
        country,
        language,
        next_change_at is null as is_current,

        -- times
        registered_at,
        valid_from,
        valid_to

    from periods

    union all

    select
        {{ unknown_key() }} as customer_key,
        {{ unknown_key() }} as customer_id,
        'unknown' as segment,
        null as region,
        null as country,
        null as language,
        true as is_current,
        null as registered_at,
        timestamp '1900-01-01 00:00:00' as valid_from,
        timestamp '9999-12-31 00:00:00' as valid_to

)

select * from final
