with

versions as (

    select * from {{ ref('int_customers__versioned') }}
    {{ where_touched('source_id') }}

),

identities as (

    select * from {{ source('identity', 'customer_identities') }}

),

identified as (

    select
        versions.*,
        identities.customer_id
    from versions
    left join identities
        on versions.system = identities.system
        and versions.source_id = identities.source_id

),

believed as (

    select
        customer_id,
        coalesce({{ surviving('segment', 'history') }}, 'unknown') as segment,
        {{ surviving('region', 'history') }} as region,
        {{ surviving('country', 'history') }} as country,
        {{ surviving('language', 'history') }} as language,
        {{ surviving('registered_at', 'history') }} as registered_at,
        version_at,
        lead(version_at) over (
            partition by customer_id
            order by version_at, _load_date, system, source_id
        ) as next_version_at
    from identified
    window history as (
        partition by customer_id
        order by version_at, _load_date, system, source_id
        rows between unbounded preceding and current row
    )

),

-- what is believed once every record of the same moment is heard
moments as (

    select
        *,
        {{ surrogate_key(
            ['segment', 'region', 'country', 'language', 'registered_at']
        ) }} as content_key
    from believed
    where next_version_at is distinct from version_at

),

compared as (

    select
        *,
        lag(content_key) over (
            partition by customer_id
            order by version_at
        ) as previous_content_key
    from moments

),

changes as (

    select
        *,
        previous_content_key is null as is_first,
        lead(version_at) over (
            partition by customer_id
            order by version_at
        ) as next_change_at
    from compared
    where content_key is distinct from previous_content_key

),

periods as (

    select
        *,
        case
            when is_first then timestamp '1900-01-01 00:00:00'
            else version_at
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
