with

identities as (

    select * from {{ source('identity', 'customer_identities') }}

),

fingerprints as (

    select * from {{ ref('int_people__fingerprinted') }}

),

-- a record that was deleted, or came back, speaks otherwise for its customer
deletions as (

    select
        system,
        source_id,
        {{ listed("concat(deleted_at, ' to ', restored_at)") }} as absences
    from {{ ref('int_records__deleted') }}
    where entity = 'customers'
    group by system, source_id

),

as_of as (

    select * from {{ ref('int_as_of') }}

),

people as (

    select
        coalesce(identities.system, fingerprints.system) as system,
        coalesce(identities.source_id, fingerprints.source_id) as source_id,
        identities.customer_id,
        {{ row_fingerprint(['identities', 'fingerprints', 'deletions.absences']) }}
            as fingerprint
    from identities
    full join fingerprints
        on identities.system = fingerprints.system
        and identities.source_id = fingerprints.source_id
    left join deletions
        on identities.system = deletions.system
        and identities.source_id = deletions.source_id

),

-- as the last build knew them; who had vanished before it is nobody any more
before as (

    {% if goes_on() -%}
        select * from {{ this }}
        where fingerprint is not null
    {%- else -%}
        select
            *,
            cast(null as date) as as_of_date
        from people
        where false
    {%- endif %}

),

last_build as (

    select max(as_of_date) as as_of_date
    from before

),

-- a build of an earlier date than the last one keeps nothing of it
compared as (

    select
        coalesce(people.system, before.system) as system,
        coalesce(people.source_id, before.source_id) as source_id,
        people.customer_id,
        before.customer_id as previous_customer_id,
        people.fingerprint,
        as_of.as_of_date,
        last_build.as_of_date as previous_as_of_date,
        (
            coalesce(people.fingerprint <> before.fingerprint, true)
            or coalesce(as_of.as_of_date < last_build.as_of_date, false)
        ) as is_changed
    from people
    full join before
        on people.system = before.system
        and people.source_id = before.source_id
    cross join as_of
    cross join last_build

),

touched as (

    select customer_id
    from compared
    where is_changed

    union distinct

    select previous_customer_id as customer_id
    from compared
    where is_changed

),

final as (

    select
        -- ids
        compared.system,
        compared.source_id,
        compared.customer_id,
        compared.previous_customer_id,

        -- attributes
        compared.is_changed or touched.customer_id is not null as is_touched,
        compared.fingerprint,

        -- times
        compared.as_of_date,
        compared.previous_as_of_date

    from compared
    left join touched
        on compared.customer_id = touched.customer_id

)

select * from final
